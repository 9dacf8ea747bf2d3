"""Bugs made in the mean over rows and outputs, and in which rows and labels count."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.record import Bug, Hiding, Mutant, at, bend_output, instead, one_or_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.backprop import OnArray
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["BUGS", "ONE_ROW"]

ONE_ROW = Hiding(
    "there is one row: its mean and its sum are the same", lambda scene, _found: scene.rows == 1
)
_ONE_OUTPUT = Hiding("there is one output", lambda scene, _found: scene.outputs == 1)


def _everywhere(scene: Scene, c: float) -> Iterator[Mutant]:
    yield Mutant(scene.layers, bend_output(lambda derivative: derivative * c))


def _summed(scene: Scene) -> Iterator[Mutant]:
    if scene.mean_over_rows:
        yield from _everywhere(scene, scene.rows)


def _averaged_over_outputs(scene: Scene) -> Iterator[Mutant]:
    if not scene.mean_over_outputs:
        yield from _everywhere(scene, 1 / scene.outputs)


def _unweighted(scene: Scene) -> Iterator[Mutant]:
    """Yield the plain mean over rows, where rows or classes have weights."""
    if scene.case.omega is not None:
        plain = np.ones_like(scene.case.omega)
        yield Mutant(scene.layers, lambda rules: replace(rules, omega=plain))


def _dropped_rows(scene: Scene) -> Iterator[Mutant]:
    """Yield the first or last row missing, with divisor N or N-1, or in dJ/dW or dJ/db alone."""
    for row in (0, -1) if scene.rows > 1 else ():
        for layers in one_or_all(scene.layers):
            inputs = {i: _blank(scene.Z[i - 1], row) for i in layers}
            yield Mutant(layers, at("input", inputs), "W")
            if scene.bias:
                yield Mutant(layers, at("bias", dict.fromkeys(layers, _sum_without(row))), "b")
    for row in (0, -1):
        for divisor in (scene.rows, scene.rows - 1):
            if divisor:
                yield Mutant(scene.layers, bend_output(_without(row, scene.rows / divisor)))


def _blank(array: FloatArray, row: int) -> FloatArray:
    """Return the array with a row of zeros."""
    kept = array.copy()
    kept[row] = 0
    return kept


def _sum_without(row: int) -> Callable[[FloatArray, FloatArray, FloatArray], FloatArray]:
    return lambda delta, _product, _error: _blank(delta, row).sum(axis=0)


def _without(row: int, factor: float) -> OnArray:
    return lambda derivative: _blank(derivative * factor, row)


def _one_row_only(scene: Scene) -> Iterator[Mutant]:
    """Yield the first or the last row alone, with 1/N or without."""
    for row in (0, -1) if scene.rows > 1 else ():
        for factor in (1, scene.rows):
            yield Mutant(scene.layers, bend_output(_only(row, factor)))


def _one_row_in_weights(scene: Scene) -> Iterator[Mutant]:
    """Yield the same in dJ/dW alone, at one or all layers, as where that is `=` and dJ/db `+=`."""
    for row in (0, -1) if scene.rows > 1 else ():
        for factor in (1, scene.rows):
            for layers in one_or_all(scene.layers):
                inputs = {i: _only(row, factor)(scene.Z[i - 1]) for i in layers}
                yield Mutant(layers, at("input", inputs), "W")


def _only(row: int, factor: float) -> OnArray:
    def change(derivative: FloatArray) -> FloatArray:
        alone = np.zeros_like(derivative)
        alone[row] = derivative[row] * factor
        return alone

    return change


def _broadcast(scene: Scene) -> Iterator[Mutant]:
    """Yield (N, 1) - (N,): each row meets all labels, which comes to their mean."""
    if scene.outputs > 1 or scene.rows == 1:
        return
    mean = np.full_like(scene.case.y, scene.case.y.mean())
    for factor in (1, scene.rows):
        yield Mutant(scene.layers, instead(scene.derivative(mean) * factor))


BUGS: Sequence[Bug] = (
    Bug(
        "sum-instead-of-mean",
        "the gradient is that of the summed loss: it is N times too large",
        "divide delta_L by the number of rows N",
        "every entry is N times too large",
        _summed,
        hidden_by=(ONE_ROW,),
    ),
    Bug(
        "mean-twice",
        "the mean over rows is taken once more than in J: the gradient is N times too small",
        "delta_L is $delta: do not divide by N in any other place",
        "every entry is N times too small",
        lambda scene: _everywhere(scene, 1 / scene.rows),
        hidden_by=(ONE_ROW,),
    ),
    Bug(
        "mean-over-outputs",
        "the loss is averaged over the outputs, where J sums over them",
        "do not divide delta_L by the number of outputs",
        "every entry is K times too small, K the number of outputs",
        _averaged_over_outputs,
        hidden_by=(_ONE_OUTPUT,),
    ),
    Bug(
        "weights-ignored",
        "the gradient is that of the plain mean, but this case has row or class weights",
        "multiply delta_L by omega (in a dumped case), or check a config without weights",
        "every tensor is off, and a case without weights passes",
        _unweighted,
    ),
    Bug(
        "row-dropped",
        "the first or the last row is missing from the sums",
        "check the bounds of the loop or slice over rows",
        "every tensor is off by a little, the less the more rows there are",
        _dropped_rows,
        settles=False,  # one row's part may vanish in float32 without any bug
    ),
    Bug(
        "one-row-only",
        "only the first or only the last row counts: the others are overwritten, not added",
        "add the gradients of the rows (+=), and start from zeros",
        "every tensor is off, and with one row it passes",
        _one_row_only,
        ways=_one_row_in_weights,
        settles=False,  # as with a row that is dropped
        hidden_by=(ONE_ROW,),
    ),
    Bug(
        "y-broadcast",
        "labels of shape (N,) meet outputs of shape (N, 1): the difference is N x N, so that each "
        "row meets the mean of all labels",
        "give y the shape (N, 1), as in y.reshape(-1, 1)",
        "every tensor is off; with one row, or with equal labels, it passes",
        _broadcast,
        hidden_by=(
            Hiding(
                "all labels are the same",
                lambda scene, _found: bool((scene.case.y == scene.case.y[0]).all()),
            ),
        ),
    ),
)
