"""A rate is handed over, believed, or fitted; a step is judged where it is sharp, or at rate 1."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.check.given.function import FunctionRun, run_function
from mlpcli.check.given.hosting import hosted
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
