"""Every way of calling, on right functions: the gradient is ours, and nothing is faulted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from check.given import guests
from mlpcli.check.given.call import CALLS
from mlpcli.check.given.caller import Caller
from mlpcli.check.given.function import FunctionRun, run_function
from mlpcli.check.given.guest import Guest
from mlpcli.check.given.hosting import hosted
from mlpcli.check.run import gradcheck
from planted import network_case

if TYPE_CHECKING:
    from mlpcli.check.case import Case

GUESTS = Path(__file__).parent / "guests.py"
CASE = network_case((4, 5, 3), 7)
CASES = {
    "wide": CASE,
    "one row": network_case((3, 2, 1), 1),
    "deep": network_case((3, 3, 3, 3, 1), 6, scale=2, seed=1),
}
STEPS = ["step", "in_place", "in_place_with_a_loss", "in_place_with_the_gradient", "replacing",
         "fit", "Model.train", "Perceptron.fit"]  # fmt: skip
GRADIENTS = ["gradient", "Model", "Model.gradient", "Model.static", "Named.backward",
             "Layered.gradient", "Plain.gradient", "Perceptron.loss"]  # fmt: skip


def run(
    function: str, call: str = "batch", case: Case = CASE, rate: float | None = None
) -> FunctionRun:
    with hosted(f"{GUESTS}:{function}", call=call, in_process=True) as host:
        return run_function(host, case, call=call, learning_rate=rate)


def judged(found: FunctionRun, case: Case = CASE) -> str:
    return gradcheck(case, found.gradient, known=found.known).verdict


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("call", ["batch", "row"])
@pytest.mark.parametrize("function", GRADIENTS)
def test_a_right_gradient_passes(function: str, call: str, case: str) -> None:
    found = run(function, call, CASES[case])
    assert found.known.findings == ()
    assert found.rate is None
    assert judged(found, CASES[case]) == "pass"


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("call", ["step", "row-step"])
@pytest.mark.parametrize("function", STEPS)
def test_a_right_step_passes_at_a_sharp_rate(function: str, call: str, case: str) -> None:
    found = run(function, call, CASES[case])
    assert found.known.findings == ()
    assert found.rate is not None
    assert found.rate.value >= 2**40
    assert found.known.doubt is not None
    assert found.known.doubt.max() < 1e-13 * max(1.0, np.abs(found.gradient.theta).max())
    assert judged(found, CASES[case]) == "pass"


def test_a_gradient_that_is_kept_is_taken_and_the_loss_stands_beside_it() -> None:
    found = run("Keeping.backward")
    assert judged(found) == "pass"
    assert [one.name for one in found.known.beside] == ["loss"]


@pytest.mark.parametrize("call", ["batch", "row"])
def test_float32_is_seen_to_be_float32(call: str) -> None:
    found = run("single", call)
    assert found.gradient.theta.dtype == np.float32
    assert judged(found) == "pass"


@pytest.mark.parametrize("call", ["step", "row-step"])
def test_a_float32_step_passes(call: str) -> None:
    found = run("single_step", call)
    assert found.gradient.theta.dtype == np.float32
    assert judged(found) == "pass"


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("rate", [0.5, -3.0])
def test_a_step_is_as_uncertain_as_rounding_makes_it(dtype: str, rate: float) -> None:
    """By u (|theta| + |theta'|) / eta + 4 u |A|."""

    def given(weights: Any, biases: Any, X: Any, y: Any, lr: float) -> Any:
        name = "step" if dtype == "float64" else "single_step"
        return getattr(guests, name)(weights, biases, X, y, lr)

    host = Guest(given, step=True)
    host.begin(CASE.network.sizes)
    made = Caller(host, CALLS["step"]).made(CASE, rate)
    theta, A = CASE.network.theta, made.gradient.theta.astype(np.float64)
    after = theta - rate * A
    u = np.finfo(dtype).eps / 2
    expected = u * ((np.abs(theta) + np.abs(after)) / abs(rate) + 4 * np.abs(A))
    np.testing.assert_allclose(made.doubt, expected, rtol=1e-5)


def test_rows_of_either_precision_add_up_in_the_higher_one() -> None:
    """One row in float32 makes no tensor so, not even where the others' entries fit in it."""
    calls: list[Any] = []

    def mixed(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        dW, db = guests.gradient(weights, biases, X, y)
        if not calls:
            dW, db = ([a.astype("f4").astype("f8") for a in part] for part in (dW, db))
        else:
            dW[0][:, 0] = 2.0**-30  # which float32 holds, and not the sum with it
        calls.append((dW, db))
        return dW, db

    host = Guest(mixed)
    host.begin(CASE.network.sizes)
    made = Caller(host, CALLS["row"]).made(CASE)
    sums = [sum(dW[0] for dW, _ in calls), sum(db[0] for _, db in calls)]
    np.testing.assert_allclose(made.gradient.W[0], sums[0] / CASE.rows, rtol=1e-15)
    np.testing.assert_allclose(made.gradient.b[0], sums[1] / CASE.rows, rtol=1e-15)


def test_an_online_trainer_is_checked_row_by_row() -> None:
    assert judged(run("online", "row-step")) == "pass"
    assert judged(run("online", "step")) == "fail"


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("seed", range(8))
def test_no_right_step_is_refuted(seed: int, dtype: str) -> None:
    rng = np.random.default_rng(seed)
    sizes = (*rng.integers(1, 6, rng.integers(2, 5)).tolist(), int(rng.integers(1, 4)))
    case = network_case(sizes, int(rng.integers(1, 9)), scale=float(rng.uniform(0.1, 3)), seed=seed)
    found = run("step" if dtype == "float64" else "single_step", "step", case)
    assert judged(found, case) != "fail"


def test_every_call_is_tried_here() -> None:
    assert set(CALLS) == {"batch", "row", "step", "row-step"}


def judge_hostile(function: str, call: str, *, in_process: bool = True) -> Any:
    name = f"{GUESTS.with_name('hostile.py')}:{function}"
    with hosted(name, call=call, in_process=in_process) as host:
        found = run_function(host, CASE, call=call)
    return gradcheck(CASE, found.gradient, known=found.known)


@pytest.mark.parametrize("in_process", [True, False])
@pytest.mark.parametrize("call", ["batch", "row"])
@pytest.mark.parametrize(
    ("function", "changed"),
    [
        ("pops", "weights (2 arrays, now 0)"),
        ("appends", "biases (2 arrays, now 3)"),
        ("inserts", "weights (2 arrays, now 3)"),
        ("clears", "biases (2 arrays, now 0)"),
        ("pops_a_key", "weights (2 arrays, now 1)"),
        ("Tearing.pops", "weights (2 arrays, now 1)"),
        ("Tearing.appends", "weights (2 arrays, now 3)"),
        ("leaves_complex_numbers", "W1"),
        ("Tearing.writes_text", "W1"),
        ("Tearing.forgets", "weights (2 arrays, now 0)"),
    ],
)
def test_other_arrays_or_another_number_of_them_are_a_change(
    function: str, changed: str, call: str, in_process: bool
) -> None:
    result = judge_hostile(function, call, in_process=in_process)
    assert [each.bug for each in result.diagnosis] == ["changes-inputs"]
    assert changed in result.diagnosis[0].explanation
    assert result.verdict == "fail"
    assert {tensor.verdict for tensor in result.check.layers} == {"pass"}


def test_a_step_may_change_arrays_and_not_how_many_there_are() -> None:
    (found,) = judge_hostile("pops_and_steps", "step").diagnosis
    assert found.bug == "changes-inputs"
    assert judge_hostile("replaces_items", "step").verdict == "pass"


def test_a_key_that_is_added_harms_nobody() -> None:
    assert judge_hostile("adds_a_key", "batch").verdict == "pass"
