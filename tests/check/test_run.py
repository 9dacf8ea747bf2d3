"""The whole check: what it returns, and what it makes of what is known."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from buggy_backprop import Plant, buggy
from mlpcli.check.bugs.diagnosis import Diagnosis
from mlpcli.check.bugs.search import reproduces_a_bug
from mlpcli.check.found import Found
from mlpcli.check.given.hidden import hidden_by_call
from mlpcli.check.given.provenance import Provenance
from mlpcli.check.run import examine, gradcheck, gradcheck_each
from mlpcli.nn.activations import ACTIVATIONS
from planted import CASES, network_case

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.check.result import GradcheckResult


def test_what_rounding_leaves_open_a_known_bug_settles() -> None:
    """Where 4u K* covers the whole entry, a known bug met to six digits is no accident."""
    case = network_case((6, 4, 1), 40, scale=3)
    gradient = buggy(case, (Plant("missing-sigma-prime", (1,)),))
    assert reproduces_a_bug(case, gradient, 1e-6)
    assert not reproduces_a_bug(case, buggy(case, ()), 1e-6)
    assert not reproduces_a_bug(case, buggy(case, (), "float32"), 1e-6)
    zeros = gradient.like(np.zeros_like(gradient.theta))  # what float32 makes of a vanished tail
    assert not reproduces_a_bug(case, zeros, 1e-6)
    scaled = gradient.like(1.5 * case.gradient().theta)  # a rounded row would do as much
    assert not reproduces_a_bug(case, scaled, 1e-6)


UNSCALED = (1.0, 1e2, 1e5, 1e7)
OUTPUTS: dict[str, dict[str, Any]] = {
    "bce": {"loss": "bce"},
    "mse": {"loss": "mse"},
    "linear": {"loss": "mse", "output": "identity"},
    "softmax": {"loss": "cross_entropy"},
}


def unscaled(activation: str, output: str, times: float, rows: int = 2) -> Case:
    """A case of a table that nobody has standardized: columns that are positive, and large."""
    made = network_case(
        (3, 4, 4, 3), rows, activation=activation, features=(0.1, 10), **OUTPUTS[output]
    )
    return replace(made, X=np.abs(made.X) * times)


@pytest.mark.usefixtures("verdict_alone")
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_no_right_gradient_of_an_unscaled_table_is_taken_for_a_bug(
    activation: str, output: str
) -> None:
    """Saturated units make a right gradient 0, and so do the slopes of many a bug."""
    for times, rows in product(UNSCALED[1:], (2, 12)):
        case = unscaled(activation, output, times, rows)
        for dtype in ("float32", "float64"):
            with np.errstate(over="ignore"):
                passes = (buggy(case, (), dtype), case.gradient(dtype=dtype))
            for right in passes:
                assert examine(Found(case, right)).verdict in {"pass", "inconclusive"}


def test_a_right_gradient_that_vanished_is_what_a_bug_computes_and_no_bug() -> None:
    """A slope of 0 is 0 twice over: that the two agree in it says nothing of the gradient."""
    case = unscaled("sigmoid", "bce", 1e5)
    right = buggy(case, ())
    assert not right.W[0].any()
    assert right.W[-1].all()
    assert gradcheck(case, right).verdict == "inconclusive"
    assert not reproduces_a_bug(case, right, 1e-6)


@pytest.mark.parametrize("bug", ["missing-sigma-prime", "sigma-prime-of-activation"])
@pytest.mark.parametrize("times", UNSCALED)
def test_a_bug_that_an_unscaled_table_shows_still_fails(times: float, bug: str) -> None:
    case = unscaled("sigmoid", "bce", times)
    result = gradcheck(case, buggy(case, (Plant(bug, (1,)),)))
    assert result.verdict == "fail"
    assert bug in {each.bug for each in result.diagnosis}


def test_what_a_last_printed_digit_leaves_open_settles_nothing() -> None:
    case = network_case((6, 4, 1), 40, scale=3)
    wrong = buggy(case, (Plant("missing-sigma-prime", (1,)),))
    apart = np.abs(wrong.theta - case.gradient().theta)
    assert reproduces_a_bug(case, wrong, 1e-6, apart / 2)
    assert not reproduces_a_bug(case, wrong, 1e-6, apart)


def test_a_fused_derivative_in_a_vanished_tail_is_inconclusive_not_wrong() -> None:
    case = network_case((3, 2, 1), 6, scale=1.0)
    case.network.b[-1][:] = 39.0
    case.y[:] = 1.0
    assert gradcheck(case).verdict == "pass"
    assert gradcheck(case, form="fused").verdict == "inconclusive"
    assert gradcheck(case, form="fused", dtype="float32").verdict == "inconclusive"
    naive = gradcheck(case, form="naive")
    assert naive.verdict == "fail"
    assert naive.diagnosis[0].bug == "naive-derivative"


def test_a_form_is_judged_against_the_true_loss() -> None:
    case = CASES["weights x 8"]
    epsilon = gradcheck(case, form="epsilon", epsilon=3e-5)
    assert epsilon.verdict == "fail"
    assert epsilon.diagnosis[0].epsilon == pytest.approx(3e-5)
    assert epsilon.check.derivative == "epsilon"
    assert gradcheck(CASES["mse"], form="naive").check.derivative == "mse"


def test_findings_fail_a_check_of_right_tensors() -> None:
    finding = Diagnosis("changes-inputs", (), (), "it does", "work on copies", None)
    case = CASES["square"]
    result = gradcheck(case, buggy(case, ()), known=Provenance(findings=(finding,)))
    assert (result.verdict, result.check.verdict) == ("fail", "pass")
    assert result.diagnosis == (finding,)


def test_findings_stand_before_the_bugs_of_a_wrong_gradient() -> None:
    finding = Diagnosis("changes-inputs", (), (), "it does", "work on copies", None)
    case = CASES["square"]
    wrong = buggy(case, (Plant("missing-sigma-prime", (1,)),))
    result = gradcheck(case, wrong, known=Provenance(findings=(finding,)))
    assert [found.bug for found in result.diagnosis][:2] == [
        "changes-inputs", "missing-sigma-prime",
    ]  # fmt: skip
    assert result.suggestion is None


def test_a_known_bug_settles_nothing_where_the_second_opinion_differs() -> None:
    case = CASES["square"]
    wrong = buggy(case, (Plant("missing-sigma-prime", (1,)),))
    assert gradcheck(case, wrong).verdict == "fail"
    assert gradcheck(case, wrong, step=0.5).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("verdicts", "overall"),
    [
        ({"C": "pass", "A": "pass", "B": "inconclusive"}, "pass"),
        ({"C": "pass", "A": "inconclusive", "B": "pass"}, "inconclusive"),
        ({"C": "inconclusive", "A": "pass", "B": "pass"}, "inconclusive"),
        ({"C": "pass", "A": "pass", "B": "fail"}, "fail"),
        ({"C": "pass", "A": "fail", "B": "pass"}, "fail"),
    ],
)
def test_the_case_of_the_forms_can_refute_only(verdicts: Any, overall: str) -> None:
    found = gradcheck(CASES["square"])
    cases = {name: replace(CASES["square"]) for name in verdicts}
    named = {id(case): verdicts[name] for name, case in cases.items()}
    result = gradcheck_each(cases, lambda case: replace(found, verdict=named[id(case)]))
    assert result.verdict == overall
    assert dict(result.cases) == verdicts
    assert result.name == next((name for name, v in verdicts.items() if v == "fail"), "C")


def test_forms_are_listed_beside_a_verdict_that_they_do_not_change() -> None:
    case = CASES["saturated"]
    alone, compared = gradcheck(case), gradcheck(case, compare_losses=True)
    assert alone.verdict == compared.verdict
    assert alone.forms is None
    assert compared.forms is not None
    assert {f.form for f in compared.forms} == {"naive", "epsilon", "clamped", "fused", "stable"}
    mse = gradcheck(CASES["mse"], compare_losses=True).forms
    assert mse is not None
    assert {f.form for f in mse} == {"mse"}


def test_extreme_weights_neither_stop_nor_warn() -> None:
    for scale in (0.0, 1e10, 1e200):
        case = network_case((3, 4, 3, 1), 9, scale=scale, features=(1e-300, 1e300))
        assert gradcheck(case, compare_losses=True).verdict in {"pass", "inconclusive"}


def test_nan_in_one_tensor_hides_no_bug_in_another() -> None:
    case = CASES["square"]
    plants = (Plant("non-finite", (2,), "weights"), Plant("gradient-transposed", (1,)))
    result = gradcheck(case, buggy(case, plants))
    assert [d.bug for d in result.diagnosis] == [
        "gradient-transposed", "gradient-reshaped", "non-finite",
    ]  # fmt: skip
    assert result.diagnosis[-1].explanation.endswith(": W2")
    assert np.isinf(result.check.layers[2].max_relative_error)


def test_a_case_on_which_a_bug_cannot_be_made_does_not_show_it() -> None:
    """Labels (N,) meet outputs (N, 1): of three outputs nobody sees that."""
    cases = {"one": network_case((3, 2, 1), 7), "three": network_case((3, 2, 3), 7)}
    spots = hidden_by_call(cases["one"], rows_of(cases["one"]), fitted=False)

    def of(case: Case) -> GradcheckResult:
        known = Provenance(hidden=spots if case is cases["one"] else ())
        return examine(Found(case, case.gradient(), known))

    for order in (["one", "three"], ["three", "one"]):
        blind = gradcheck_each({name: cases[name] for name in order}, of).blind_spots
        assert "y-broadcast" in {spot.bug for spot in blind}
        assert "one-row-only" not in {spot.bug for spot in blind}  # which three outputs show


def rows_of(case: Case) -> list[Case]:
    return [replace(case, X=case.X[r : r + 1], y=case.y[r : r + 1]) for r in range(case.rows)]
