"""L-BFGS against minima that are known, and against SciPy's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import optimize

from mlpcli.nn.quasi_newton import Evaluation, QuasiNewton, Trials

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Function = Callable[[NDArray[np.float64]], tuple[Any, NDArray[np.float64]]]


def trials(function: Function) -> Trials:
    def evaluate(point: NDArray[np.float64]) -> Evaluation:
        value, gradient = function(point)
        return Evaluation(float(value), gradient, 0.0)

    return Trials(evaluate)


def descend(function: Function, start: Any, most: int, memory: int = 10) -> dict[str, Any]:
    method, asked = QuasiNewton(memory), trials(function)
    state: dict[str, Any] = method.init(np.array(start, np.float64))
    state["lengths"] = []
    for _ in range(most):
        before = asked.value(state["point"])
        length = method.advance(state, asked)
        if length is None:
            break
        assert asked.value(state["point"]) < before
        state["lengths"].append(length)
    return state


def rosenbrock(x: NDArray[np.float64]) -> tuple[Any, NDArray[np.float64]]:
    return optimize.rosen(x), optimize.rosen_der(x)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_minimum_of_a_quadratic_is_solved_for(scale: float) -> None:
    rng = np.random.default_rng(0)
    A = rng.normal(size=(6, 6))
    A, b = scale * (A @ A.T + np.eye(6)), scale * rng.normal(size=6)
    state = descend(lambda x: (x @ A @ x / 2 - b @ x, A @ x - b), np.zeros(6), 60)
    np.testing.assert_allclose(state["point"], np.linalg.solve(A, b), rtol=1e-5)


@pytest.mark.parametrize("memory", [1, 5, 20])
def test_it_needs_about_as_many_steps_as_scipy(memory: int) -> None:
    start = [-1.2, 1.0, -1.2, 1.0]
    state = descend(rosenbrock, start, 200, memory)
    np.testing.assert_allclose(state["point"], 1, rtol=1e-5)
    theirs = optimize.minimize(rosenbrock, start, jac=True, method="L-BFGS-B",
                               options={"maxcor": memory, "ftol": 1e-16, "gtol": 1e-9})  # fmt: skip
    assert len(state["lengths"]) < 2 * theirs.nit


def test_a_first_step_is_no_longer_than_1_and_the_next_are_those_of_the_curvature() -> None:
    state = descend(lambda x: (1e6 * x @ x, 2e6 * x), [3.0, 4.0], 1)
    assert np.linalg.norm(state["moves"][0]) <= 5 + 1e-9
    assert state["kept"] == 1
    lengths = descend(rosenbrock, [-1.2, 1.0], 200)["lengths"]
    assert np.median(lengths) == 1


@pytest.mark.parametrize(("steepness", "tried"), [(1e6, 1.01), (3.0, 1.01), (0.25, 0.25)])
def test_the_first_point_tried_is_one_away_or_nearer_where_the_slope_is_less_than_1(
    steepness: float, tried: float
) -> None:
    """SciPy adds the 1 % to what it takes from the fall before the first step."""
    points: list[NDArray[np.float64]] = []

    def tilted(x: NDArray[np.float64]) -> tuple[Any, NDArray[np.float64]]:
        points.append(x.copy())
        return steepness * (x @ [0.6, 0.8]), steepness * np.array([0.6, 0.8])

    descend(tilted, [3.0, 4.0], 1)
    assert np.linalg.norm(points[1] - points[0]) == pytest.approx(tried, rel=1e-9)


def test_the_oldest_step_is_forgotten_first() -> None:
    method, asked = QuasiNewton(3), trials(rosenbrock)
    state = method.init(np.array([-1.2, 1.0]))
    for _ in range(5):
        before, old = state["moves"].copy(), state["point"].copy()
        kept = int(state["kept"])
        method.advance(state, asked)
        np.testing.assert_allclose(state["moves"][min(kept, 2)], state["point"] - old, rtol=1e-12)
        if kept == 3:
            np.testing.assert_array_equal(state["moves"][:2], before[1:])
    assert state["kept"] == 3


def test_a_kink_is_stepped_over_by_halving() -> None:
    state = descend(lambda x: (np.abs(x).sum(), np.sign(x)), [0.3, -5.0], 100)
    assert np.abs(state["point"]).max() < 1e-6


@pytest.mark.parametrize(
    ("steepness", "start", "length"),
    [(1, 0.3, 0.5), (1, 0.1, 0.125), (1, 1.2, 1.0), (2, 1.4, 0.5)],
)
def test_a_step_over_a_kink_is_the_longest_half_that_leads_down(
    steepness: float, start: float, length: float
) -> None:
    """From |x| at 0.3 a step of 1 leads to 0.7, and one of 1/2 to 0.2; 2 |x| begins at 1/2."""
    state = descend(lambda x: (steepness * np.abs(x).sum(), steepness * np.sign(x)), [start], 1)
    assert state["lengths"] == [length]


def test_no_point_that_is_not_finite_is_taken() -> None:
    def log(x: NDArray[np.float64]) -> tuple[Any, NDArray[np.float64]]:
        return (np.inf, x) if x[0] <= 0 else (x[0] - np.log(x[0]), 1 - 1 / x)

    with np.errstate(invalid="ignore"):  # inf - inf in SciPy's search
        state = descend(log, [30.0], 50)
    assert state["point"][0] == pytest.approx(1, rel=1e-6)


def test_at_the_minimum_there_is_no_step() -> None:
    method = QuasiNewton()
    state = method.init(np.zeros(2))
    assert method.advance(state, trials(lambda x: (x @ x, 2 * x))) is None
    assert (
        method.advance(state, trials(lambda x: (0.0, np.ones(2)))) is None
    )  # a gradient that lies


def test_a_point_is_asked_for_once() -> None:
    calls = []

    def count(x: NDArray[np.float64]) -> tuple[Any, NDArray[np.float64]]:
        calls.append(x.copy())
        return rosenbrock(x)

    asked = trials(count)
    point = np.ones(2)
    asked.value(point)
    asked.gradient(point.copy())
    assert len(calls) == 1
    point += 1
    asked.value(point)
    assert len(calls) == 2
