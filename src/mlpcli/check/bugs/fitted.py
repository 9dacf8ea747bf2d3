"""Bugs with a number in them, fitted to the gradient that is to be explained.

A factor and a learning rate enter the first wrong layer linearly, so that one projection finds
them; an epsilon is scanned for. All entries of the layer take part in the fit, so that the number
explains nothing unless it explains more numbers than one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.backprop import Array, Forward, Rules, backward
from mlpcli.check.bugs.mutant import Bend, Mutant, all_layers, at, finish
from mlpcli.check.bugs.output import by_form
from mlpcli.check.bugs.tensors import scale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlpcli.nn.network import Parameters

__all__ = ["fitted", "recognised", "updated_too_early"]

_NEAREST_TO_ONE = 1e-5  # a ratio nearer to 1 may be truncation in disguise
_NEAR = 1e-5  # what float32 leaves of a factor
_SPACING = 0.25  # of the grid of log10 epsilon
_GRID = np.arange(-1, -16.1, -_SPACING)
_GOLDEN = (5**0.5 - 1) / 2
_REFINEMENTS = 30  # of the bracket of 1/2: 3e-7 of log10 epsilon is left
_EXPLAINED = 1e-9  # an output layer as near as that to what is given hides no epsilon


def fitted(f: Forward, rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield the bugs with a free number that may explain why `given` departs from `rules`.

    `layer` is the first wrong layer counted from the output, where the number is fitted.
    """
    yield from _scaled(f, rules, given, layer)
    if f.case.network.bias:
        yield from _one_row(f, rules, given, layer)
    if layer == f.depth - 1:
        yield from _early(f, rules, given, layer)
    if layer == f.depth and f.case.kind == "bce":
        yield from _epsilons(f, rules, given)


def _linear(
    f: Forward, rules: Rules, given: Parameters, layer: int, bend: Callable[[float], Bend]
) -> float | None:
    """Return the number whose bend brings the layer nearest to `given`, which it does linearly.

    None where it cannot be told: where it plays no part, or fits a single entry, to which any
    number could be fitted, and is not one of the numbers that people multiply with.
    """
    zero, one = (
        backward(f, bend(number)(rules), lowest=layer).layers[layer - 1] for number in (0.0, 1.0)
    )
    with np.errstate(all="ignore"):
        slope, target = one - zero, given.layers[layer - 1] - zero
    unit = float(np.abs(slope).max(initial=0.0))
    if not unit or not (np.isfinite(slope).all() and np.isfinite(target).all()):
        return None
    slope = slope / unit  # squares of tiny entries would vanish
    with np.errstate(all="ignore"):
        number = float(target @ slope / (slope @ slope)) / unit
    telling = np.count_nonzero(slope) > 1 or recognised(f, number)
    return number if telling and np.isfinite(number) else None


def recognised(f: Forward, c: float) -> list[str]:
    """Return what a factor is: N, a learning rate, and the like; empty where it is no such number.

    N, 1/N and so on are told from the numbers of the case.
    """
    known = {
        "N, the number of rows": float(f.rows),
        "1/N, N the number of rows": 1 / f.rows,
        "2": 2.0,
        "1/2": 0.5,
        "K, the number of outputs": float(f.outputs),
        "1/K, K the number of outputs": 1 / f.outputs,
        "the learning rate": f.case.learning_rate or np.inf,
    }
    return [name for name, value in known.items() if abs(c / value - 1) < _NEAR]


def _scaled(f: Forward, rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield one factor on the network, on delta_i, on the layer alone, and on either tensor."""
    places: list[tuple[tuple[int, ...], Callable[[float], Bend]]] = [
        ((layer,), lambda c: at("delta", {layer: lambda delta: c * delta})),
        ((layer,), lambda c: at("local", {layer: lambda delta: c * delta})),
        *(((layer,), _tensor_scale((layer,), letters)) for letters in ("Wb", "W", "b")),
    ]
    if layer == f.depth:
        places.append((all_layers(f), _tensor_scale(all_layers(f), "Wb")))
    for layers, bend in places:
        c = _linear(f, rules, given, layer, bend)
        if c and abs(abs(c) - 1) > _NEAREST_TO_ONE:
            yield Mutant("scaled", layers, bend(c), factor=c)


def _tensor_scale(layers: tuple[int, ...], letters: str) -> Callable[[float], Bend]:
    return lambda c: finish(scale(c, layers, letters))


def _one_row(f: Forward, rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield the bias gradient as delta of the one row that comes nearest to it."""
    seen: list[Array] = []

    def remember(delta: Array) -> Array:
        seen.append(delta)
        total: Array = delta.sum(axis=0)
        return total

    backward(f, rules.also("bias", {layer: remember}), lowest=layer)
    with np.errstate(all="ignore"):
        row = int(np.argmin(np.abs(seen[0] - given.b[layer - 1]).sum(axis=1)))
    for layers in ((layer,), all_layers(f)):
        bend = at("bias", dict.fromkeys(layers, lambda delta: delta[row]))
        yield Mutant("bias-not-summed", layers, bend)


def _early(f: Forward, rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield delta_{i-1} through W_i - eta dW_i; the layers below must verify eta."""
    eta = _linear(f, rules, given, layer, lambda eta: updated_too_early(f, eta).bend)
    if eta is not None and eta > 0:
        yield updated_too_early(f, eta)


def updated_too_early(f: Forward, eta: float) -> Mutant:
    """Return the bug of weights that are updated, by this rate, before delta passes them."""
    early = dict.fromkeys(range(2, f.depth + 1), lambda W, dW: W - eta * dW)
    layers = tuple(range(1, f.depth))
    return Mutant("weights-updated-too-early", layers, at("carry", early), learning_rate=eta)


def _epsilons(f: Forward, rules: Rules, given: Parameters) -> Iterator[Mutant]:
    """Yield the epsilon nearest to the output layer's gradient, of each form that has one."""
    target, top = given.layers[-1], (f.depth,)
    if target.size < 2 or not np.isfinite(target).all():
        return

    def distance(bent: Rules) -> float:
        away = float(np.linalg.norm(backward(f, bent, lowest=f.depth).layers[-1] - target))
        return away if np.isfinite(away) else np.inf

    if distance(rules) <= _EXPLAINED * float(np.linalg.norm(target)):
        return
    for bug in ("epsilon-derivative", "epsilon-loss", "clamped-derivative", "clamped-loss"):

        def at_exponent(exponent: float, bug: str = bug) -> float:
            return distance(by_form(bug, 10**exponent)(rules))

        epsilon = 10 ** _minimum(at_exponent)
        for number in (float(f"{epsilon:.2e}"), epsilon):  # what a person wrote has few digits
            yield Mutant(bug, top, by_form(bug, number), epsilon=number)


def _minimum(distance: Callable[[float], float]) -> float:
    """Return the exponent of least distance: the best of a grid, refined by golden section.

    An epsilon too small to matter makes no difference, so that ties are decided upwards.
    """
    best = float(_GRID[np.argmin([distance(x) for x in _GRID])])
    low, high = best - _SPACING, best + _SPACING
    a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_a, at_b = distance(a), distance(b)
    for _ in range(_REFINEMENTS):
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - _GOLDEN * (high - low)
            at_a = distance(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + _GOLDEN * (high - low)
            at_b = distance(b)
    return (low + high) / 2
