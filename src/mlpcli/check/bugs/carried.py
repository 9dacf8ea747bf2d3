"""Bugs made in what carries delta from one layer to the next: in delta_i and in W_i."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.fit import linear
from mlpcli.check.bugs.online import fit_online
from mlpcli.check.bugs.record import NO_DELTA, Bug, Mutant, at, instead, one_or_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mlpcli.check.bugs.record import Bend
    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.backprop import OnArray, Rules
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["BUGS"]

_USUAL_RATE = 0.01  # for a case that knows of no learning rate
_BELOW = "the tensors down to this layer are right, the layers below are wrong"


def _closed_form(scene: Scene) -> Iterator[Mutant]:
    """Yield delta_i = Z_i - Y, with 1/N or without, for the layer alone or for those below too.

    Where it is right for the last layer it is wrong in the others only.
    """
    layers = scene.hidden if scene.loss.canonical else scene.layers
    fit = [i for i in layers if scene.outputs == 1 or scene.Z[i].shape[1] == scene.outputs]
    for rule in ("local", "delta"):
        for weight in (scene.case.shares, scene.case.shares * scene.rows):
            for chosen in one_or_all(fit):
                deltas = {i: _constant((scene.Z[i] - scene.case.y) * weight) for i in chosen}
                yield Mutant(chosen, at(rule, deltas))


def _constant(value: FloatArray) -> OnArray:
    return lambda _delta: value


def _errors(scene: Scene) -> Iterator[Mutant]:
    """Yield the error carried down without f', which enters each layer's own delta only.

    With one hidden layer nothing is below it, so that this is right, unless the output's slope is
    left out as well.
    """
    above = scene.loss.with_output_slope(scene.logits, scene.case.y, scene.s[-1]) is not None
    above = above and not scene.linear_output
    if not scene.hidden or not (above or len(scene.hidden) > 1):
        return
    if all((scene.s[k] == 1).all() for k in scene.hidden) and not above:
        return
    slopes = {k: np.ones((1, 1)) for k in scene.hidden}
    factors = {k: _times(scene.s[k]) for k in (scene.layers if above else scene.hidden)}

    def bend(rules: Rules) -> Rules:
        if above:
            rules = instead(scene.loss.by_output(scene.logits, scene.case.y))(rules)
        return rules.also("slope", slopes).also("local", factors)

    yield Mutant(scene.hidden, bend)


def _times(slope: FloatArray) -> OnArray:
    return lambda error: error * slope


def _carried_by(matrices: Mapping[int, FloatArray]) -> Iterator[Mutant]:
    """Yield these matrices in the place of W_i on the way down, at one or all of the layers."""
    for layers in one_or_all([*matrices]):
        yield Mutant(layers, at("carry", {i: _product(matrices[i]) for i in layers}))


def _product(matrix: FloatArray) -> Callable[[FloatArray, FloatArray, FloatArray], FloatArray]:
    return lambda delta, _W, _dW: delta @ matrix


def _transposed(scene: Scene) -> Iterator[Mutant]:
    """Yield W_{i+1}^T for W_{i+1} on the way down."""
    yield from _carried_by({i: scene.W[i].T for i in scene.layers[1:] if scene.square(i)})


def _of_below(scene: Scene) -> Iterator[Mutant]:
    """Yield W_{i-1} for W_i on the way down from layer i."""
    fit = [i for i in scene.layers[1:] if scene.W[i].shape == scene.W[i - 1].shape]
    yield from _carried_by({i: scene.W[i - 1] for i in fit})


def _shifted(scene: Scene) -> Iterator[Mutant]:
    """Yield [b_i W_i] or [W_i b_i] without the wrong column, as where a bias is folded in."""
    if not scene.bias:
        return
    columns = {i: scene.b[i][:, np.newaxis] for i in scene.layers[1:]}
    yield from _carried_by({i: np.hstack([b, scene.W[i][:, :-1]]) for i, b in columns.items()})
    yield from _carried_by({i: np.hstack([scene.W[i][:, 1:], b]) for i, b in columns.items()})


def _early(scene: Scene, eta: float) -> Mutant:
    """Return weights that are updated, by this rate, before delta passes them."""

    def carry(delta: FloatArray, W: FloatArray, dW: FloatArray) -> FloatArray:
        carried: FloatArray = delta @ (W - eta * dW)
        return carried

    early = dict.fromkeys(scene.layers[1:], carry)
    return Mutant(scene.hidden, at("carry", early), learning_rate=eta)


def _early_by_row(scene: Scene, eta: float) -> Mutant:
    """Return the same, row by row, each row's own dJ/dW_i taken from W_i before it passes.

    With one row delta (W - eta delta^T z) = delta W - eta (delta delta^T) z; where J is a mean,
    N delta_i is the row's own.
    """
    rows = scene.rows if scene.mean_over_rows else 1

    def below(i: int) -> Callable[[FloatArray, FloatArray, FloatArray], FloatArray]:
        Z, kept = scene.Z[i - 1], 1 - eta * scene.case.objective.l2

        def carry(delta: FloatArray, W: FloatArray, _dW: FloatArray) -> FloatArray:
            length = rows * (delta * delta).sum(axis=1, keepdims=True)
            carried: FloatArray = kept * (delta @ W) - eta * length * Z
            return carried

        return carry

    early = {i: below(i) for i in scene.layers[1:]}
    return Mutant(scene.hidden, at("carry", early), learning_rate=eta, note="row by row")


def _fit_early(scene: Scene, rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield the rate fitted at layer L-1; the layers below must verify it."""
    yield from fit_online(scene, rules, given, layer)
    if layer != scene.depth - 1:
        return
    for make in (_early, _early_by_row) if scene.rows > 1 else (_early,):
        eta = linear(scene, rules, given, layer, partial(_bend_of, make, scene))
        if eta is not None and eta > 0:
            yield make(scene, eta)


def _bend_of(make: Callable[[Scene, float], Mutant], scene: Scene, eta: float) -> Bend:
    return make(scene, eta).bend


def _usual_early(scene: Scene) -> Iterator[Mutant]:
    if scene.hidden:
        yield _early(scene, scene.case.learning_rate or _USUAL_RATE)


BUGS: Sequence[Bug] = (
    Bug(
        "last-layer-closed-form",
        "dJ/dW_i is made by the closed form (Z_i - Y)^T Z_{i-1}, which is that of a last layer "
        "under cross-entropy alone",
        "delta_L is $delta, and below it delta_i = $carried * $f'(H_i)",
        "one layer is wrong by another ratio in each entry, or all from there down",
        _closed_form,
    ),
    Bug(
        "error-instead-of-delta",
        "the error is carried down without $f': e_i = e_{i+1} W_{i+1}, and only each layer's own "
        "gradient has its slope",
        "carry delta_i = $carried * $f'(H_i) down, slope included",
        "the last layer and the one below it are right, all others are too large",
        _errors,
        hidden_by=(NO_DELTA,),
    ),
    Bug(
        "weight-not-transposed",
        "delta_{i+1} is carried down by the transpose of the right matrix",
        "what is carried down is $carried",
        _BELOW,
        _transposed,
        hidden_by=(NO_DELTA,),
    ),
    Bug(
        "weight-of-layer-below",
        "delta_{i+1} is carried down by W_i, the matrix of the layer below, instead of W_{i+1}",
        "with weights counted from layer 1 it is $carried: check the index",
        _BELOW,
        _of_below,
        hidden_by=(NO_DELTA,),
    ),
    Bug(
        "weight-column-shifted",
        "delta_{i+1} is carried down by the columns of [b W] that lie one beside the right ones",
        "leave out the column of the bias, and no other, before delta passes W_{i+1}",
        _BELOW,
        _shifted,
        hidden_by=(NO_DELTA,),
    ),
    Bug(
        "weights-updated-too-early",
        "W_i is updated before delta_{i-1} is computed with it",
        "compute all gradients first, then update all weights",
        "the last layer is right, those below are off, the more the larger the learning rate",
        fit=_fit_early,
        examples=_usual_early,
        hidden_by=(NO_DELTA,),
    ),
)
