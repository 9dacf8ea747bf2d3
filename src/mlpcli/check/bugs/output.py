"""Bugs made at the output: in l'(h, y), in its mean over rows and outputs, in which rows count."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.record import Bug, Hiding, Mutant, at, bend_output, one_or_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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


def _unweighted(scene: Scene) -> Iterator[Mutant]:
    """Yield the plain mean over rows, where rows or classes have weights."""
    if scene.case.omega is not None:
        plain = np.ones_like(scene.case.omega)
        yield Mutant(scene.layers, lambda rules: replace(rules, omega=plain))


def _kept_slope(scene: Scene) -> Iterator[Mutant]:
    """Yield the output's own slope kept where the loss cancels it."""
    if scene.loss.canonical:
        kept = bend_output(lambda derivative: derivative * scene.s[-1])
        yield Mutant((scene.depth,), kept)


def _squared_error(scene: Scene) -> Iterator[Mutant]:
    if scene.loss.canonical:
        squared = 2 * scene.residual * scene.s[-1]
        yield Mutant((scene.depth,), bend_output(lambda _derivative: squared))


def _instead(scene: Scene, derivative: FloatArray) -> Iterator[Mutant]:
    yield Mutant((scene.depth,), bend_output(lambda _right: derivative))


def _without_label(scene: Scene) -> Iterator[Mutant]:
    """Yield p where p - y belongs."""
    if scene.loss.canonical:
        yield from _instead(scene, scene.Z[-1])


def _diagonal(scene: Scene) -> Iterator[Mutant]:
    """Yield -y/p times the diagonal p (1-p) of the Jacobian, which is -y (1-p)."""
    if not scene.loss.separable:
        yield from _instead(scene, scene.case.y * scene.residual)


def _over_rows(scene: Scene) -> Iterator[Mutant]:
    """Yield the output's function along the wrong axis, where it reads more than one logit."""
    if not scene.loss.separable:
        yield from _instead(scene, scene.loss.predict(scene.logits.T).T - scene.case.y)


def _dropped_rows(scene: Scene) -> Iterator[Mutant]:
    """Yield the first or last row missing, with divisor N or N-1, or in dJ/dW or dJ/db alone."""
    for row in (0, -1) if scene.rows > 1 else ():
        for layers in one_or_all(scene.layers):
            inputs = {i: _blank(scene.Z[i - 1], row) for i in layers}
            yield Mutant(layers, at("input", inputs))
            if scene.bias:
                sums = dict.fromkeys(layers, lambda delta, row=row: _blank(delta, row).sum(axis=0))
                yield Mutant(layers, at("bias", sums))
    for row in (0, -1):
        for divisor in (scene.rows, scene.rows - 1):
            if divisor:
                yield Mutant(scene.layers, bend_output(_without(row, scene.rows / divisor)))


def _blank(array: FloatArray, row: int) -> FloatArray:
    """Return the array with a row of zeros."""
    kept = array.copy()
    kept[row] = 0
    return kept


def _without(row: int, factor: float) -> OnArray:
    return lambda derivative: _blank(derivative * factor, row)


BUGS: Sequence[Bug] = (
    Bug(
        "sum-instead-of-mean",
        "the gradient is that of the summed loss: it is N times too large",
        "divide delta_L by the number of rows N",
        lambda scene: _everywhere(scene, scene.rows),
        hidden_by=(ONE_ROW,),
    ),
    Bug(
        "mean-twice",
        "the mean over rows is taken twice: the gradient is N times too small",
        "divide by N once, in delta_L, and not again in dJ/dW",
        lambda scene: _everywhere(scene, 1 / scene.rows),
        hidden_by=(ONE_ROW,),
    ),
    Bug(
        "mean-over-outputs",
        "the loss is averaged over the outputs, where J sums over them",
        "do not divide delta_L by the number of outputs",
        lambda scene: _everywhere(scene, 1 / scene.outputs),
        hidden_by=(_ONE_OUTPUT,),
    ),
    Bug(
        "weights-ignored",
        "the gradient is that of the plain mean, but this case has row or class weights",
        "multiply delta_L by omega (in a dumped case), or check a config without weights",
        _unweighted,
    ),
    Bug(
        "output-sigma-prime-kept",
        "delta_L keeps the factor sigma'(H_L), which cross-entropy cancels",
        "delta_L is (Z_L - Y) / N without sigma'",
        _kept_slope,
    ),
    Bug(
        "squared-error-loss",
        "delta_L is that of the squared error, 2 (Z_L - Y) sigma'(H_L) / N",
        "for binary cross-entropy delta_L is (Z_L - Y) / N",
        _squared_error,
    ),
    Bug(
        "label-missing",
        "delta_L is the output itself: the label is not subtracted",
        "delta_L is (Z_L - Y) / N",
        _without_label,
    ),
    Bug(
        "softmax-diagonal",
        "softmax is differentiated by its diagonal only, p (1 - p): every output reads all logits",
        "delta_L is (P - Y) / N, which the whole Jacobian comes to",
        _diagonal,
    ),
    Bug(
        "softmax-over-rows",
        "softmax is taken over the rows, not over the outputs of a row",
        "sum exp(H_L) over the outputs: axis 1 where rows are samples",
        _over_rows,
    ),
    Bug(
        "row-dropped",
        "the first or the last row is missing from the sums",
        "check the bounds of the loop or slice over rows",
        _dropped_rows,
        settles=False,  # one row's part may vanish in float32 without any bug
    ),
)
