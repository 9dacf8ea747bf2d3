"""Mean, deviation and median of a long column with gaps, in little memory beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["mean_and_deviation", "median"]

Numbers: TypeAlias = "NDArray[np.float64]"
_PIECE = 1 << 18  # rows at a time, so that what is worked in does not grow with the column


def mean_and_deviation(values: Numbers) -> tuple[float, float] | None:
    """Return mean and standard deviation (divisor N) of what is not nan; None if all is.

    Each piece is scaled by its largest number, which keeps the squares of 1e200 finite; pieces
    are put together as Chan, Golub and LeVeque (1983) do.
    """
    pieces = (values[start : start + _PIECE] for start in range(0, values.size, _PIECE))
    moments = [_moments(present) for v in pieces if (present := v[~np.isnan(v)]).size]
    if len(moments) < 2:
        return moments[0][1:] if moments else None
    counts, means, deviations = np.array(moments).T
    share = counts / counts.sum()
    unit = _unit(np.concatenate([means, deviations]))
    mean = float(share @ (means / unit))
    variance = share @ ((deviations / unit) ** 2 + (means / unit - mean) ** 2)
    return mean * unit, float(np.sqrt(variance)) * unit


def median(values: Numbers) -> float:
    """Return the median of what is not nan, which must not be nothing."""
    values = values[~np.isnan(values)]
    unit = _unit(values)
    return float(np.median(values / unit)) * unit


def _moments(values: Numbers) -> tuple[int, float, float]:
    """Return number, mean and standard deviation."""
    unit = _unit(values)
    values = values / unit
    return values.size, float(values.mean()) * unit, float(values.std()) * unit


def _unit(values: Numbers) -> float:
    """Return what to divide by, so that the square of 1e200 is finite."""
    return float(np.abs(values).max()) or 1.0
