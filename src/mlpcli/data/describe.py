"""Says in words what a column holds, and why it may be no feature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.notes import column_notes
from mlpcli.data.table import Categorical
from mlpcli.text import show, show_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcli.data.table import Column
    from mlpcli.data.target import AnyTarget

__all__ = ["NEGATIVE", "describe", "sentinels", "stands_aside"]

_FEW = 6
_DIGITS = (6, 9, 12, 15, 17)
NEGATIVE = (-9, -99, -999, -9999, -99999)
_SENTINELS = (*NEGATIVE, 999, 9999, 99999, 999999)
_LARGEST_IN_FULL = 1e15
_FAR = 3  # times what else there is


def describe(column: Column) -> str:
    """Return what a column holds, in words."""
    if isinstance(column, Categorical):
        levels: Sequence[str] = column.levels
        some = ", ".join(map(show, levels[:_FEW])) + (", .." if len(levels) > _FEW else "")
        plural = "s" if len(levels) != 1 else ""
        return f"{len(levels)} text{plural}: {some}" if levels else "no value"
    present = column[~np.isnan(column)]
    if not present.size:
        return "no value"
    low, high = float(present.min()), float(present.max())
    if low == high:
        return f"number, always {_written(low, 6)}"
    digits = next(d for d in _DIGITS if _written(low, d) != _written(high, d))
    return f"number, {_written(low, digits)} to {_written(high, digits)}"


def sentinels(values: NDArray[np.float64]) -> list[str | float]:
    """Return the number that seems to stand for missing values: -999 and the like, far outside."""
    present = values[~np.isnan(values)]
    for code in _SENTINELS:
        rest = np.abs(present[present != code])
        if 0 < rest.size < present.size:
            negative = code < 0 and bool((present[present != code] >= 0).all())
            if _FAR * rest.max() < abs(code) or (negative and code <= -99):
                return [code]
    return []


def stands_aside(
    name: str, column: Column, y: NDArray[np.floating[Any]], targets: Sequence[AnyTarget]
) -> str:
    """Return why a column should be no feature, or an empty string."""
    known = ~np.isnan(y).any(axis=1)
    some = Categorical(column.codes[known], column.levels) if isinstance(
        column, Categorical) else column[known]  # fmt: skip
    opening = f"column {show_name(name)} "
    for note in column_notes(name, some, y[known], targets, ""):
        if "by a threshold" not in note and "by case" not in note:
            return note.removeprefix(opening).rstrip(":, ").partition(": give what")[0]
    return ""


def _written(value: float, digits: int) -> str:
    if value.is_integer() and abs(value) < _LARGEST_IN_FULL:
        return str(int(value))
    return f"{value:.{digits}g}"
