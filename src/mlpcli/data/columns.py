"""Columns of some rows: held in memory, or read from a table when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.table import Categorical, Column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.data.table import Table

__all__ = ["Columns", "Held", "Mask", "Stored", "is_missing", "rows_of"]

Mask: TypeAlias = NDArray[np.bool_]
Index: TypeAlias = NDArray[np.int64]


def is_missing(column: Column) -> Mask:
    """Return which rows of the column hold no value, shape (N,)."""
    return column.codes < 0 if isinstance(column, Categorical) else np.isnan(column)


def rows_of(columns: Mapping[str, Column]) -> int:
    """Return the number of rows that all of the columns have."""
    return is_missing(next(iter(columns.values()))).size


class Held(dict[str, Column]):
    """Columns of the same rows, in memory."""

    def missing(self, name: str) -> Mask | None:
        """Return which rows lack a value in this column, None where none does."""
        mask = is_missing(self[name])
        return mask if mask.any() else None

    def take(self, rows: Index | Mask) -> Held:
        """Return the chosen rows, which are to be in ascending order; a copy."""
        return Held({name: _take(column, rows) for name, column in self.items()})

    def cuts(self, rows: int, size: int) -> list[tuple[int, int]]:
        """Return (start, stop) of parts of all `rows` to be read one by one, of about `size`."""
        return [(start, min(start + size, rows)) for start in range(0, rows, size)]

    def between(self, start: int, stop: int) -> Mapping[str, Column]:
        """Return the columns of rows start..stop-1."""
        return {name: _take(column, slice(start, stop)) for name, column in self.items()}


class Stored(Mapping[str, Column]):
    """Columns of chosen rows of a table, which is to stay open; nothing is kept in memory."""

    def __init__(self, table: Table, rows: Index | None = None) -> None:
        self._table = table
        self._rows = rows

    def __getitem__(self, name: str) -> Column:
        column = self._table.read([name])[name]
        return column if self._rows is None else _take(column, self._rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self._table.names)

    def __len__(self) -> int:
        return len(self._table.names)

    def missing(self, name: str) -> Mask | None:
        """Return which rows lack a value in this column, None where none does."""
        return is_missing(self[name]) if self._table.missing[name] else None

    def take(self, rows: Index | Mask) -> Stored:
        """Return the chosen rows, in ascending order; they are read later."""
        every = np.arange(self._table.rows) if self._rows is None else self._rows
        return Stored(self._table, every[rows])

    def cuts(self, rows: int, size: int) -> list[tuple[int, int]]:
        """Return (start, stop) of parts that `size` rows of the table hold, each not empty."""
        cuts = np.arange(0, self._table.rows, size)
        bounds = cuts if self._rows is None else np.searchsorted(self._rows, cuts)
        return [(a, b) for a, b in pairwise([*bounds.tolist(), rows]) if a < b]

    def between(self, start: int, stop: int) -> Mapping[str, Column]:
        """Read the columns of rows start..stop-1."""
        names = self._table.names
        if self._rows is None:
            return self._table.read(names, start, stop)
        rows = self._rows[start:stop]
        first = int(rows[0])
        columns = self._table.read(names, first, int(rows[-1]) + 1)
        return {name: _take(column, rows - first) for name, column in columns.items()}


Columns: TypeAlias = Held | Stored


def _take(column: Column, rows: Index | Mask | slice) -> Column:
    if isinstance(column, Categorical):
        return Categorical(column.codes[rows], column.levels)
    return column[rows]
