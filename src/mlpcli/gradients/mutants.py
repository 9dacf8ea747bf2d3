"""The bugs that people make in a backward pass, each as rules bent in one place.

A bug has variants: at which layer, with or without 1/N, and so on. `variants` yields those that the
shapes of a case allow. Bugs with a number in them that only a given gradient can tell (a factor, a
learning rate) are in `fitted.py`; what each bug means to a user is in `catalogue.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mlpcli.gradients.backprop import Array, Forward, Rules
from mlpcli.nn.activations import sigmoid
from mlpcli.nn.losses import BCE_FORMS

if TYPE_CHECKING:
    from mlpcli.nn.network import Parameters

__all__ = ["Mutant", "at", "bend_output", "finish", "one_or_all", "variants"]

Bend: TypeAlias = Callable[[Rules], Rules]
Derivative: TypeAlias = Callable[[Array, Array, float], Array]

CLAMPS = (1e-15, 1e-12, 1e-8, 1e-7, 1e-6, float(np.finfo(np.float64).eps))
EPSILONS = tuple(float(f"1e-{k}") for k in range(1, 17))


@dataclass(frozen=True)
class Mutant:
    """One way to go wrong: a bug's name, the layers where it is made, and how it bends the rules.

    `layers` count from 1. The numbers are those of the variant, None where the bug has none.
    """

    bug: str
    layers: tuple[int, ...]
    bend: Bend
    factor: float | None = None
    epsilon: float | None = None
    learning_rate: float | None = None


def variants(f: Forward) -> Iterator[Mutant]:
    """Yield every variant of every bug without a free number that the shapes allow."""
    for make in (_reductions, _slopes, _closed_forms, _outputs, _forms, _transposed, _wrong_inputs,
                 _rows, _biases, _signs, _zeros, _reversed, _penalties):  # fmt: skip
        yield from make(f)


def one_or_all(layers: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield each layer by itself and, of several, all together."""
    yield from ((i,) for i in layers)
    if len(layers) > 1:
        yield tuple(layers)


def at(name: str, replacements: Mapping[int, object]) -> Bend:
    """Return a bend that replaces lines in one of the mappings of `Rules`."""
    return lambda rules: rules.also(name, replacements)


def bend_output(change: Callable[[Forward, Array], Array]) -> Bend:
    """Return a bend of l'(h, y): a function of the forward pass and of the value so far."""

    def bend(rules: Rules) -> Rules:
        before = rules.output
        return replace(rules, output=lambda f: change(f, before(f)))

    return bend


def finish(change: Callable[[Parameters], None]) -> Bend:
    """Return a bend that changes the finished gradient in place."""
    return lambda rules: replace(rules, finish=(*rules.finish, change))


def _layers(f: Forward) -> tuple[int, ...]:
    return tuple(range(1, f.depth + 1))


def _hidden(f: Forward) -> tuple[int, ...]:
    return tuple(range(1, f.depth))


def _times(c: float) -> Callable[[Forward, Array], Array]:
    return lambda _f, derivative: derivative * c


def _reductions(f: Forward) -> Iterator[Mutant]:
    """Yield delta_L times N, 1/N, 1/K."""
    N, K = f.rows, f.outputs
    for bug, c in (("sum-instead-of-mean", N), ("mean-twice", 1 / N), ("mean-over-outputs", 1 / K)):
        yield Mutant(bug, _layers(f), bend_output(_times(c)))


def _slopes(f: Forward) -> Iterator[Mutant]:
    """Yield sigma'_k replaced by 1, sigma'(Z_k), Z_k, and by that of a neighbouring layer."""
    instead: dict[str, Callable[[int], Array]] = {
        "missing-sigma-prime": lambda _: np.ones((1, 1)),
        "sigma-prime-of-activation": lambda k: sigmoid(f.Z[k]) * sigmoid(-f.Z[k]),
        "activation-as-derivative": lambda k: f.Z[k],
    }
    for bug, make in instead.items():
        for layers in one_or_all(_hidden(f)):
            yield Mutant(bug, layers, at("slope", {k: make(k) for k in layers}))
        if f.case.kind == "mse":
            yield Mutant(bug, (f.depth,), bend_output(_squared_error(make(f.depth))))
    for k in _hidden(f):
        for other in (k - 1, k + 1):
            if 1 <= other <= f.depth and f.slopes[other].shape[1] in {1, f.slopes[k].shape[1]}:
                bend = at("slope", {k: f.slopes[other]})
                yield Mutant("sigma-prime-wrong-layer", (k,), bend)


def _squared_error(slope: Array) -> Callable[[Forward, Array], Array]:
    return lambda f, _derivative: 2 * f.residual * slope


def _closed_forms(f: Forward) -> Iterator[Mutant]:
    """Yield delta_i = Z_i - Y, with 1/N or without, for the layer alone or for those below too."""
    fit = [i for i in _hidden(f) if f.outputs == 1 or f.Z[i].shape[1] == f.outputs]
    for rule in ("local", "delta"):
        for weight in (f.weight, f.weight * f.rows):
            for layers in one_or_all(fit):
                deltas = {i: _constant((f.Z[i] - f.case.y) * weight) for i in layers}
                yield Mutant("last-layer-closed-form", layers, at(rule, deltas))


def _constant(value: Array) -> Callable[[Array], Array]:
    return lambda _delta: value


def _outputs(f: Forward) -> Iterator[Mutant]:
    """Yield the output's own sigma' kept under bce, once and with the factor of the mse."""
    if f.case.kind == "bce":
        top = (f.depth,)
        kept = bend_output(lambda f, derivative: derivative * f.slopes[-1])
        yield Mutant("output-sigma-prime-kept", top, kept)
        yield Mutant("squared-error-loss", top, bend_output(_squared_error(f.slopes[-1])))


def _torch(h: Array, y: Array, _epsilon: float) -> Array:
    p = 1 / (1 + np.exp(-h))
    pq: Array = p * (1 - p)
    return (p - y) / np.maximum(pq, 1e-12) * pq


def _clipped(h: Array, y: Array, epsilon: float) -> Array:
    """Return z - y where p lies in [epsilon, 1-epsilon], else 0, as a clipped loss has it."""
    p = 1 / (1 + np.exp(-h))
    residual: Array = (1 - y) * sigmoid(h) - y * sigmoid(-h)
    return np.where((p < epsilon) | (p > 1 - epsilon), 0.0, residual)


def _forms(f: Forward) -> Iterator[Mutant]:
    """Yield delta_L by each form of the derivative, epsilon by epsilon."""
    if f.case.kind != "bce":
        return
    forms: tuple[tuple[str, Derivative, Sequence[float | None]], ...] = (
        ("naive-derivative", BCE_FORMS["naive"].derivative, (None,)),
        ("epsilon-derivative", BCE_FORMS["epsilon"].derivative, EPSILONS),
        (
            "clamped-derivative",
            BCE_FORMS["clamped"].derivative,
            tuple(sorted({*EPSILONS, *CLAMPS}, reverse=True)),
        ),
        ("torch-bce-derivative", _torch, (None,)),
        ("clamped-loss", _clipped, CLAMPS),
    )
    for bug, derivative, epsilons in forms:
        for epsilon in epsilons:
            bend = bend_output(_by(derivative, epsilon or 0.0))
            yield Mutant(bug, (f.depth,), bend, epsilon=epsilon)


def _by(derivative: Derivative, epsilon: float) -> Callable[[Forward, Array], Array]:
    return lambda f, _derivative: derivative(f.H, f.case.y, epsilon)


def _square(f: Forward) -> list[int]:
    return [i for i in _layers(f) if f.W[i].shape[0] == f.W[i].shape[1]]


def _transposed(f: Forward) -> Iterator[Mutant]:
    """Yield W_{i+1}^T for W_{i+1} on the way down, and dW_i^T for dW_i."""
    carried = [i for i in _square(f) if i > 1 and f.W[i].shape[0] > 1]
    for layers in one_or_all(carried):
        bend = at("carry", dict.fromkeys(layers, lambda W, _dW: W.T))
        yield Mutant("weight-not-transposed", layers, bend)
    for layers in one_or_all([i for i in _square(f) if f.W[i].shape[0] > 1]):
        yield Mutant("gradient-transposed", layers, finish(_transpose(layers)))


def _transpose(layers: Sequence[int]) -> Callable[[Parameters], None]:
    def change(gradient: Parameters) -> None:
        for i in layers:
            gradient.W[i - 1][:] = gradient.W[i - 1].T.copy()

    return change


def _wrong_inputs(f: Forward) -> Iterator[Mutant]:
    """Yield Z_i for Z_{i-1} in dJ/dW_i."""
    for layers in one_or_all(_square(f)):
        bend = at("input", {i: f.Z[i] for i in layers})
        yield Mutant("wrong-input-activation", layers, bend)


def _rows(f: Forward) -> Iterator[Mutant]:
    """Yield the first or the last row missing, with divisor N or N-1."""
    for row in (0, -1):
        for divisor in (f.rows, f.rows - 1):
            if divisor:
                bend = bend_output(_without(row, f.rows / divisor))
                yield Mutant("row-dropped", _layers(f), bend)


def _without(row: int, factor: float) -> Callable[[Forward, Array], Array]:
    def change(_f: Forward, derivative: Array) -> Array:
        kept = derivative * factor
        kept[row] = 0
        return kept

    return change


def _biases(f: Forward) -> Iterator[Mutant]:
    """Yield db_i as one row's delta, the first or the last, and as the mean of delta."""
    if not f.case.network.bias:
        return
    for layers in one_or_all(_layers(f)):
        for row in (0, -1):
            bend = at("bias", dict.fromkeys(layers, _row(row)))
            yield Mutant("bias-not-summed", layers, bend)
        bend = at("bias", dict.fromkeys(layers, lambda delta: delta.mean(axis=0)))
        yield Mutant("bias-averaged", layers, bend)


def _row(row: int) -> Callable[[Array], Array]:
    return lambda delta: delta[row]


def _signs(f: Forward) -> Iterator[Mutant]:
    """Yield -1 times the gradient, one delta_i, one layer, or one tensor."""
    yield Mutant("sign-flipped", _layers(f), finish(_scale_all(-1.0)))
    for i in _layers(f):
        yield Mutant("sign-flipped", (i,), at("delta", {i: np.negative}))
        yield Mutant("sign-flipped", (i,), at("local", {i: np.negative}))
        for change in _tensor_changes(f, i, -1.0):
            yield Mutant("sign-flipped", (i,), finish(change))


def _zeros(f: Forward) -> Iterator[Mutant]:
    """Yield one tensor, one layer, the layers below one, or everything zero."""
    yield Mutant("zero-gradient", _layers(f), finish(_scale_all(0.0)))
    for i in _layers(f):
        yield Mutant("zero-gradient", (i,), finish(_scale_layer(i, 0.0)))
        if f.case.network.bias:
            for change in _tensor_changes(f, i, 0.0):
                yield Mutant("zero-gradient", (i,), finish(change))


def _scale_all(c: float) -> Callable[[Parameters], None]:
    def change(gradient: Parameters) -> None:
        gradient.theta *= c

    return change


def _scale_layer(i: int, c: float) -> Callable[[Parameters], None]:
    def change(gradient: Parameters) -> None:
        gradient.layers[i - 1][:] *= c

    return change


def _tensor_changes(f: Forward, i: int, c: float) -> Iterator[Callable[[Parameters], None]]:
    """Yield the change of W_i's gradient by a factor, and of b_i's."""

    def weights(gradient: Parameters) -> None:
        gradient.W[i - 1][:] *= c

    def biases(gradient: Parameters) -> None:
        gradient.b[i - 1][:] *= c

    yield weights
    if f.case.network.bias:
        yield biases


def _reversed(f: Forward) -> Iterator[Mutant]:
    """Yield the list of gradients in reverse order, where mirrored shapes are equal."""
    shapes = [W.shape for W in f.W[1:]]
    if f.depth < 2 or shapes != shapes[::-1]:
        return

    def change(gradient: Parameters) -> None:
        for tensors in (gradient.W, gradient.b):
            copies = [tensor.copy() for tensor in reversed(tensors)]
            for tensor, copied in zip(tensors, copies, strict=True):
                tensor[:] = copied

    yield Mutant("layers-reversed", _layers(f), finish(change))


def _penalties(f: Forward) -> Iterator[Mutant]:
    """Yield the penalty's gradient left out, and added to the biases too."""
    yield Mutant("missing-l2", _layers(f), lambda rules: replace(rules, decay=0.0))
    if f.case.network.bias:
        l2 = f.case.l2
        yield Mutant("l2-on-bias", _layers(f), lambda rules: replace(rules, bias_decay=l2))
