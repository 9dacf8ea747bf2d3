"""What is asked of columns in memory: which values are missing, how many rows, some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.table import Categorical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlpcli.data.table import Column

__all__ = ["Index", "Mask", "gaps", "is_missing", "rows_of", "take", "values_in"]

T = TypeVar("T", bound=np.generic)
Mask: TypeAlias = NDArray[np.bool_]
Index: TypeAlias = NDArray[np.int64]


def is_missing(column: Column) -> Mask:
    """Return which rows of the column hold no value, shape (N,)."""
    return column.codes < 0 if isinstance(column, Categorical) else np.isnan(column)


def gaps(columns: Mapping[str, Column]) -> dict[str, Mask]:
    """Return which rows hold no value, for each column in which there are such rows."""
    masks = {name: is_missing(column) for name, column in columns.items()}
    return {name: mask for name, mask in masks.items() if mask.any()}


def rows_of(columns: Mapping[str, Column]) -> int:
    """Return the number of rows that all of the columns have."""
    return is_missing(next(iter(columns.values()))).size


def take(columns: Mapping[str, Column], rows: Index | Mask) -> dict[str, Column]:
    """Return the chosen rows, a copy."""
    return {
        name: Categorical(column.codes[rows], column.levels)
        if isinstance(column, Categorical)
        else column[rows]
        for name, column in columns.items()
    }


def values_in(array: NDArray[T]) -> NDArray[T]:
    """Return the values that occur, ascending, each once; every nan is one of its own.

    `np.unique` would load numpy.ma for it, a fortieth of a short run.
    """
    ordered = np.sort(array)
    first = np.ones(ordered.shape, bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]
