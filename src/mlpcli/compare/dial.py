"""What each epsilon costs: from which wrong-side logit on the gradient is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mlpcli.compare.choices import LOSS, REFERENCE
from mlpcli.compare.line import Line
from mlpcli.compare.sweep import neighbours
from mlpcli.nn.losses import LIBRARY_EPSILON
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mlpcli.nn.losses import Loss
    from mlpcli.nn.sigmoid import FloatArray

    Pair: TypeAlias = tuple[FloatArray, FloatArray]  # the gradient as it is, and as a form has it
    Event: TypeAlias = Callable[[FloatArray, FloatArray], NDArray[np.bool_]]

__all__ = ["DIALLED", "EPSILONS", "Dial", "dial"]

EPSILONS = (1e-3, 1e-5, 1e-7, 1e-8, 1e-12, 1e-15)
DIALLED = ("epsilon", "clamped", *LIBRARY_EPSILON)
_POINTS = np.concatenate([np.arange(0, 64, 1 / 8), np.arange(64, 800, 4)])
_GAP = 1e-6
_EVENTS: tuple[Event, ...] = (  # in the order of the fields of `Dial`
    lambda truth, g: g <= 0.99 * truth,
    lambda truth, g: g <= 0.5 * truth,
    lambda _, g: g == 0,
    lambda _, g: ~np.isfinite(g),
)


@dataclass(frozen=True)
class Dial:
    """Logits h > 0, for label 0, from which a form has lost 1 %, 50 % and all of the gradient.

    The truth there is p, near 1. `non_finite` is where the form gives nan or inf instead.
    Each is None where it does not happen up to 800, and else no more than 1e-6 above the first such
    logit (two events within 1/8 pass for one).
    """

    form: str
    epsilon: float
    dtype: str
    lost_1_percent: float | None
    lost_50_percent: float | None
    lost_all: float | None
    non_finite: float | None


def dial(
    forms: Sequence[str], epsilons: Sequence[float], dtypes: Sequence[str], loss: Loss = LOSS
) -> tuple[Dial, ...]:
    """Return a row for each form in `DIALLED`, each epsilon (of a library its own) and dtype."""
    return tuple(
        _row(Line(loss), form, epsilon, dtype)
        for form in forms
        if form in DIALLED
        for epsilon in ([LIBRARY_EPSILON[form]] if form in LIBRARY_EPSILON else epsilons)
        for dtype in dtypes
    )


def _row(line: Line, form: str, epsilon: float, dtype: str) -> Dial:
    def pair(h: FloatArray) -> Pair:
        with np.errstate(all="ignore"):  # where it breaks is the question
            return line.gradient(REFERENCE, h, 0, epsilon), line.gradient(form, h, 0, epsilon)

    points = _POINTS.astype(dtype)
    at_points = pair(points)
    firsts = (_first(event, pair, points, at_points) for event in _EVENTS)
    return Dial(form, epsilon, dtype, *firsts)


def _first(
    event: Event, pair: Callable[[FloatArray], Pair], h: FloatArray, at_h: Pair
) -> float | None:
    """Return the first point at which it is so, narrowed down to the numbers before that point."""
    found = np.flatnonzero(event(*at_h))
    if not found.size:
        return None
    k = int(found[0])
    if k == 0:
        return float(h[0])
    return float(neighbours(lambda h: event(*pair(h)), h[k - 1], h[k], gap=_GAP)[1])
