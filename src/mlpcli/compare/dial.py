"""What each epsilon costs: from which wrong-side logit on the gradient is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mlpcli.compare.choices import FORMS
from mlpcli.compare.sweep import neighbours
from mlpcli.nn.losses import LIBRARY_EPSILON
from mlpcli.nn.sigmoid import sigmoid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mlpcli.nn.sigmoid import FloatArray

    Gradient: TypeAlias = Callable[[FloatArray], FloatArray]
    Event: TypeAlias = Callable[[FloatArray, FloatArray], NDArray[np.bool_]]

__all__ = ["DIALLED", "EPSILONS", "Dial", "dial"]

EPSILONS = (1e-3, 1e-5, 1e-7, 1e-8, 1e-12, 1e-15)
DIALLED = ("epsilon", "clamped", *LIBRARY_EPSILON)
_POINTS = np.concatenate([np.arange(0, 64, 1 / 8), np.arange(64, 800, 4)])
_GAP = 1e-6
_EVENTS: tuple[Event, ...] = (  # in the order of the fields of `Dial`
    lambda h, g: g <= 0.99 * sigmoid(h),
    lambda h, g: g <= 0.5 * sigmoid(h),
    lambda _, g: g == 0,
    lambda _, g: ~np.isfinite(g),
)


@dataclass(frozen=True)
class Dial:
    """Logits h > 0, for label 0, from which a form has lost 1 %, 50 % and all of the gradient.

    The truth there is sigma(h), near 1. `non_finite` is where the form gives nan or inf instead.
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
    forms: Sequence[str], epsilons: Sequence[float], dtypes: Sequence[str]
) -> tuple[Dial, ...]:
    """Return a row for each form in `DIALLED`, each epsilon (of a library its own) and dtype."""
    return tuple(
        _row(form, epsilon, dtype)
        for form in forms
        if form in DIALLED
        for epsilon in ([LIBRARY_EPSILON[form]] if form in LIBRARY_EPSILON else epsilons)
        for dtype in dtypes
    )


def _row(form: str, epsilon: float, dtype: str) -> Dial:
    def gradient(h: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):  # where it breaks is the question
            return FORMS[form].derivative(h, np.zeros_like(h), epsilon)

    points = _POINTS.astype(dtype)
    at_points = gradient(points)
    firsts = (_first(event, gradient, points, at_points) for event in _EVENTS)
    return Dial(form, epsilon, dtype, *firsts)


def _first(event: Event, gradient: Gradient, h: FloatArray, g: FloatArray) -> float | None:
    """Return the first point at which it is so, narrowed down to the numbers before that point."""
    found = np.flatnonzero(event(h, g))
    if not found.size:
        return None
    k = int(found[0])
    if k == 0:
        return float(h[0])
    return float(neighbours(lambda h: event(h, gradient(h)), h[k - 1], h[k], gap=_GAP)[1])
