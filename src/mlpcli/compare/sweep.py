"""Runs every form over a grid of logits, for each dtype and label, beside the exact value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.compare.exact import Exact, exact_gradients
from mlpcli.compare.forms import FORMS
from mlpcli.compare.grid import logit_grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Curve", "sweep"]


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
) -> tuple[Curve, ...]:
    """Return a curve for every form, dtype and label, in this order of loops: dtype, label, form.

    `grid` None is the default grid; `epsilon` is that of the forms that have one.
    """
    curves = []
    for dtype in dtypes:
        h = logit_grid(dtype, grid)
        for exact in exact_gradients(h):
            y = np.full_like(h, exact.label)
            for name in forms:
                with np.errstate(all="ignore"):  # nan and inf are what the sweep is about
                    loss = FORMS[name].value(h, y, epsilon)
                    gradient = FORMS[name].derivative(h, y, epsilon)
                curves.append(Curve(name, dtype, loss, gradient, exact))
    return tuple(curves)
