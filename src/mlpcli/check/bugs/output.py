"""Bugs made at the output: in l'(h, y), in its mean over rows and outputs, in which rows count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from mlpcli.check.bugs.backprop import Array, Forward
from mlpcli.check.bugs.mutant import Bend, Mutant, all_layers, at, bend_output, one_or_all
from mlpcli.nn.activations import sigmoid
from mlpcli.nn.losses import BCE_FORMS

__all__ = ["MAKERS", "by_form", "squared_error"]

Derivative: TypeAlias = Callable[[Array, Array, float], Array]
Change: TypeAlias = Callable[[Forward, Array], Array]

_TEN_TO_MINUS = tuple(float(f"1e-{k}") for k in range(1, 17))
_MACHINE = tuple(float(np.finfo(dtype).eps) for dtype in (np.float32, np.float64))
_EPSILONS = tuple(sorted({*_TEN_TO_MINUS, *_MACHINE}, reverse=True))
# From this epsilon down a clipped loss loses too few rows for anybody to choose a larger one.
_CLAMPS = tuple(epsilon for epsilon in _EPSILONS if epsilon <= 1e-6)


def _reductions(f: Forward) -> Iterator[Mutant]:
    """Yield delta_L times N, 1/N, 1/K."""
    N, K = f.rows, f.outputs
    for bug, c in (("sum-instead-of-mean", N), ("mean-twice", 1 / N), ("mean-over-outputs", 1 / K)):
        yield Mutant(bug, all_layers(f), bend_output(_times(c)))


def _unweighted(f: Forward) -> Iterator[Mutant]:
    """Yield the plain mean over rows, where rows or classes have weights."""
    if f.case.omega is not None:
        plain = np.full((1, 1), 1 / f.rows)
        yield Mutant("weights-ignored", all_layers(f), lambda rules: replace(rules, weight=plain))


def _times(c: float) -> Change:
    return lambda _f, derivative: derivative * c


def _rows(f: Forward) -> Iterator[Mutant]:
    """Yield the first or last row missing, with divisor N or N-1, or in dJ/dW or dJ/db alone."""
    for row in (0, -1) if f.rows > 1 else ():
        for layers in one_or_all(all_layers(f)):
            inputs = {i: _blank(f.Z[i - 1], row) for i in layers}
            yield Mutant("row-dropped", layers, at("input", inputs))
            if f.case.network.bias:
                sums = dict.fromkeys(layers, lambda delta, row=row: _blank(delta, row).sum(axis=0))
                yield Mutant("row-dropped", layers, at("bias", sums))
    for row in (0, -1):
        for divisor in (f.rows, f.rows - 1):
            if divisor:
                bend = bend_output(_without(row, f.rows / divisor))
                yield Mutant("row-dropped", all_layers(f), bend)


def _blank(array: Array, row: int) -> Array:
    """Return the array with a row of zeros."""
    kept = array.copy()
    kept[row] = 0
    return kept


def _without(row: int, factor: float) -> Change:
    def change(_f: Forward, derivative: Array) -> Array:
        kept = derivative * factor
        kept[row] = 0
        return kept

    return change


def _kept(f: Forward) -> Iterator[Mutant]:
    """Yield the output's own sigma' kept under bce, once and with the factor of the mse."""
    if f.case.kind == "bce":
        top = (f.depth,)
        kept = bend_output(lambda f, derivative: derivative * f.slopes[-1])
        yield Mutant("output-sigma-prime-kept", top, kept)
        yield Mutant("squared-error-loss", top, bend_output(squared_error(f.slopes[-1])))


def squared_error(slope: Array) -> Change:
    """Return a change of l'(h, y) into 2 (z - y) times the slope."""
    return lambda f, _derivative: 2 * f.residual * slope


def _torch(h: Array, y: Array, _epsilon: float) -> Array:
    p = 1 / (1 + np.exp(-h))
    pq: Array = p * (1 - p)
    return (p - y) / np.maximum(pq, 1e-12) * pq


def _log_plus_epsilon(h: Array, y: Array, epsilon: float) -> Array:
    """Differentiate -y log(p + epsilon) - (1-y) log(1 - p + epsilon)."""
    p = 1 / (1 + np.exp(-h))
    return ((1 - y) / (1 - p + epsilon) - y / (p + epsilon)) * (p * (1 - p))


def _clipped(h: Array, y: Array, epsilon: float) -> Array:
    """Return z - y where p lies in [epsilon, 1-epsilon], else 0, as a clipped loss has it."""
    p = 1 / (1 + np.exp(-h))
    residual: Array = (1 - y) * sigmoid(h) - y * sigmoid(-h)
    return np.where((p < epsilon) | (p > 1 - epsilon), 0.0, residual)


_FORMS: dict[str, tuple[Derivative, Sequence[float | None]]] = {
    "naive-derivative": (BCE_FORMS["naive"].derivative, (None,)),
    "epsilon-derivative": (BCE_FORMS["epsilon"].derivative, _EPSILONS),
    "epsilon-loss": (_log_plus_epsilon, _EPSILONS),
    "clamped-derivative": (BCE_FORMS["clamped"].derivative, _EPSILONS),
    "torch-bce-derivative": (_torch, (None,)),
    "clamped-loss": (_clipped, _CLAMPS),
}


def _forms(f: Forward) -> Iterator[Mutant]:
    """Yield delta_L by each form of the derivative, epsilon by epsilon."""
    if f.case.kind == "bce":
        for bug, (_, epsilons) in _FORMS.items():
            for epsilon in epsilons:
                yield Mutant(bug, (f.depth,), by_form(bug, epsilon), epsilon=epsilon)


def by_form(bug: str, epsilon: float | None) -> Bend:
    """Return a bend that computes l'(h, y) by the form of this bug."""
    derivative, _ = _FORMS[bug]
    return bend_output(lambda f, _derivative: derivative(f.H, f.case.y, epsilon or 0.0))


MAKERS = (_reductions, _unweighted, _kept, _forms, _rows)
