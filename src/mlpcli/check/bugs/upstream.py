"""Bugs made where the derivative of the activation meets what is carried down, delta_{i+1} W_{i+1}.

A course's `relu_backward(dA, cache)` holds both: dZ = dA, set to 0 where Z <= 0. One is taken for
the other there, or left out.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.record import NO_DELTA, Bug, Mutant, one_or_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.backprop import OnArray, Rules
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["BUGS"]

_BELOW = "the tensors above are right; from this layer down each entry is off by a ratio of its own"
_ONES = np.ones((1, 1))
_NEAR_ONE = 1e-4


def _mutants(make: Callable[[Scene, int], OnArray], scene: Scene) -> Iterator[Mutant]:
    """Yield delta_k made by a function of delta_{k+1} W_{k+1}, at one or all hidden layers."""
    for layers in one_or_all(scene.hidden):
        yield Mutant(layers, partial(_made_so, {k: make(scene, k) for k in layers}))


def _made_so(makers: Mapping[int, OnArray], rules: Rules) -> Rules:
    return rules.also("slope", dict.fromkeys(makers, _ONES)).also("delta", makers)


def _slope_of_upstream(scene: Scene) -> Iterator[Mutant]:
    for mutant in _mutants(_times_slope_of_itself, scene):
        if any(_bends(scene, k) for k in mutant.layers):
            yield mutant


def _bends(scene: Scene, layer: int) -> bool:
    """Whether f' of what comes from above is not 1: else it is missing-sigma-prime."""
    error = scene.deltas[layer + 1] @ scene.W[layer + 1]
    return bool((np.abs(scene.slope_at(layer, error) - 1) > _NEAR_ONE).any())


def _times_slope_of_itself(scene: Scene, layer: int) -> OnArray:
    def delta(error: FloatArray) -> FloatArray:
        product: FloatArray = error * scene.slope_at(layer, error)
        return product

    return delta


def _slope_alone(scene: Scene, layer: int) -> OnArray:
    return lambda error: np.broadcast_to(scene.s[layer], error.shape)


BUGS: Sequence[Bug] = (
    Bug(
        "slope-of-upstream",
        "$f' is taken of delta_{i+1} W_{i+1}, not of H_i: of relu that is dZ[dA <= 0] = 0",
        "multiply $carried by $slope, elementwise: under relu dZ[Z <= 0] = 0",
        _BELOW,
        _slope_of_upstream,
        hidden_by=(NO_DELTA,),
    ),
    Bug(
        "upstream-missing",
        "delta_i is the derivative $f'(H_i) alone: what comes from the layer above is left out",
        "multiply it by $carried, elementwise",
        _BELOW,
        partial(_mutants, _slope_alone),
    ),
)
