"""Bugs made by the derivative of another activation than that of the layer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.derivative import readings, replaced
from mlpcli.check.bugs.fit import linear
from mlpcli.check.bugs.record import NO_DELTA, Bug, Mutant, at
from mlpcli.nn.activations import Relu, Sigmoid, Tanh

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.activation import Activation
    from mlpcli.nn.backprop import Rules
    from mlpcli.nn.network import Parameters

__all__ = ["BUGS"]

_BELOW = "the tensors above are right; from this layer down each entry is off by a ratio of its own"

_NEAREST_TO_ONE = 1e-5  # a slope nearer to 1 is none: the factor is missing


def _other(name: str, f: Activation, words: str) -> Bug:
    """Return the bug of this activation's slope: as people write it, and in all other ways."""
    return Bug(
        name,
        f"delta_i is multiplied by the derivative of {f.name}, {words}, which is not the "
        "activation here",
        "multiply $carried by $slope, elementwise",
        _BELOW,
        partial(_as_written, f),
        fit=partial(_fit_leaky, f),
        ways=partial(_ways, f),
        hidden_by=(NO_DELTA,),
        fix_at_output="at the output delta_L is $delta",
    )


def _as_written(f: Activation, scene: Scene) -> Iterator[Mutant]:
    """Yield it in the hidden layers, written by H_i and Z_i."""
    slope, *_ = readings(f)
    yield from replaced(slope.at, scene, _foreign(f, scene, scene.hidden))


def _ways(f: Activation, scene: Scene) -> Iterator[Mutant]:
    """Yield it at the output too, and the right function of f, or what is written of z, of H_i."""
    layers = _foreign(f, scene, scene.layers)
    for slope in readings(f):
        told = [k for k in layers if (slope.at(scene, k) != 1).any()]  # else it is missing
        yield from replaced(slope.at, scene, told, slope.note)


def _foreign(f: Activation, scene: Scene, layers: Sequence[int]) -> list[int]:
    """Return those of the layers whose activation is another one."""
    return [k for k in layers if not isinstance(scene.activation_at(k), type(f))]


def _fit_leaky(
    f: Activation, scene: Scene, rules: Rules, given: Parameters, layer: int
) -> Iterator[Mutant]:
    """Yield 1 above 0 and another slope below it, fitted at layer L-1, where f is smooth."""
    smooth = not scene.case.network.activation.jump
    if layer == scene.depth - 1 and f.jump and smooth:
        below = linear(scene, rules, given, layer, lambda a: _leaky(scene, a).bend)
        if below and abs(below - 1) > _NEAREST_TO_ONE:
            yield _leaky(scene, below)


def _leaky(scene: Scene, below: float) -> Mutant:
    wrong = {k: np.where(scene.H[k] > 0, 1.0, below) for k in scene.hidden}
    words = f"slope {below:.6g} below 0"
    return Mutant(scene.hidden, at("slope", wrong), factor=below, note=words)


BUGS: Sequence[Bug] = (
    _other("sigmoid-slope", Sigmoid(), "z (1 - z)"),
    _other("tanh-slope", Tanh(), "1 - z^2"),
    _other("relu-slope", Relu(), "1 where h > 0"),
)
