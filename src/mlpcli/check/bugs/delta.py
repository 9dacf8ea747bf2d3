"""Bugs made on the way down: in f'(H_i), in delta_i, and in the matrix that carries it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.fit import linear
from mlpcli.check.bugs.record import Bug, Mutant, at, bend_output, one_or_all
from mlpcli.nn.activations import Relu, Sigmoid, Tanh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.activations import Activation
    from mlpcli.nn.backprop import OnArray, Rules
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["BUGS"]

_USUAL_RATE = 0.01  # for a case that knows of no learning rate


def _hidden_slopes(scene: Scene, make: Callable[[Scene, int], FloatArray]) -> Iterator[Mutant]:
    """Yield f'_k replaced, at one or all hidden layers where that makes a difference."""
    wrong = {k: make(scene, k) for k in scene.hidden}
    differ = [k for k in scene.hidden if (wrong[k] != scene.s[k]).any()]  # else it is no bug
    for layers in one_or_all(differ):
        yield Mutant(layers, at("slope", {k: wrong[k] for k in layers}))


def _slope_instead(
    make: Callable[[Scene, int], FloatArray],
) -> Callable[[Scene], Iterator[Mutant]]:
    """Return what yields f'_k replaced, at one or all layers; the output's where l' has it."""

    def mutants(scene: Scene) -> Iterator[Mutant]:
        yield from _hidden_slopes(scene, make)
        last = make(scene, scene.depth)
        bent = scene.loss.with_output_slope(scene.logits, scene.case.y, last)
        right = scene.case.objective.derivative(scene.logits, scene.case.y)
        if bent is not None and (bent != right).any():
            yield Mutant((scene.depth,), bend_output(lambda _derivative: bent))

    return mutants


def _neighbours_slope(scene: Scene) -> Iterator[Mutant]:
    """Yield f' of the layer below or above, where its width fits or broadcasts."""
    widths = [s.shape[1] for s in scene.s]
    for step in (-1, 1):
        fit = [k for k in scene.hidden if k + step >= 1 and widths[k + step] in {1, widths[k]}]
        fit = [k for k in fit if (scene.s[k + step] != scene.s[k]).any()]  # else it is no bug
        for layers in one_or_all(fit):
            yield Mutant(layers, at("slope", {k: scene.s[k + step] for k in layers}))


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


def _transposed_weight(scene: Scene) -> Iterator[Mutant]:
    """Yield W_{i+1}^T for W_{i+1} on the way down."""
    square = [i for i in scene.layers[1:] if scene.W[i].shape[0] == scene.W[i].shape[1] > 1]
    for layers in one_or_all(square):
        yield Mutant(layers, at("carry", dict.fromkeys(layers, lambda W, _dW: W.T)))


def _early(scene: Scene, eta: float) -> Mutant:
    """Return weights that are updated, by this rate, before delta passes them."""
    early = dict.fromkeys(scene.layers[1:], lambda W, dW: W - eta * dW)
    return Mutant(scene.hidden, at("carry", early), learning_rate=eta)


def _fit_early(scene: Scene, rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield the rate fitted at layer L-1; the layers below must verify it."""
    if layer == scene.depth - 1:
        eta = linear(scene, rules, given, layer, lambda eta: _early(scene, eta).bend)
        if eta is not None and eta > 0:
            yield _early(scene, eta)


def _usual_early(scene: Scene) -> Iterator[Mutant]:
    if scene.hidden:
        yield _early(scene, scene.case.learning_rate or _USUAL_RATE)


def _slope_of(activation: Activation, words: str) -> Bug:
    """Return the bug of another activation's slope, as people write it, by H_i and Z_i."""

    def slope(scene: Scene, k: int) -> FloatArray:
        return activation.textbook_slope(scene.H[k], scene.Z[k])

    def mutants(scene: Scene) -> Iterator[Mutant]:
        if scene.case.network.activation.name != activation.name:
            yield from _hidden_slopes(scene, slope)

    return Bug(
        f"{activation.name}-slope",
        f"delta_i is multiplied by the derivative of {activation.name}, {words}, "
        "which is not the activation here",
        "multiply by sigma'(H_i), which is Z_i (1 - Z_i)",
        mutants,
    )


BUGS: Sequence[Bug] = (
    Bug(
        "missing-sigma-prime",
        "delta_i lacks the factor sigma'(H_i)",
        "multiply (delta_{i+1} W_{i+1}) by Z_i (1 - Z_i), elementwise",
        _slope_instead(lambda _scene, _k: np.ones((1, 1))),
    ),
    Bug(
        "sigma-prime-of-activation",
        "sigma' is taken of the activation: sigma'(Z_i) where sigma'(H_i) belongs",
        "use Z_i (1 - Z_i), or call the derivative with H_i instead of Z_i",
        _slope_instead(lambda scene, k: scene.slope_at(k, scene.Z[k])),
    ),
    Bug(
        "activation-as-derivative",
        "the activation Z_i stands where its derivative belongs",
        "multiply by Z_i (1 - Z_i) instead of Z_i",
        _slope_instead(lambda scene, k: scene.Z[k]),
    ),
    _slope_of(Sigmoid(), "z (1 - z)"),
    _slope_of(Tanh(), "1 - z^2"),
    _slope_of(Relu(), "1 where h > 0"),
    Bug(
        "sigma-prime-wrong-layer",
        "delta_i is multiplied by sigma' of a neighbouring layer",
        "use the H or Z of the layer whose delta is computed",
        _neighbours_slope,
    ),
    Bug(
        "last-layer-closed-form",
        "the closed form of the last layer, (Z - Y)^T Z_{i-1}, is used for a hidden layer",
        "Z_i - Y is delta of the last layer only; below it, "
        "delta_i = (delta_{i+1} W_{i+1}) * sigma'(H_i)",
        _closed_form,
    ),
    Bug(
        "weight-not-transposed",
        "delta_{i+1} is carried down by the transpose of the right matrix",
        "with rows as samples and W_i of shape (n_i, n_{i-1}) it is delta_{i+1} W_{i+1}",
        _transposed_weight,
        below=True,
    ),
    Bug(
        "weights-updated-too-early",
        "W_i is updated before delta_{i-1} is computed with it",
        "compute all gradients first, then update all weights",
        fit=_fit_early,
        examples=_usual_early,
    ),
)
