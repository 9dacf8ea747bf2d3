"""The whole check: what it returns, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from buggy_backprop import Plant, buggy
from check.nets import FAMILIES, draw
from mlpcli.check.bugs.diagnosis import Diagnosis
from mlpcli.check.bugs.search import reproduces_a_bug
from mlpcli.check.case import Case, case_from
from mlpcli.check.numeric.methods import Method, Numeric, numeric_gradient
from mlpcli.check.run import check, gradcheck, verify
from mlpcli.check.verdict.second_opinion import ENTRIES_PER_TENSOR
from mlpcli.errors import CaseError, UsageError
from mlpcli.nn.network import Network, Parameters
from planted import CASES, network_case

METHODS: tuple[Method, ...] = ("central", "plain", "complex-step")


@pytest.fixture
def case() -> Case:
    return draw(FAMILIES[6], np.random.default_rng(1))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("family", FAMILIES[:2] + FAMILIES[4:], ids=lambda family: family.name)
def test_our_own_gradient_passes(family: Any, method: Method) -> None:
    case = draw(family, np.random.default_rng(2), widest=6)
    counts: list[int] = []
    result = check(case, case.gradient(), method, derivative="stable", progress=counts.append)
    assert result.verdict != "fail"
    assert result.verdict == "pass" or method == "plain"
    assert (result.method, result.derivative) == (method, "stable")
    assert (result.rows, result.parameters) == (len(case.X), case.network.theta.size)
    assert sum(counts) == sum(layer.checked for layer in result.layers) == result.parameters
    assert [(t.layer, t.parameter) for t in result.layers] == [
        (int(name[1:]), name[0]) for name, _ in case.network.tensors()
    ]
    opinion = result.second_opinion
    assert opinion.method == ("complex-step" if method == "central" else "central")
    assert opinion.agrees
    sampled = [min(t.checked, ENTRIES_PER_TENSOR) for t in result.layers]
    assert sum(sampled) <= opinion.checked <= sum(sampled) + len(sampled)
    assert opinion.max_relative_error < 0.1 if method == "plain" else 1e-9


def test_plain_is_inconclusive_where_it_is_blind() -> None:
    case = draw(FAMILIES[2], np.random.default_rng(0))
    right = case.gradient()
    assert check(case, right, "central").verdict == "pass"
    assert check(case, right, "plain").verdict == "inconclusive"
    right.W[0][:] *= 2
    assert check(case, right, "central").verdict == "fail"
    assert check(case, right, "plain").verdict == "inconclusive"


@pytest.mark.parametrize("method", METHODS)
def test_a_wrong_gradient_fails_where_it_is_wrong(case: Case, method: Method) -> None:
    gradient = case.gradient()
    gradient.W[-1][1, 0] *= 1.01
    result = check(case, gradient, method)
    assert result.verdict == "fail"
    failed = [t for t in result.layers if t.verdict == "fail"]
    assert [(t.layer, t.parameter, t.mismatched) for t in failed] == [(len(gradient.W), "W", 1)]
    assert failed[0].worst.index == (1, 0)


def test_derivative_forms_are_judged_against_the_true_loss() -> None:
    network = Network((2, 1), True, np.array([30.0, 0.5, 10.0]))
    X = np.array([[1.0, 0.3], [-0.5, 1.0], [0.2, -1.0]])
    case = case_from(network, X, [0, 1, 1])
    verdicts = {
        form: check(case, case.gradient(form)).verdict
        for form in ("stable", "fused", "naive", "epsilon", "clamped")
    }
    assert verdicts == {
        "stable": "pass",
        "fused": "pass",
        "naive": "fail",
        "epsilon": "fail",
        "clamped": "fail",
    }


def test_the_tolerance_is_the_users(case: Case) -> None:
    gradient = case.gradient()
    gradient.theta *= 1 + 1e-4
    assert check(case, gradient).verdict == "fail"
    assert check(case, gradient, tolerance=2e-4).verdict == "pass"
    assert check(case, case.gradient(dtype="float32")).verdict == "pass"


def test_a_given_numeric_gradient_serves_many_checks(case: Case) -> None:
    numeric = numeric_gradient(case)
    gradient = case.gradient()
    assert verify(case, gradient, numeric).verdict == "pass"
    gradient.theta *= 2
    assert verify(case, gradient, numeric).verdict == "fail"


def test_a_second_opinion_that_differs_makes_it_inconclusive(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def off(case: Case, method: Method = "central", *args: Any, **named: Any) -> Numeric:
        numeric = numeric_gradient(case, method, *args, **named)
        factor = 1 + 1e-7 if method == "complex-step" else 1.0
        return replace(numeric, values=numeric.values * factor)

    monkeypatch.setattr("mlpcli.check.run.numeric_gradient", off)
    result = check(case, case.gradient())
    assert (result.verdict, result.second_opinion.agrees) == ("inconclusive", False)
    assert {t.verdict for t in result.layers} == {"pass"}
    assert result.second_opinion.max_relative_error == pytest.approx(1e-7, rel=1e-3)


def test_a_step_too_large_is_noticed(case: Case) -> None:
    result = check(case, case.gradient(), step=0.5)
    assert (result.verdict, result.second_opinion.agrees) == ("inconclusive", False)


def test_overflowing_weights_are_inconclusive_and_quiet() -> None:
    network = Network((2, 2, 1), True, np.full(9, 1e308))
    case = case_from(network, [[1e10, 1.0]], [1])
    right = case.network.like(np.full(9, 0.25))
    for method in METHODS:
        assert check(case, right, method).verdict == "inconclusive"


def test_refusals(case: Case) -> None:
    other = Parameters((1, 1), True, np.zeros(2))
    with pytest.raises(CaseError, match="expected sizes"):
        check(case, other)
    with pytest.raises(UsageError, match=r'expected one of central, .*did you mean "central"'):
        check(case, case.gradient(), "centrl")  # type: ignore[arg-type]


def test_numeric_records_the_error_of_plain(case: Case) -> None:
    plain, central = numeric_gradient(case, "plain"), numeric_gradient(case)
    assert isinstance(central, Numeric)
    assert not central.doubt.any()
    assert (plain.doubt > 0).all()


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
    result = gradcheck(case, buggy(case, ()), findings=(finding,))
    assert (result.verdict, result.check.verdict) == ("fail", "pass")
    assert result.diagnosis == (finding,)


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
