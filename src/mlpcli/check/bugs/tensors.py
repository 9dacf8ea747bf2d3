"""Bugs made in one tensor, or in the list of them: delta is right, what is made of it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.mutant import Mutant, all_layers, at, finish, one_or_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlpcli.check.bugs.backprop import Array, Forward
    from mlpcli.nn.network import Parameters

__all__ = ["MAKERS", "scale"]


def scale(c: float, layers: Sequence[int], parameters: str = "Wb") -> Callable[[Parameters], None]:
    """Return a change in place that multiplies the gradient of these layers' W, b or both by c."""

    def change(gradient: Parameters) -> None:
        for letter in parameters:
            tensors = gradient.W if letter == "W" else gradient.b
            for i in layers:
                tensors[i - 1][:] *= c

    return change


def _transposed(f: Forward) -> Iterator[Mutant]:
    """Yield dW_i^T for dW_i."""
    for layers in one_or_all([i for i in _square(f) if f.W[i].shape[0] > 1]):
        yield Mutant("gradient-transposed", layers, finish(_transpose(layers)))


def _square(f: Forward) -> list[int]:
    return [i for i in all_layers(f) if f.W[i].shape[0] == f.W[i].shape[1]]


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


def _biases(f: Forward) -> Iterator[Mutant]:
    """Yield db_i as one row's delta, the first or the last, and as the mean of delta."""
    if not f.case.network.bias:
        return
    for layers in one_or_all(all_layers(f)):
        for row in (0, -1):
            bend = at("bias", dict.fromkeys(layers, _row(row)))
            yield Mutant("bias-not-summed", layers, bend)
        bend = at("bias", dict.fromkeys(layers, lambda delta: delta.mean(axis=0)))
        yield Mutant("bias-averaged", layers, bend)


def _row(row: int) -> Callable[[Array], Array]:
    return lambda delta: delta[row]


def _signs(f: Forward) -> Iterator[Mutant]:
    """Yield -1 times the gradient, one delta_i, one layer, or one tensor."""
    yield Mutant("sign-flipped", all_layers(f), finish(scale(-1.0, all_layers(f))))
    for i in all_layers(f):
        for rule in ("delta", "local"):
            yield Mutant("sign-flipped", (i,), at(rule, {i: np.negative}))
        for parameters in _parts(f):
            yield Mutant("sign-flipped", (i,), finish(scale(-1.0, (i,), parameters)))


def _zeros(f: Forward) -> Iterator[Mutant]:
    """Yield one tensor, one layer, the layers from one down, or everything zero."""
    for i in all_layers(f):
        for parameters in _parts(f):
            yield Mutant("zero-gradient", (i,), finish(scale(0.0, (i,), parameters)))
        yield Mutant("zero-gradient", (i,), at("local", {i: np.zeros_like}))
        below = tuple(range(1, i + 1))
        if i > 1:
            yield Mutant("zero-gradient", below, finish(scale(0.0, below)))
            yield Mutant("zero-gradient", below, at("delta", {i: np.zeros_like}))


def _parts(f: Forward) -> tuple[str, ...]:
    return ("Wb", "W", "b") if f.case.network.bias else ("W",)


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

    yield Mutant("layers-reversed", all_layers(f), finish(change))


def _penalties(f: Forward) -> Iterator[Mutant]:
    """Yield the penalty's gradient left out, and added to the biases too."""
    yield Mutant("missing-l2", all_layers(f), lambda rules: replace(rules, decay=0.0))
    if f.case.network.bias:
        l2 = f.case.l2
        yield Mutant("l2-on-bias", all_layers(f), lambda rules: replace(rules, bias_decay=l2))


MAKERS = (_transposed, _wrong_inputs, _biases, _signs, _zeros, _reversed, _penalties)
