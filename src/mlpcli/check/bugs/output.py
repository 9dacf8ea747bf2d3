"""Bugs made in l'(h, y), where delta starts: the wrong loss, the wrong output, the wrong label."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.derivative import readings
from mlpcli.check.bugs.record import Bug, Hiding, Mutant, bend_output, instead
from mlpcli.nn.activations import Relu, Sigmoid, Tanh
from mlpcli.nn.losses.cross_entropy import softmax

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["BUGS"]

_LOOKS = "every tensor is off, beginning with b_L"
_IS_DELTA = "for this loss delta_L is $delta"
_LOGISTIC = Sigmoid()


def _in_place(scene: Scene, *derivatives: FloatArray) -> Iterator[Mutant]:
    """Yield each of these in the place of l'(H_L, y)."""
    for derivative in derivatives:
        yield Mutant((scene.depth,), instead(derivative))


def _kept_slope(scene: Scene) -> Iterator[Mutant]:
    """Yield a slope of the output kept where it has none left: its own, or what people call so.

    That is f' of the hidden layers, or the sigmoid's derivative of what is taken for z.
    """
    if not (scene.loss.canonical or scene.linear_output):
        return
    h, z, act = scene.logits, scene.Z[-1], scene.case.network.activation
    slopes = [scene.s[-1], act.textbook_slope(h, z), _LOGISTIC.textbook_slope(h, z)]
    slopes.append(_LOGISTIC.slope(h, _LOGISTIC.value(h)))
    yield from _times_each(scene, slopes)


def _times_each(scene: Scene, slopes: Sequence[FloatArray]) -> Iterator[Mutant]:
    for k, slope in enumerate(slopes):
        known = any((np.abs(slope - other) <= 1e-9 * np.abs(other)).all() for other in slopes[:k])
        if (slope != 1).any() and not known:
            yield Mutant((scene.depth,), bend_output(partial(np.multiply, slope)))


def _kept_in_any_way(scene: Scene) -> Iterator[Mutant]:
    """Yield the derivative of any activation kept, as where one loop goes over all layers."""
    if scene.loss.canonical or scene.linear_output:
        kinds = [scene.case.network.activation, _LOGISTIC, Tanh(), Relu()]
        slopes = [reading.at(scene, scene.depth) for f in kinds for reading in readings(f)]
        yield from _times_each(scene, [s for s in slopes if s.any()])  # 0 tells of no slope


def _squared_error(scene: Scene) -> Iterator[Mutant]:
    if scene.loss.canonical:
        yield from _in_place(scene, 2 * scene.residual * scene.s[-1])


def _squared_error_of_softmax(scene: Scene) -> Iterator[Mutant]:
    """Yield 2 (p - y) through the whole Jacobian of softmax."""
    if not scene.loss.separable:
        p, r = scene.Z[-1], scene.residual
        yield from _in_place(scene, 2 * p * (r - (p * r).sum(axis=1, keepdims=True)))


def _half(scene: Scene) -> Iterator[Mutant]:
    if not scene.loss.canonical:
        yield Mutant(scene.layers, bend_output(lambda derivative: derivative / 2))


def _cross_entropy_delta(scene: Scene) -> Iterator[Mutant]:
    """Yield z - y where the loss is another; of a linear output that is half the squared error."""
    if not scene.loss.canonical and not scene.linear_output:
        yield from _in_place(scene, scene.residual)


def _by_output(scene: Scene) -> Iterator[Mutant]:
    if not scene.linear_output:  # there it is right
        yield from _in_place(scene, scene.loss.by_output(scene.logits, scene.case.y))


def _absolute(scene: Scene) -> Iterator[Mutant]:
    """Yield the sign of z - y, with the output's slope or without."""
    sign = np.sign(scene.residual)
    slope = scene.s[-1]
    yield from _in_place(scene, sign, *([sign * slope] if (slope != 1).any() else []))


def _without_label(scene: Scene) -> Iterator[Mutant]:
    yield from _in_place(scene, scene.derivative(np.zeros_like(scene.case.y)))


def _inverted_label(scene: Scene) -> Iterator[Mutant]:
    yield from _in_place(scene, scene.derivative(1 - scene.case.y))


def _diagonal(scene: Scene) -> Iterator[Mutant]:
    """Yield -y/p times the diagonal p (1-p) of the Jacobian, which is -y (1-p)."""
    if not scene.loss.separable:
        yield from _in_place(scene, scene.case.y * scene.residual)


def _over_rows(scene: Scene) -> Iterator[Mutant]:
    """Yield the output's function along the wrong axis, where it reads more than one logit.

    Or along both axes, with the largest logit of each row subtracted, or that of all.
    """
    if scene.loss.separable:
        return
    h, y = scene.logits, scene.case.y
    yield from _in_place(scene, scene.loss.predict(h.T).T - y)
    if scene.rows > 1:
        for shift in (h.max(axis=1, keepdims=True), h.max()):
            e = np.exp(h - shift)
            yield from _in_place(scene, e / e.sum() - y)


def _sigmoids(scene: Scene) -> Iterator[Mutant]:
    if not scene.loss.separable:
        yield from _in_place(scene, _LOGISTIC.value(scene.logits) - scene.case.y)


def _softmax(scene: Scene) -> Iterator[Mutant]:
    """Yield softmax in the place of a sigmoid each; of one output it is 1."""
    if scene.loss.separable and scene.loss.canonical:
        error = softmax(scene.logits) - scene.case.y
        if error.any():  # else it is zero-gradient
            yield from _in_place(scene, error)


def _squashed(scene: Scene) -> Iterator[Mutant]:
    """Yield a sigmoid in the place of a linear output, with its slope or without."""
    if scene.linear_output:
        z = _LOGISTIC.value(scene.logits)
        error = 2 * (z - scene.case.y)
        yield from _in_place(scene, error, error * z * (1 - z))


BUGS: Sequence[Bug] = (
    Bug(
        "output-sigma-prime-kept",
        "delta_L keeps a derivative of the output, which this loss and output do not have",
        "delta_L is $delta, without a derivative",
        _LOOKS,
        _kept_slope,
        ways=_kept_in_any_way,
    ),
    Bug(
        "squared-error-loss",
        "delta_L is that of the squared error, $squares",
        _IS_DELTA,
        _LOOKS,
        _squared_error,
    ),
    Bug(
        "squared-error-of-softmax",
        "delta_L is that of the squared error of softmax, 2 (P - Y) through its whole Jacobian",
        _IS_DELTA,
        _LOOKS,
        _squared_error_of_softmax,
    ),
    Bug(
        "half-squared-error",
        "the gradient is that of half the squared error, half of what J is here",
        "delta_L is $delta$or_half",
        "every entry is half of the right one",
        _half,
    ),
    Bug(
        "bce-delta-under-mse",
        "delta_L is $difference, that of the cross-entropy: the squared error keeps the output's "
        "derivative",
        _IS_DELTA,
        _LOOKS,
        _cross_entropy_delta,
    ),
    Bug(
        "loss-derivative-as-delta",
        "delta_L is dJ/dZ_L, the derivative by the output and not by H_L",
        "delta_L is $delta: multiply dJ/dZ_L by the output's derivative",
        _LOOKS,
        _by_output,
    ),
    Bug(
        "absolute-error",
        "delta_L is that of the absolute error: only the sign of Z_L - Y counts",
        _IS_DELTA,
        _LOOKS,
        _absolute,
    ),
    Bug(
        "label-missing",
        "delta_L is that of labels which are all 0: the label is not subtracted",
        _IS_DELTA,
        _LOOKS,
        _without_label,
        hidden_by=(Hiding("all labels are 0", lambda scene, _found: not scene.case.y.any()),),
    ),
    Bug(
        "labels-inverted",
        "0 and 1 are taken for each other in the labels",
        "check which label is 1: delta_L is $delta with Y as it is",
        _LOOKS,
        _inverted_label,
    ),
    Bug(
        "softmax-diagonal",
        "softmax is differentiated by its diagonal only, p (1 - p): every output reads all logits",
        "delta_L is $difference, which the whole Jacobian comes to",
        _LOOKS,
        _diagonal,
    ),
    Bug(
        "softmax-over-rows",
        "softmax is taken over the rows, or over the whole array, not over the outputs of a row",
        "sum exp(H_L) over the outputs of each sample: $outputs, with keepdims=True",
        _LOOKS,
        _over_rows,
    ),
    Bug(
        "sigmoid-outputs",
        "the output is a sigmoid of each logit, where J has softmax",
        "use softmax, or check with --loss bce",
        _LOOKS,
        _sigmoids,
    ),
    Bug(
        "softmax-outputs",
        "the output is softmax of all logits, where J has a sigmoid of each",
        "use the sigmoid of each logit, or check with --loss cross_entropy",
        _LOOKS,
        _softmax,
    ),
    Bug(
        "sigmoid-at-linear-output",
        "the output goes through a sigmoid, where J has the logit itself",
        "leave the output as it is, or check without --output identity",
        _LOOKS,
        _squashed,
    ),
)
