"""Bugs made in one tensor, or in the list of them: delta is right, what is made of it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.fit import linear
from mlpcli.check.bugs.output import ONE_ROW
from mlpcli.check.bugs.record import Bug, Hiding, Mutant, at, finish, one_or_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlpcli.check.bugs.record import Bend
    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.backprop import OnArray, Rules
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["BUGS"]

_NEAREST_TO_ONE = 1e-5  # a ratio nearer to 1 may be truncation in disguise


def _scale(c: float, layers: Sequence[int], letters: str = "Wb") -> Bend:
    """Return a bend that multiplies the gradient of these layers' W, b or both by c."""

    def change(gradient: Parameters) -> None:
        for letter in letters:
            tensors = gradient.W if letter == "W" else gradient.b
            for i in layers:
                tensors[i - 1][:] *= c

    return finish(change)


def _letters(scene: Scene) -> tuple[str, ...]:
    return ("Wb", "W", "b") if scene.bias else ("W",)


def _square(scene: Scene) -> list[int]:
    return [i for i in scene.layers if scene.W[i].shape[0] == scene.W[i].shape[1]]


def _transposed(scene: Scene) -> Iterator[Mutant]:
    """Yield dW_i^T for dW_i."""
    for layers in one_or_all([i for i in _square(scene) if scene.W[i].shape[0] > 1]):
        yield Mutant(layers, finish(_transpose(layers)))


def _transpose(layers: Sequence[int]) -> Callable[[Parameters], None]:
    def change(gradient: Parameters) -> None:
        for i in layers:
            gradient.W[i - 1][:] = gradient.W[i - 1].T.copy()

    return change


def _wrong_input(scene: Scene) -> Iterator[Mutant]:
    """Yield Z_i for Z_{i-1} in dJ/dW_i."""
    for layers in one_or_all(_square(scene)):
        yield Mutant(layers, at("input", {i: scene.Z[i] for i in layers}))


def _one_row(row: int) -> OnArray:
    return lambda delta: delta[row]


def _biases(scene: Scene, *ways: OnArray) -> Iterator[Mutant]:
    """Yield db_i made of delta_i in these ways, at one or all layers."""
    for layers in one_or_all(scene.layers) if scene.bias else ():
        for way in ways:
            yield Mutant(layers, at("bias", dict.fromkeys(layers, way)))


def _mean(delta: FloatArray) -> FloatArray:
    mean: FloatArray = delta.mean(axis=0)
    return mean


def _nearest_row(scene: Scene, rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield the bias gradient as delta of the one row that comes nearest to it."""
    if not scene.bias:
        return
    seen: list[FloatArray] = []

    def remember(delta: FloatArray) -> FloatArray:
        seen.append(delta)
        total: FloatArray = delta.sum(axis=0)
        return total

    scene.gradient(rules.also("bias", {layer: remember}), lowest=layer)
    with np.errstate(all="ignore"):
        row = int(np.argmin(np.abs(seen[0] - given.b[layer - 1]).sum(axis=1)))
    for layers in ((layer,), scene.layers):
        yield Mutant(layers, at("bias", dict.fromkeys(layers, _one_row(row))))


def _signs(scene: Scene) -> Iterator[Mutant]:
    """Yield -1 times the gradient, one delta_i, one layer, or one tensor."""
    yield Mutant(scene.layers, _scale(-1.0, scene.layers))
    for i in scene.layers:
        for rule in ("delta", "local"):
            yield Mutant((i,), at(rule, {i: np.negative}))
        for letters in _letters(scene):
            yield Mutant((i,), _scale(-1.0, (i,), letters))


def _zeros(scene: Scene) -> Iterator[Mutant]:
    """Yield one tensor, one layer, the layers from one down, or everything zero."""
    for i in scene.layers:
        for letters in _letters(scene):
            yield Mutant((i,), _scale(0.0, (i,), letters))
        yield Mutant((i,), at("local", {i: np.zeros_like}))
        below = tuple(range(1, i + 1))
        if i > 1:
            yield Mutant(below, _scale(0.0, below))
            yield Mutant(below, at("delta", {i: np.zeros_like}))


def _reversed(scene: Scene) -> Iterator[Mutant]:
    """Yield the list of gradients in reverse order, where mirrored shapes are equal."""
    shapes = [W.shape for W in scene.W[1:]]
    if scene.depth < 2 or shapes != shapes[::-1]:
        return

    def change(gradient: Parameters) -> None:
        for tensors in (gradient.W, gradient.b):
            copies = [tensor.copy() for tensor in reversed(tensors)]
            for tensor, copied in zip(tensors, copies, strict=True):
                tensor[:] = copied

    yield Mutant(scene.layers, finish(change))


def _missing_penalty(scene: Scene) -> Iterator[Mutant]:
    yield Mutant(scene.layers, lambda rules: replace(rules, penalty=0.0))


def _penalty_on_bias(scene: Scene) -> Iterator[Mutant]:
    if scene.bias:
        yield Mutant(scene.layers, lambda rules: replace(rules, bias_penalty=1.0))


def _fit_scaled(scene: Scene, rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield one factor on the network, on delta_i, on the layer alone, and on either tensor."""
    places: list[tuple[tuple[int, ...], Callable[[float], Bend]]] = [
        ((layer,), lambda c: at("delta", {layer: lambda delta: c * delta})),
        ((layer,), lambda c: at("local", {layer: lambda delta: c * delta})),
        *(((layer,), _by_tensor((layer,), letters)) for letters in ("Wb", "W", "b")),
    ]
    if layer == scene.depth:
        places.append((scene.layers, _by_tensor(scene.layers, "Wb")))
    for layers, bend in places:
        c = linear(scene, rules, given, layer, bend)
        if c and abs(abs(c) - 1) > _NEAREST_TO_ONE:
            yield Mutant(layers, bend(c), factor=c)


def _by_tensor(layers: tuple[int, ...], letters: str) -> Callable[[float], Bend]:
    return lambda c: _scale(c, layers, letters)


def _doubled(scene: Scene) -> Iterator[Mutant]:
    for i in scene.layers:
        yield Mutant((i,), at("delta", {i: lambda delta: 2 * delta}))
        for letter in ("W", "b") if scene.bias else ("W",):
            yield Mutant((i,), _scale(2.0, (i,), letter))


_NO_PENALTY = Hiding("there is no L2 penalty", lambda scene, _found: not scene.case.objective.l2)
_ZERO_BIASES = Hiding(
    "all biases are zero", lambda scene, _found: not any(b.any() for b in scene.case.network.b)
)

BUGS: Sequence[Bug] = (
    Bug(
        "gradient-transposed",
        "dJ/dW_i is transposed",
        "with W_i of shape (n_i, n_{i-1}) it is delta_i^T Z_{i-1}",
        _transposed,
    ),
    Bug(
        "wrong-input-activation",
        "dJ/dW_i is made with the layer's output Z_i where its input belongs",
        "use Z_{i-1}: dJ/dW_i = delta_i^T Z_{i-1}",
        _wrong_input,
    ),
    Bug(
        "bias-not-summed",
        "dJ/db_i is delta of one row",
        "sum delta_i over the rows",
        lambda scene: _biases(scene, _one_row(0), _one_row(-1)),
        fit=_nearest_row,
        hidden_by=(ONE_ROW,),
    ),
    Bug(
        "bias-averaged",
        "dJ/db_i is the mean of delta over rows, though delta is divided by N already",
        "sum delta_i over the rows",
        lambda scene: _biases(scene, _mean),
        hidden_by=(ONE_ROW,),
    ),
    Bug(
        "sign-flipped",
        "the sign is wrong",
        "it is z - y, not y - z; and the update subtracts the gradient",
        _signs,
        one_mistake=True,
    ),
    Bug(
        "zero-gradient",
        "the gradient is 0 where it should not be",
        "check that it is written at all, and not cut off above",
        _zeros,
        generic=True,
        settles=False,
    ),
    Bug(
        "layers-reversed",
        "the layers are listed from the output to the input",
        "reverse the list: layer 1 is the one next to X",
        _reversed,
    ),
    Bug(
        "missing-l2",
        "the gradient of the L2 penalty is missing",
        "add l2 W_i to dJ/dW_i (l2 is not divided by N)",
        _missing_penalty,
        hidden_by=(_NO_PENALTY,),
    ),
    Bug(
        "l2-on-bias",
        "the L2 penalty's gradient is added to the biases, which are not penalised",
        "add l2 times the parameter to the weights only",
        _penalty_on_bias,
        hidden_by=(_NO_PENALTY, _ZERO_BIASES),
    ),
    Bug(
        "scaled",
        "the gradient is a constant multiple of the right one",
        "look for that factor where delta is made",
        fit=_fit_scaled,
        examples=_doubled,
        generic=True,
        settles=False,
        one_mistake=True,
    ),
)
