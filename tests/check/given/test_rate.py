"""A rate is handed over, believed, or fitted; a step is judged where it is sharp, or at rate 1."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli.check.bugs.fit import recognised
from mlpcli.check.bugs.scene import scene_of
from mlpcli.check.found import found_by_function
from mlpcli.check.given.caller import Made
from mlpcli.check.given.function import FunctionRun, run_function
from mlpcli.check.given.hosting import hosted
from mlpcli.check.given.layout import OURS
from mlpcli.check.given.rate import fitted
from mlpcli.check.run import gradcheck
from planted import network_case

if TYPE_CHECKING:
    from mlpcli.check.case import Case

GUESTS = Path(__file__).parent / "guests.py"
CASE = network_case((4, 5, 3), 7)


def run(
    function: str, call: str = "batch", rate: float | None = None, case: Case = CASE
) -> FunctionRun:
    with hosted(f"{GUESTS}:{function}", call=call, in_process=True) as host:
        return run_function(host, case, call=call, learning_rate=rate)


def judged(found: FunctionRun) -> str:
    return gradcheck(CASE, found.gradient, known=found.known).verdict


@pytest.mark.parametrize("call", ["step", "row-step"])
def test_a_known_rate_is_handed_over_or_believed(call: str) -> None:
    assert judged(run("step", call, rate=0.25)) == "pass"
    believed = run("of_its_own_rate", call, rate=0.3)
    assert "scaled" not in {spot.bug for spot in believed.known.hidden}
    assert judged(believed) == "pass"
    assert judged(run("of_its_own_rate", call, rate=0.6)) == "fail"


@pytest.mark.parametrize("call", ["step", "row-step"])
def test_a_rate_that_nobody_says_is_fitted_and_what_it_hides_is_said(call: str) -> None:
    found = run("of_its_own_rate", call)
    assert found.rate is not None
    assert found.rate.fitted
    assert found.rate.value == pytest.approx(0.3)
    assert judged(found) == "pass"


@pytest.mark.parametrize(("function", "digits"), [("step", 40), ("single_step", 24)])
def test_a_rate_that_is_ours_to_choose_is_sharp(function: str, digits: int) -> None:
    """It is 2^40, or 2^24 in float32, times the power of 2 from the largest parameter on."""
    found = run(function, "step")
    largest = float(np.abs(CASE.network.theta).max())
    assert found.rate is not None
    assert 1 <= found.rate.value / (2.0**digits * largest) < 2
    assert np.frexp(found.rate.value)[0] == 0.5


def test_a_step_of_a_saturated_network_is_taken_at_the_sharp_rate() -> None:
    """At rate 1 its gradient is lost below the last digit of theta, which contradicts nothing."""
    case = network_case((4, 4, 1), 1, scale=30, seed=1)
    assert np.abs(case.gradient().W[0]).min() < 1e-11
    found = run("step", "step", case=case)
    assert found.rate is not None
    assert found.rate.value > 2.0**40


@pytest.mark.parametrize("function", ["at_small_rates_alone", "beyond_large_rates"])
def test_a_step_that_takes_no_large_rate_is_judged_at_rate_1(function: str) -> None:
    found = run(function, "step")
    assert found.rate is not None
    assert found.rate.value == 1
    assert judged(found) == "pass"


def test_a_step_uphill_is_wrong_at_any_rate() -> None:
    found = run("uphill", "step")
    result = gradcheck(CASE, found.gradient, known=found.known)
    assert result.verdict == "fail"
    assert [d.bug for d in result.diagnosis] == ["sign-flipped"]


def test_weights_updated_too_early_are_judged_at_rate_1() -> None:
    found = run("too_early", "step")
    assert found.rate is not None
    assert found.rate.value == 1
    assert judged(found) == "fail"


def test_a_fitted_rate_is_as_uncertain_as_rounding_makes_it() -> None:
    """At a rate of 1e-6 a float32 step has lost most digits of the gradient."""
    found = run("small_single_step", "step")
    assert found.rate is not None
    assert found.rate.value == pytest.approx(1e-4, rel=0.1)
    assert 1e-5 < found.rate.uncertainty < 0.1
    assert judged(found) != "fail"


def test_a_step_that_changes_nothing_is_a_gradient_of_zeros() -> None:
    found = run("standing_still", "step")
    assert not np.any(found.gradient.theta)
    assert judged(found) == "fail"


MISUSED = [
    pytest.param(*powers, id=f"W by eta^{powers[0]}, b by eta^{powers[1]}")
    for powers in [(0, 0), (-1, -1), (2, 2), (0, 1), (1, 2), (1, -1)]
]


@pytest.mark.parametrize(("call", "said"), [("step", None), ("step", 1.0), ("row-step", None)])
@pytest.mark.parametrize(("of_W", "of_b"), MISUSED)
def test_a_step_that_is_not_its_rate_times_the_gradient_is_wrong_where_it_is_not(
    of_W: float, of_b: float, call: str, said: float | None
) -> None:
    def step(weights: Any, biases: Any, X: Any, y: Any, lr: float) -> None:
        right = replace(CASE, network=CASE.network, X=X, y=y, omega=None).gradient()
        for W, d in zip(weights, right.W, strict=True):
            W[:] -= lr**of_W * d
        for b, d in zip(biases, right.b, strict=True):
            b[:] -= lr**of_b * d

    with hosted(step, call=call) as host:
        found = found_by_function(host, CASE, call=call, layout=OURS, learning_rate=said)
    result = gradcheck(found.case, found.gradient, known=found.known)
    wrong = {tensor.parameter for tensor in result.check.layers if tensor.verdict == "fail"}
    assert wrong == {letter for letter, power in zip("Wb", (of_W, of_b), strict=True) if power != 1}
    assert [each.bug for each in result.diagnosis] == ["scaled"] * len({of_W, of_b} - {1})
    assert result.suggestion is None


@pytest.mark.parametrize(
    ("power", "told"), [(0, "1/eta"), (2, "the learning rate"), (-1, "1/eta^2")]
)
def test_the_factor_of_a_misused_rate_is_told(power: float, told: str) -> None:
    scene = scene_of(replace(CASE, learning_rate=0.73))
    names = recognised(scene, 0.73 ** (power - 1))
    assert [name.partition(",")[0] for name in names] == [told]


@pytest.mark.parametrize(
    ("of_W", "of_b", "wrong"),
    [(-0.1, 0.1, {"W": "sign-flipped"}), (0.1, 0.2, {"b": "scaled"}), (0.1, -0.3, {"b": "scaled"})],
)
def test_a_fitted_rate_is_that_of_most_entries(
    of_W: float, of_b: float, wrong: dict[str, str]
) -> None:
    right = CASE.gradient()

    def step(weights: Any, biases: Any, X: Any, y: Any) -> None:
        for array, d in zip(weights, right.W, strict=True):
            array[:] -= of_W * d
        for array, d in zip(biases, right.b, strict=True):
            array[:] -= of_b * d

    with hosted(step, call="step") as host:
        found = run_function(host, CASE, call="step")
    assert found.rate is not None
    assert found.rate.value == pytest.approx(0.1)
    result = gradcheck(CASE, found.gradient, known=found.known)
    failed = {tensor.parameter for tensor in result.check.layers if tensor.verdict == "fail"}
    assert failed == {*wrong}
    assert {each.bug for each in result.diagnosis} == {*wrong.values()}


def test_a_factor_below_the_last_layer_is_not_taken_for_the_rate() -> None:
    right = network_case((4, 5, 4, 3), 7).gradient()
    theta = right.theta.copy()
    theta[: -right.layers[-1].size] *= 2
    rate = fitted(Made(right.like(0.1 * theta), np.zeros_like(theta)), right)
    assert rate.value == pytest.approx(0.1)
