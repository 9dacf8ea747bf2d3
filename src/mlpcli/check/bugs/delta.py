"""Bugs made on the way down: in sigma'(H_i), in delta_i, and in the matrix that carries it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.mutant import Mutant, all_layers, at, bend_output, hidden, one_or_all
from mlpcli.check.bugs.output import squared_error
from mlpcli.nn.activations import sigmoid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlpcli.check.bugs.backprop import Array, Forward

__all__ = ["MAKERS"]


def _slopes(f: Forward) -> Iterator[Mutant]:
    """Yield sigma'_k replaced by 1, sigma'(Z_k), Z_k."""
    instead: dict[str, Callable[[int], Array]] = {
        "missing-sigma-prime": lambda _: np.ones((1, 1)),
        "sigma-prime-of-activation": lambda k: sigmoid(f.Z[k]) * sigmoid(-f.Z[k]),
        "activation-as-derivative": lambda k: f.Z[k],
    }
    for bug, make in instead.items():
        for layers in one_or_all(hidden(f)):
            yield Mutant(bug, layers, at("slope", {k: make(k) for k in layers}))
        if f.case.kind == "mse":
            yield Mutant(bug, (f.depth,), bend_output(squared_error(make(f.depth))))


def _neighbours(f: Forward) -> Iterator[Mutant]:
    """Yield sigma' of the layer below or above, where its width fits or broadcasts."""
    for step in (-1, 1):
        fit = [
            k
            for k in hidden(f)
            if k + step >= 1 and f.slopes[k + step].shape[1] in {1, f.slopes[k].shape[1]}
        ]
        for layers in one_or_all(fit):
            bend = at("slope", {k: f.slopes[k + step] for k in layers})
            yield Mutant("sigma-prime-wrong-layer", layers, bend)


def _closed_forms(f: Forward) -> Iterator[Mutant]:
    """Yield delta_i = Z_i - Y, with 1/N or without, for the layer alone or for those below too.

    It is right for the last layer under bce; under mse it is wrong there as well.
    """
    layers_of_loss = hidden(f) if f.case.kind == "bce" else all_layers(f)
    fit = [i for i in layers_of_loss if f.outputs == 1 or f.Z[i].shape[1] == f.outputs]
    for rule in ("local", "delta"):
        for weight in (f.weight, f.weight * f.rows):
            for layers in one_or_all(fit):
                deltas = {i: _constant((f.Z[i] - f.case.y) * weight) for i in layers}
                yield Mutant("last-layer-closed-form", layers, at(rule, deltas))


def _constant(value: Array) -> Callable[[Array], Array]:
    return lambda _delta: value


def _carried(f: Forward) -> Iterator[Mutant]:
    """Yield W_{i+1}^T for W_{i+1} on the way down."""
    square = [i for i in all_layers(f)[1:] if f.W[i].shape[0] == f.W[i].shape[1] > 1]
    for layers in one_or_all(square):
        bend = at("carry", dict.fromkeys(layers, lambda W, _dW: W.T))
        yield Mutant("weight-not-transposed", layers, bend)


MAKERS = (_slopes, _neighbours, _closed_forms, _carried)
