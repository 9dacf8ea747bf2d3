"""Weights updated too early by a trainer that goes row by row are named, with their rate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from buggy_backprop import OUTPUTS, SLOPES, VALUES
from mlpcli.check.bugs.online import fit_online
from mlpcli.check.bugs.scene import scene_of
from mlpcli.check.bugs.search import diagnose
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.nn.backprop import RIGHT
from mlpcli.nn.network import Parameters
from planted import network_case

if TYPE_CHECKING:
    from mlpcli.check.case import Case

CASES = {
    "bce": network_case((3, 4, 5, 1), 7, seed=1, scale=2),
    "tanh, softmax": network_case((3, 3, 3, 3), 9, activation="tanh", loss="cross_entropy"),
}


def trained(case: Case, eta: float, *, early: bool = True) -> Parameters:
    """Return (before - after)/(eta N) of one pass over the rows, written as people write it."""
    W = [w.copy() for w in case.network.W]
    b = [v.copy() for v in case.network.b]
    name = case.network.activation.name
    for x, y in zip(case.X, case.y, strict=True):
        z, h = [x], [x]
        for i, (w, v) in enumerate(zip(W, b, strict=True)):
            h.append(w @ z[-1] + v)
            last = i == len(W) - 1
            out = OUTPUTS[case.objective.loss.output](h[-1][None])[0]
            z.append(out if last else VALUES[name](h[-1]))
        d = z[-1] - y
        for i in reversed(range(len(W))):
            carrying = W[i].copy()
            W[i] -= eta * np.outer(d, z[i])
            b[i] -= eta * d
            if i:
                d = ((W[i] if early else carrying).T @ d) * SLOPES[name](h[i], z[i])
    moved = zip(zip(case.network.W, W, strict=True), zip(case.network.b, b, strict=True),
                strict=True)  # fmt: skip
    theta = [(before - after).ravel() for pair in moved for before, after in pair]
    return Parameters(case.network.sizes, True, np.concatenate(theta) / (eta * case.rows))


@pytest.mark.parametrize("eta", [0.01, 0.3, 1.0])
@pytest.mark.parametrize("name", CASES)
def test_the_rate_is_recovered(name: str, eta: float) -> None:
    case = CASES[name]
    (found,) = diagnose(case, trained(case, eta), rounding_bounds(case), 1e-6)
    assert found.bug == "weights-updated-too-early"
    assert found.learning_rate == pytest.approx(eta, rel=1e-6)
    assert "row by row, on moving weights" in found.explanation


def test_a_right_trainer_by_rows_is_not_called_so() -> None:
    case = CASES["bce"]
    found = diagnose(case, trained(case, 0.3, early=False), rounding_bounds(case), 1e-6)
    assert "weights-updated-too-early" not in {d.bug for d in found}


@pytest.mark.parametrize(("rows", "tried"), [(1, False), (2, True), (200, True), (201, False)])
def test_it_is_looked_for_among_2_to_200_rows(rows: int, tried: bool) -> None:
    """One row is the batch; more than 200 would take too long."""
    case = network_case((2, 2, 1), rows, seed=1, scale=2)
    scene, eta = scene_of(case), 0.6 / rows
    found = [*fit_online(scene, RIGHT, trained(case, eta), scene.depth)]
    assert [mutant.learning_rate for mutant in found] == ([pytest.approx(eta)] if tried else [])


def test_a_rate_that_overflows_is_no_start_and_says_nothing() -> None:
    """Warnings are errors here."""
    case = replace(CASES["bce"], learning_rate=1e308)
    (found,) = fit_online(scene_of(case), RIGHT, trained(case, 0.3), len(case.network.W))
    assert found.learning_rate == pytest.approx(0.3)


@pytest.mark.parametrize("name", CASES)
def test_one_update_per_row_at_the_same_weights_is_named(name: str) -> None:
    """Each row's delta passes W_i that its own gradient has moved; the next row begins anew."""
    case, eta = CASES[name], 0.3
    rows = [
        trained(replace(case, X=case.X[r : r + 1], y=case.y[r : r + 1]), eta).theta
        for r in range(case.rows)
    ]
    given = Parameters(case.network.sizes, True, np.mean(rows, axis=0))
    (found,) = diagnose(case, given, rounding_bounds(case), 1e-6)
    assert found.bug == "weights-updated-too-early"
    assert found.learning_rate == pytest.approx(eta, rel=1e-6)
    assert "(row by row; learning rate 0.3" in found.explanation
