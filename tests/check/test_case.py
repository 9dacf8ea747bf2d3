"""A case: what it refuses, its precision, and its objective by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlpcli.check.case import Case, case_from
from mlpcli.errors import CaseError
from mlpcli.nn.network import Network
from mlpcli.nn.objective import Objective

EPSILONS: tuple[dict[str, Any], ...] = ({}, {"epsilon": 1e-7}, {"epsilon": 1e-5})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X": [[1.0, 2.0]]}, r"X: expected shape \(1, 1\), got \(1, 2\)"),
        ({"X": [[np.inf]]}, "X: expected finite numbers"),
        ({"X": np.zeros((0, 1))}, "X: expected at least one row"),
        ({"y": [[1.5]]}, "y: expected labels from 0 to 1, got 1.5 to 1.5"),
        ({"y": [1, 0]}, r"y: expected shape \(1, 1\), got \(2, 1\)"),
        ({"omega": [1.0]}, r"omega: expected shape \(1, 1\)"),
        ({"loss": "hinge"}, 'loss: expected one of bce, cross_entropy, mse, got "hinge"'),
        ({"l2": -1.0}, "l2: expected a number >= 0"),
        ({"network": Network((1, 1), True, np.array([1, np.nan]))}, "W1|b1: expected finite"),
    ],
)
def test_a_case_that_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    parts: dict[str, Any] = {"network": Network((1, 1), True, np.ones(2)), "X": [[1]], "y": [1]}
    assert case_from(**parts).y.shape == (1, 1)
    with pytest.raises(CaseError, match=message):
        case_from(**parts | changes)


def test_a_case_is_float64() -> None:
    with pytest.raises(CaseError, match="X: expected float64, got float32"):
        Case(
            Network((1, 1), True, np.ones(2)),
            np.ones((1, 1), np.float32),
            np.ones((1, 1)),
            Objective.exact("bce"),
        )


def test_the_epsilon_of_a_form_is_1e_7_unless_it_is_said() -> None:
    network = Network((1, 1), True, np.array([17.0, 0.0]))
    case = case_from(network, [[1.0]], [0])
    usual, same, other = (case.gradient("epsilon", **e).theta for e in EPSILONS)
    np.testing.assert_array_equal(usual, same)
    assert (usual != other).all()


def test_the_objective_by_hand() -> None:
    network = Network((1, 1), True, np.array([2.0, 0.0]))
    X, y = [[0.0], [1.0]], [0, 1]
    expected = (3 * np.log(2) + np.log1p(np.exp(-2))) / 2
    case = case_from(network, X, y, omega=[[3], [1]], l2=0.5)
    assert case.value() == pytest.approx(expected + 0.25 * 4)
    squared = (0.5**2 + (1 / (1 + np.exp(2))) ** 2) / 2
    assert case_from(network, X, y, loss="mse").value() == pytest.approx(squared)
