"""The penalty's gradient by other strengths, in other tensors, of other functions of W."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.bugs.scene import scene_of
from mlpcli.check.bugs.search import diagnose
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.nn.backprop import RIGHT
from planted import network_case

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.nn.sigmoid import FloatArray


@pytest.mark.parametrize(
    ("rows", "strengths"), [(7, {1 / 2, 2.0, 1 / 7, 7.0, -1.0}), (1, {1 / 2, 2.0, -1.0})]
)
def test_the_strengths_that_people_use_are_tried_and_the_right_one_is_none(
    rows: int, strengths: set[float]
) -> None:
    case = network_case((3, 4, 2), rows, l2=0.1)
    scene, right = scene_of(case), case.gradient()
    made = [*BUGS["l2-strength"].mutants(scene)]
    assert {mutant.factor for mutant in made} == strengths
    for mutant in made:
        assert mutant.factor is not None
        found = scene.gradient(mutant.bend(RIGHT))
        for M, R, W in zip(found.W, right.W, case.network.W, strict=True):
            assert pytest.approx((mutant.factor - 1) * 0.1 * W, rel=1e-6, abs=1e-12) == M - R


@pytest.mark.parametrize("c", [0.3, 2.0, -1.5])
@pytest.mark.parametrize("layers", [(1,), (2,), (1, 2)])
def test_any_strength_is_fitted_in_one_layer_or_in_all(layers: tuple[int, ...], c: float) -> None:
    case = network_case((3, 4, 2), 7, l2=0.1)
    given = case.gradient()
    for i in layers:
        given.W[i - 1][:] += (c - 1) * 0.1 * case.network.W[i - 1]
    (found,) = diagnose(case, given, rounding_bounds(case), 1e-6)
    assert (found.bug, found.layers) == ("l2-strength", layers)
    assert found.factor == pytest.approx(c, rel=1e-6)


@pytest.mark.parametrize("layers", [(1,), (2,), (3,), (1, 3)])
@pytest.mark.parametrize(
    ("bug", "wrong"),
    [
        ("l2-constant", np.ones_like),
        ("l2-sign", np.sign),
        ("missing-l2", np.zeros_like),
        ("l2-strength", lambda W: W / 7),
        ("l2-strength", np.negative),
    ],
)
def test_a_mistake_in_some_tensors_alone_is_told(
    bug: str, wrong: Callable[[FloatArray], FloatArray], layers: tuple[int, ...]
) -> None:
    case = network_case((3, 4, 5, 2), 7, l2=0.1, activation="relu")
    given = case.gradient()
    for i in layers:
        W = case.network.W[i - 1]
        given.W[i - 1][:] += 0.1 * (wrong(W) - W)
    (found,) = diagnose(case, given, rounding_bounds(case), 1e-6)
    assert (found.bug, found.parameters) == (bug, tuple(f"W{i}" for i in layers))


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_a_constant_in_one_bias_is_told(layer: int) -> None:
    case = network_case((3, 4, 5, 2), 7, l2=0.1)
    given = case.gradient()
    given.b[layer - 1][:] += 0.1
    (found,) = diagnose(case, given, rounding_bounds(case), 1e-6)
    assert (found.bug, found.parameters) == ("l2-constant", (f"b{layer}",))
