"""Of forms with an epsilon the largest hidden one is told, and to what is right none is fitted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlpcli.check.bugs.blind_spots import blind_spots
from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.bugs.scene import scene_of
from mlpcli.check.built_in import FORMS_CASE, built_in_cases
from mlpcli.check.convention import Convention
from mlpcli.check.run import gradcheck
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.nn.backprop import RIGHT
from planted import network_case

WITH_EPSILON = ("epsilon-derivative", "epsilon-loss", "clamped-derivative", "clamped-loss")
DRAWN = network_case((3, 4, 2), 20, scale=7)
WRONG = replace(DRAWN, y=1 - np.round(scene_of(DRAWN).Z[-1]))  # every row is on the wrong side


@pytest.mark.parametrize("name", WITH_EPSILON)
def test_no_epsilon_is_fitted_to_an_output_layer_that_is_right(name: str) -> None:
    scene, right = scene_of(WRONG), WRONG.gradient()
    assert not [*BUGS[name].fit(scene, RIGHT, right, scene.depth)]
    assert [*BUGS[name].fit(scene, RIGHT, right.like(1.1 * right.theta), scene.depth)]


def test_the_largest_epsilon_that_nothing_lies_outside_is_told() -> None:
    """Clipping changes nothing where p and 1 - p are larger than epsilon, and much beyond."""
    p = scene_of(WRONG).Z[-1]
    least = min(p.min(), (1 - p).min())
    assert 1e-6 < least < 1e-4
    numeric = WRONG.gradient().theta
    found = blind_spots(WRONG, numeric, rounding_bounds(WRONG), 1e-6)
    reasons = {spot.bug: spot.reason for spot in found}
    epsilons = [*(10.0**-k for k in range(1, 17)), float(np.finfo(np.float32).eps)]
    largest = max(epsilon for epsilon in epsilons if epsilon <= least)
    words = "no probability lies outside [epsilon, 1 - epsilon], epsilon up to"
    assert reasons["clamped-derivative"] == f"{words} {largest:.3g}"
    assert reasons["clamped-loss"] == f"{words} 1e-06"  # none larger is used


@pytest.mark.parametrize("differences", [1e-5, 1e-4])
def test_differences_of_a_naive_loss_are_told_of_the_loss(differences: float) -> None:
    """Whoever differentiates -log p by differences has no delta_L to mend."""
    case = built_in_cases(Convention())[FORMS_CASE]

    def naive_loss(theta: np.ndarray) -> float:
        p = case.network.with_theta(theta).forward(case.X).logits
        p = 1 / (1 + np.exp(-p))
        return float(-(case.y * np.log(p) + (1 - case.y) * np.log(1 - p)).sum() / case.rows)

    theta, given = case.network.theta, case.gradient()
    with np.errstate(all="ignore"):
        for k, unit in enumerate(np.eye(theta.size)):
            up, down = (naive_loss(theta + sign * differences * unit) for sign in (1, -1))
            given.theta[k] = (up - down) / (2 * differences)
    (naive,) = [each for each in gradcheck(case, given).diagnosis if each.bug == "naive-derivative"]
    assert "a loss of log(p)" in naive.explanation
    assert "differences or autodiff" in naive.fix
    assert "loss from the logits" in naive.fix
