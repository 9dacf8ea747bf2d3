"""Bugs with a number in them, fitted to the gradient that is to be explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.gradients.backprop import Array, Forward, Rules, backward
from mlpcli.gradients.mutants import Mutant, at, finish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlpcli.nn.network import Parameters

__all__ = ["fitted"]

_NEAREST_TO_ONE = 1e-5  # a ratio nearer to 1 may be truncation in disguise


def fitted(f: Forward, rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield the bugs with a free number that may explain why `given` departs from `rules`.

    `layer` is the first wrong layer counted from the output, where the number is fitted.
    """
    now = backward(f, rules)
    yield from _scaled(f, now, given, layer)
    yield from _one_row(f, rules, given, layer)
    if layer == f.depth - 1:
        yield from _updated_too_early(f, rules, given)


def _scaled(f: Forward, now: Parameters, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield one factor on the network, on delta_i, on the layer alone, and on either tensor."""
    i = layer - 1
    everywhere = tuple(range(1, f.depth + 1))
    tensors = [(given.W[i], now.W[i]), (given.b[i], now.b[i])]
    c = _ratio(given.layers[i], now.layers[i])
    if c is not None:
        if layer == f.depth:
            yield Mutant("scaled", everywhere, finish(_scale(c)), factor=c)
        yield Mutant("scaled", (layer,), at("delta", {layer: lambda delta: c * delta}), factor=c)
        yield Mutant("scaled", (layer,), at("local", {layer: lambda delta: c * delta}), factor=c)
    for own, (A, B) in enumerate(tensors):
        c = _ratio(A.ravel(), B.ravel()) if A.size > 1 else None  # one number fits any other
        if c is not None:
            yield Mutant("scaled", (layer,), finish(_scale(c, (i, own))), factor=c)


def _ratio(A: Array, B: Array) -> float | None:
    """Return the factor c that brings c B nearest to A, None where it cannot be called a bug."""
    unit = float(np.abs(B).max(initial=0.0))
    if not unit or not np.isfinite(A).all() or not np.isfinite(B).all():
        return None
    B = B / unit  # squares of tiny entries would vanish
    c = float(A @ B / (B @ B)) / unit
    return None if not np.isfinite(c) or c == 0 or abs(abs(c) - 1) <= _NEAREST_TO_ONE else c


def _scale(c: float, tensor: tuple[int, int] | None = None) -> Callable[[Parameters], None]:
    def change(gradient: Parameters) -> None:
        if tensor is None:
            gradient.theta *= c
        else:
            i, own = tensor
            (gradient.W, gradient.b)[own][i][:] *= c

    return change


def _one_row(f: Forward, rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield the bias gradient as delta of the one row that comes nearest to it."""
    if not f.case.network.bias:
        return
    seen: list[Array] = []

    def remember(delta: Array) -> Array:
        seen.append(delta)
        total: Array = delta.sum(axis=0)
        return total

    backward(f, rules.also("bias", {layer: remember}))
    with np.errstate(all="ignore"):
        row = int(np.argmin(np.abs(seen[0] - given.b[layer - 1]).sum(axis=1)))
    yield Mutant("bias-not-summed", (layer,), at("bias", {layer: lambda delta: delta[row]}))


def _updated_too_early(f: Forward, rules: Rules, given: Parameters) -> Iterator[Mutant]:
    """Yield delta_{i-1} through W_i - eta dW_i: layer L-1 is linear in eta, all others verify."""
    i = f.depth - 2
    before = backward(f, rules).layers[i]
    slope = backward(f, _early(f, rules, 1.0)).layers[i] - before
    unit = float(np.abs(slope).max(initial=0.0))
    if not unit or not np.isfinite(slope).all() or not np.isfinite(given.layers[i]).all():
        return
    slope = slope / unit
    eta = float((given.layers[i] - before) @ slope / (slope @ slope)) / unit
    if eta > 0:
        layers = tuple(range(1, f.depth))
        bend: Callable[[Rules], Rules] = lambda r: _early(f, r, eta)  # noqa: E731
        yield Mutant("weights-updated-too-early", layers, bend, learning_rate=eta)


def _early(f: Forward, rules: Rules, eta: float) -> Rules:
    return rules.also("carry", {i: lambda W, dW: W - eta * dW for i in range(2, f.depth + 1)})
