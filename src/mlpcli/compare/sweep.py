"""Runs every form over a grid of logits, for each dtype and label, beside the exact value.

The grid is coarse where nothing happens, and fine where something does.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mlpcli.compare.choices import LOSS
from mlpcli.compare.exact import Exact, exact_gradients
from mlpcli.compare.line import Line
from mlpcli.errors import UsageError
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mlpcli.nn.losses import Loss
    from mlpcli.nn.sigmoid import FloatArray

    Condition: TypeAlias = Callable[[FloatArray], NDArray[np.bool_]]

__all__ = ["Curve", "logit_grid", "neighbours", "sweep"]

_WIDEST = 800.0
_PIECES = (  # start, stop, step of the default grid's positive half
    (0, 40, 1 / 8),
    (40, 128, 1),
    (128, 696, 8),
    (696, 752, 1),
    (752, 808, 8),
)
_CUTS = 512


@dataclass(frozen=True)
class Curve:
    """One form in one dtype for one label: arrays over the logits of `exact`, in the dtype.

    Errors are those of the gradient against the exact value; float64, nan where either is unknown.
    """

    form: str
    dtype: str
    loss: FloatArray
    gradient: FloatArray
    exact: Exact

    @property
    def logits(self) -> FloatArray:
        """The grid, ascending, as the dtype holds it."""
        return self.exact.logits

    @property
    def label(self) -> int:
        """0 or 1."""
        return self.exact.label

    @cached_property
    def finite(self) -> NDArray[np.bool_]:
        """Where the gradient is a number."""
        finite: NDArray[np.bool_] = np.isfinite(self.gradient)
        return finite

    @cached_property
    def dead(self) -> NDArray[np.bool_]:
        """Where the gradient is 0 and the exact value, rounded to the dtype, is not."""
        dead: NDArray[np.bool_] = (self.gradient == 0) & (self.exact.rounded != 0)
        return dead

    @cached_property
    def relative_error(self) -> NDArray[np.float64]:
        """|gradient - exact| / |exact|, 0/0 = 0."""
        difference = self._difference
        with np.errstate(all="ignore"):
            ratio = np.asarray(difference / np.abs(self.exact.high), np.float64)
        return np.where(difference == 0, 0.0, np.where(np.isinf(ratio), np.nan, ratio))

    @cached_property
    def ulp_error(self) -> NDArray[np.float64]:
        """|gradient - exact| in units in the last place of the exact value in the dtype."""
        with np.errstate(all="ignore"):
            return np.asarray(self._difference / self.exact.unit, np.float64)

    @cached_property
    def _difference(self) -> FloatArray:
        wide = np.dtype(np.longdouble if self.dtype == "longdouble" else np.float64)
        with np.errstate(invalid="ignore"):
            found = (self.gradient.astype(wide) - self.exact.high) - self.exact.low
        return np.where(self.finite, np.abs(found), np.nan)


def sweep(
    forms: Sequence[str],
    dtypes: Sequence[str],
    epsilon: float,
    grid: NDArray[np.float64] | None = None,
    loss: Loss = LOSS,
) -> tuple[Curve, ...]:
    """Return a curve for every form, dtype and label, in this order of loops: dtype, label, form.

    `grid` None is the default grid; `epsilon` is that of the forms that have one.
    """
    line = Line(loss)
    curves = []
    for dtype in dtypes:
        h = logit_grid(dtype, grid, line)
        for exact in exact_gradients(h, line.others):
            for form in forms:
                with np.errstate(all="ignore"):  # nan and inf are what the sweep is about
                    losses = line.loss_at(form, h, exact.label, epsilon)
                    gradient = line.gradient(form, h, exact.label, epsilon)
                curves.append(Curve(form, dtype, losses, gradient, exact))
    return tuple(curves)


def logit_grid(
    dtype: str, given: NDArray[np.float64] | None = None, line: Line | None = None
) -> FloatArray:
    """Return the logits as the dtype holds them, ascending, without repeats.

    The default grid, -800 to 800, has the logits in it at which p as a textbook computes it changes
    its nature in this dtype: the last with p < 1 and the first without, likewise for 0 and for nan.
    Raises UsageError where the dtype can hold none of the given logits.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        held = _default_logits(dtype, line or Line(LOSS)) if given is None else given
        held = held.astype(dtype)
    held = np.sort(held[np.isfinite(held)]) + 0  # 0 without a sign
    if not held.size:
        largest = float(np.finfo(dtype).max)
        raise UsageError(f"--logits: {dtype} can hold none of them; its largest is {largest:g}")
    once: FloatArray = held[np.append(True, np.diff(held) > 0)]  # `np.unique` loads numpy.ma
    return once


def _default_logits(dtype: str, line: Line) -> FloatArray:
    low, high = np.array([0, min(np.finfo(dtype).max / 2, 2e4)], dtype)
    one = neighbours(lambda h: ~(line.textbook_p(h) < 1), low, high)
    zero = neighbours(lambda h: ~(line.textbook_p(-h) > 0), low, high)
    edges = [one, np.negative(zero)]
    if np.isnan(line.textbook_p(high[np.newaxis])):
        edges.append(neighbours(lambda h: np.isnan(line.textbook_p(h)), low, high))
    half = np.concatenate([np.arange(*piece) for piece in _PIECES])
    logits = np.concatenate([-half, half, *edges])
    widest: FloatArray = logits[np.abs(logits) <= _WIDEST]
    return widest


def neighbours(
    there: Condition, low: np.floating[Any], high: np.floating[Any], *, gap: float = 0.0
) -> tuple[np.floating[Any], np.floating[Any]]:
    """Return the last number without and the first with it; `there` is False at low, True at high.

    Where it changes more than once in between, one change is found. With `gap` they need not be
    neighbours, but nearer than that. Each round looks at numbers that cut the interval into many.
    """
    while high - low > gap and np.nextafter(low, high) < high:
        cuts = np.linspace(0, 1, _CUTS + 1, dtype=low.dtype)[1:-1]
        between = np.clip(
            low + (high - low) * cuts, np.nextafter(low, high), np.nextafter(high, low)
        )
        found = np.flatnonzero(there(between))
        if not found.size:
            low = between[-1]
            continue
        k = int(found[0])
        high = between[k]
        low = between[k - 1] if k else low
    return low, high
