"""Bugs made in f'(H_i), by which delta is multiplied on its way down."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs import foreign_slopes
from mlpcli.check.bugs.derivative import of_layers, replaced
from mlpcli.check.bugs.fit import linear
from mlpcli.check.bugs.record import NO_DELTA, Bug, Mutant, at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.check.bugs.derivative import Slope
    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.backprop import Rules
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["BUGS"]

_USUAL_ALPHA = 0.2  # to be noticed where 0.01 is right

_BELOW = "the tensors above are right; from this layer down each entry is off by a ratio of its own"
_HIDDEN = (NO_DELTA,)
_AT_OUTPUT = "at the output delta_L is $delta"
_BY_THE_SLOPE = "multiply $carried by $slope, elementwise"


def _slope(
    name: str,
    explanation: str,
    make: Slope,
    *,
    fix: str = _BY_THE_SLOPE,
    looks: str = _BELOW,
) -> Bug:
    """Return the bug of this array in the place of f'(H_k)."""
    mutants = partial(replaced, make)
    return Bug(name, explanation, fix, looks, mutants, hidden_by=_HIDDEN, fix_at_output=_AT_OUTPUT)


def _fitting(scene: Scene, wrong: dict[int, FloatArray]) -> dict[int, FloatArray]:
    """Return those whose width fits the layer, or broadcasts to it."""
    return {k: s for k, s in wrong.items() if s.shape[1] in {1, scene.s[k].shape[1]}}


def _neighbours(scene: Scene) -> Iterator[Mutant]:
    """Yield f' of the layer below or above."""
    for step in (-1, 1):
        wrong = {k: scene.s[k + step] for k in scene.hidden if k + step >= 1}
        yield from of_layers(scene, _fitting(scene, wrong))


def _of_next_output(scene: Scene) -> Iterator[Mutant]:
    """Yield f'_k as people write it by the output, of Z_{k+1} in the place of Z_k."""
    wrong = {k: scene.written_slope(k, scene.Z[k + 1], scene.Z[k + 1]) for k in scene.hidden}
    yield from of_layers(scene, _fitting(scene, wrong))


def _times_bias(scene: Scene) -> Iterator[Mutant]:
    if scene.bias:
        yield from of_layers(scene, {k: scene.s[k] * scene.b[k] for k in scene.hidden})


def _alpha(scene: Scene, alpha: float) -> Mutant:
    """Return this slope below the kink of every hidden layer."""
    wrong = {k: np.where(scene.H[k] > 0, 1.0, alpha) for k in scene.hidden}
    words = f"slope {alpha:.6g} below 0"
    return Mutant(scene.hidden, at("slope", wrong), factor=alpha, note=words)


def _fit_alpha(scene: Scene, rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield the slope fitted at layer L-1; the layers below must verify it."""
    if layer == scene.depth - 1 and scene.case.network.activation.jump:
        alpha = linear(scene, rules, given, layer, lambda a: _alpha(scene, a).bend)
        if alpha is not None:
            yield _alpha(scene, alpha)


def _usual_alpha(scene: Scene) -> Iterator[Mutant]:
    act = scene.case.network.activation
    if scene.hidden and act.jump:
        same = act.jump == 1 - _USUAL_ALPHA
        yield _alpha(scene, _USUAL_ALPHA / 2 if same else _USUAL_ALPHA)


_ALPHA = Bug(
    "leaky-alpha",
    "the slope below 0 in the backward pass is another one than in the forward pass",
    "use one slope in both passes",
    "the tensors above are right; below, only what units with H_i < 0 carry is off",
    fit=_fit_alpha,
    examples=_usual_alpha,
    hidden_by=_HIDDEN,
)

BUGS: Sequence[Bug] = (
    _slope(
        "missing-sigma-prime",
        "delta_i lacks the factor $f'(H_i)",
        lambda _scene, _k: np.ones((1, 1)),
        looks="the tensors above are right; from this layer down the entries are too large, under "
        "sigmoid four times and more",
    ),
    _slope(
        "sigma-prime-of-activation",
        "$f' is taken of the activation: $f'(Z_i) where $f'(H_i) belongs",
        lambda scene, k: scene.slope_at(k, scene.Z[k]),
        fix="use $slope, or call the derivative with H_i instead of Z_i",
    ),
    _slope(
        "activation-as-derivative",
        "the activation Z_i stands where its derivative belongs",
        lambda scene, k: scene.Z[k],
        fix="multiply by $slope instead of Z_i",
    ),
    _slope(
        "slope-of-preactivation",
        "the derivative that is written for Z_i is fed with H_i: h (1 - h), or 1 - h^2",
        lambda scene, k: scene.written_slope(k, scene.H[k], scene.H[k]),
        fix="use $slope: call the derivative with Z_i, as it is written for",
    ),
    _slope(
        "one-minus-activation",
        "1 - Z_i stands where the derivative belongs",
        lambda scene, k: 1 - scene.Z[k],
        fix="multiply by $slope instead of 1 - Z_i",
    ),
    _slope(
        "preactivation-as-derivative",
        "the pre-activation H_i stands where the derivative belongs",
        lambda scene, k: scene.H[k],
        fix="multiply by $slope instead of H_i",
    ),
    _slope(
        "slope-twice",
        "delta_i is multiplied by $f'(H_i) twice",
        lambda scene, k: scene.s[k] ** 2,
        fix="multiply by $slope once",
        looks="the tensors above are right; from this layer down the entries are too small",
    ),
    *foreign_slopes.BUGS,
    _slope(
        "step-of-output",
        "1 where Z_i > 0 stands where the derivative belongs",
        lambda scene, k: (scene.Z[k] > 0).astype(np.float64),
    ),
    Bug(
        "slope-times-bias",
        "delta_i is multiplied by the bias b_i too",
        _BY_THE_SLOPE,
        _BELOW,
        _times_bias,
        hidden_by=_HIDDEN,
    ),
    Bug(
        "sigma-prime-wrong-layer",
        "delta_i is multiplied by $f' of a neighbouring layer",
        "use the H or Z of the layer whose delta is computed",
        _BELOW,
        _neighbours,
        hidden_by=_HIDDEN,
    ),
    Bug(
        "slope-of-next-output",
        "the derivative is taken at Z_{i+1}, the output of the next layer",
        "use the Z of the layer whose delta is computed",
        _BELOW,
        _of_next_output,
        hidden_by=_HIDDEN,
    ),
    _ALPHA,
)
