"""Runs every form over a grid of logits, for each dtype and label, beside the exact value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.comparison.exact import Exact, exact_gradient
from mlpcli.comparison.grid import logit_grid
from mlpcli.errors import UsageError, did_you_mean
from mlpcli.nn.library_forms import LIBRARY_FORMS
from mlpcli.nn.losses import BCE_FORMS, Form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["FORMS", "Curve", "parse_form", "sweep"]

FORMS: dict[str, Form] = {**BCE_FORMS, **LIBRARY_FORMS}


@dataclass(frozen=True)
class Curve:
    """One form in one dtype for one label: arrays over the logits, in the dtype.

    `exact` is the truth at the logit as the dtype holds it; errors against it are float64.
    """

    form: str
    dtype: str
    label: int
    logits: NDArray[np.floating[Any]]
    loss: NDArray[np.floating[Any]]
    gradient: NDArray[np.floating[Any]]
    exact: Exact

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Where both the dtype and `exact` hold the truth to full precision: no subnormals."""
        tiny = max(float(np.finfo(self.dtype).tiny), float(np.finfo(np.float64).tiny))
        held: NDArray[np.bool_] = np.abs(self.exact.high) >= tiny
        return held

    @property
    def dead(self) -> NDArray[np.bool_]:
        """Where the gradient is 0 and the exact value, rounded to the dtype, is not."""
        return (self.gradient == 0) & (self.exact.rounded(np.dtype(self.dtype)) != 0)

    @property
    def relative_error(self) -> NDArray[np.float64]:
        """|gradient - exact| / |exact|, 0/0 = 0; nan where either is unknown."""
        difference = self._difference()
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratio = np.asarray(difference / np.abs(self.exact.high), np.float64)
        return np.where(difference == 0, 0.0, np.where(np.isinf(ratio), np.nan, ratio))

    @property
    def ulp_error(self) -> NDArray[np.float64]:
        """|gradient - exact| in units in the last place of the exact value in the dtype."""
        exact = np.abs(self.exact.rounded(np.dtype(self.dtype)))
        with np.errstate(over="ignore", invalid="ignore"):
            unit = np.maximum(np.spacing(exact), np.finfo(self.dtype).smallest_subnormal)
            return np.asarray(self._difference() / unit, np.float64)

    def _difference(self) -> NDArray[np.floating[Any]]:
        wide = np.dtype(np.longdouble if self.dtype == "longdouble" else np.float64)
        with np.errstate(invalid="ignore"):
            found = (self.gradient.astype(wide) - self.exact.high) - self.exact.low
        return np.where(np.isfinite(self.gradient), np.abs(found), np.nan)


def parse_form(name: str) -> str:
    """Return the name if it is a form; UsageError with the nearest one if not."""
    if name not in FORMS:
        guess = did_you_mean(name, FORMS) or f"; expected one of {', '.join(FORMS)}"
        raise UsageError(f'--form: unknown form "{name}"{guess}')
    return name


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
        for label in (0, 1):
            exact, y = exact_gradient(h, label), np.full_like(h, label)
            for name in forms:
                with np.errstate(all="ignore"):  # nan and inf are what the sweep is about
                    loss = FORMS[name].value(h, y, epsilon)
                    gradient = FORMS[name].derivative(h, y, epsilon)
                curves.append(Curve(name, dtype, label, h, loss, gradient, exact))
    return tuple(curves)
