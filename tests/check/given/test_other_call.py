"""A function called in a way that it is not made for is told which one it is made for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.check.given.function import FunctionRun, run_function
from mlpcli.check.given.hosting import hosted
from mlpcli.check.given.other_call import _after_all_rows, _ratio
from mlpcli.check.run import gradcheck
from mlpcli.errors import CaseError
from planted import network_case

if TYPE_CHECKING:
    from mlpcli.check.case import Case

GUESTS = Path(__file__).parent / "guests.py"
CASE = network_case((4, 5, 3), 7)


def run(function: str, call: str, rate: float | None = None, case: Case = CASE) -> FunctionRun:
    with hosted(f"{GUESTS}:{function}", call=call, in_process=True) as host:
        return run_function(host, case, call=call, learning_rate=rate)


@pytest.mark.parametrize(
    ("function", "call", "rate", "suggestion"),
    [
        ("step_of_its_own", "batch", None, "--call step"),
        ("step_of_its_own", "row", None, "--call row-step"),
        ("gradient", "step", None, "--call batch"),
        ("gradient", "row-step", None, "--call row"),
        ("gradient", "step", 0.1, "--call batch"),
        ("online", "step", None, "--call row-step"),
        ("online", "step", 0.1, "--call row-step"),
    ],
)
def test_the_right_call_is_suggested_and_passes(
    function: str, call: str, rate: float | None, suggestion: str
) -> None:
    found = run(function, call, rate)
    assert found.known.other_call is not None
    assert found.known.other_call.option == suggestion
    assert gradcheck(CASE, found.gradient, known=found.known).verdict == "fail"
    again = run(function, suggestion.split()[1])
    assert again.known.other_call is None
    assert gradcheck(CASE, again.gradient, known=again.known).verdict == "pass"


@pytest.mark.parametrize(
    ("function", "call"),
    [("gradient", "batch"), ("gradient", "row"), ("step", "step"), ("uphill", "step"),
     ("too_early", "step"), ("wrong_step", "step")],
)  # fmt: skip
def test_nothing_is_suggested_to_what_is_right_or_just_wrong(function: str, call: str) -> None:
    assert run(function, call).known.other_call is None
    one = network_case((3, 2, 1), 1)  # whose only step is also the first row's
    assert run(function, call, case=one).known.other_call is None


@pytest.mark.parametrize("call", ["batch", "row"])
def test_a_step_that_returns_nothing_is_recognised_by_what_it_changed(call: str) -> None:
    with pytest.raises(
        CaseError, match=r"it changed W1, W2, b1, b2: a training step\? Then add --"
    ):
        run("in_place", call)


def test_a_trainer_of_half_the_loss_that_goes_row_by_row_is_recognised_with_its_factor() -> None:
    found = run("online_half", "step").known.other_call
    assert found is not None
    assert found.option == "--call row-step"
    assert np.allclose(found.gradient.theta, CASE.gradient().theta / 2, rtol=1e-5)


def test_steps_row_by_row_take_each_row_with_its_weight() -> None:
    case, rate = network_case((3, 2, 2), 5, weighted=True, l2=0.1), 0.3
    assert case.omega is not None
    theta = case.network.theta
    for x, y, omega in zip(case.X, case.y, case.omega, strict=True):
        network = case.network.with_theta(theta)
        gradient = case.objective.gradient(network.forward(x[None]), y[None], omega[None])
        theta = theta - rate * gradient.theta
    np.testing.assert_allclose(_after_all_rows(case, rate), theta, rtol=1e-12)


def test_a_factor_is_that_of_least_squares_and_0_where_there_is_none() -> None:
    b = np.array([1e-200, -2e-200, 0.0])
    assert _ratio(-3 * b, b) == pytest.approx(-3)
    assert _ratio(np.array([0.0, 0.0, 1.0]), b) == 0.0
    for a, of in ((b, 0 * b), (b * np.nan, b), (np.array([np.inf, 0, 0]), b), (b, b * np.nan)):
        assert _ratio(a, of) == 0.0


def test_steps_that_overflow_are_no_explanation_and_say_nothing() -> None:
    """Warnings are errors here."""
    case = network_case((3, 2, 1), 5, weighted=True)
    heavy = replace(case, omega=np.full((5, 1), 1e6))
    assert not np.isfinite(_after_all_rows(heavy, 1e308)).all()
    assert run("wrong_step", "step", 1e300).known.other_call is None
