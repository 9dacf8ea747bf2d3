"""Hands out columns, whole or in blocks of rows, from a table that may not fit into memory."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np

from mlpcli.data.source.faults import find_lines
from mlpcli.data.source.files import sha256
from mlpcli.data.source.store import duckdb_errors
from mlpcli.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from mlpcli.data.source.parts import Kind, Part
    from mlpcli.data.source.store import Store, Stored

BLOCK_ROWS = 61_440  # half a row group of DuckDB's: fastest, and small
BLOCK_CELLS = 1 << 22


@dataclass(frozen=True, eq=False)
class Categorical:
    """A text column: `codes` int32 (N,) index `levels`, -1 is missing; levels are sorted.

    Levels are those of the whole table, also where only some rows are read.
    """

    codes: NDArray[np.int32]
    levels: tuple[str, ...]


Column: TypeAlias = "NDArray[np.float64] | Categorical"


class Table:
    """Rows of one or several files in input order; close it, or use it in a `with` statement."""

    def __init__(self, store: Store, parts: Sequence[Part], stored: Stored) -> None:
        self.names = tuple(stored.kinds)
        self.kinds: Mapping[str, Kind] = stored.kinds
        self.rows = sum(stored.rows)
        self.sources: tuple[Path, ...] = tuple(part.path for part in parts)
        self._store = store
        self._parts = parts
        self._stored = stored
        self._levels: dict[str, tuple[str, ...]] = {}
        self._digest = ""
        self._finalizer = weakref.finalize(self, store.close)

    def __enter__(self) -> Table:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free memory and remove temporary files; a second call does nothing."""
        self._finalizer()

    @property
    def digest(self) -> str:
        """SHA-256 of the files' bytes in order, in hex, as `cat FILES | sha256sum` prints it.

        Raises DataError where a file has changed since it was opened.
        """
        self._digest = self._digest or sha256(part.file for part in self._parts)
        return self._digest

    def read(
        self, names: Sequence[str], start: int = 0, stop: int | None = None
    ) -> dict[str, Column]:
        """Return rows start..stop-1 of some columns, N = stop - start after slice rules.

        A number column is float64 (N,) with nan where missing, a text column a Categorical.
        Memory grows with what is asked for, not with the table. Raises DataError for an unknown
        name.
        """
        for name in names:
            if name not in self.kinds:
                raise DataError(f'no column "{name}"{did_you_mean(name, self.names)}')
        start, stop, _ = slice(start, stop).indices(self.rows)
        with duckdb_errors(self.sources[0]):
            expressions = [self._expression(name) for name in names]
            arrays = self._fetch(names, expressions, start, max(start, stop))
        return {name: self._column(name, array) for name, array in arrays.items()}

    def locate(self, row: int) -> tuple[Path, int]:
        """Return the file and the 1-based line on which a 0-based row begins.

        For Parquet it is the 1-based row of the file. Reads the file again: for error messages.
        """
        ((file, place),) = self._stored.places([row])
        part = self._parts[file]
        (line,) = find_lines(part, self.names, [place], file in self._stored.copied)
        return part.path, line

    def _column(self, name: str, array: NDArray[np.generic]) -> Column:
        if self.kinds[name] == "number":
            return cast("NDArray[np.float64]", array)
        return Categorical(cast("NDArray[np.int32]", array), self._levels[name])

    def _fetch(
        self, names: Sequence[str], expressions: Sequence[str], start: int, stop: int
    ) -> dict[str, NDArray[np.generic]]:
        types = {"number": np.float64, "text": np.int32}
        arrays: dict[str, NDArray[np.generic]] = {
            name: np.empty(stop - start, types[self.kinds[name]]) for name in names
        }
        columns = ", ".join(f"{e} AS x{i}" for i, e in enumerate(expressions))
        query = f"SELECT {columns} FROM data WHERE rowid >= ? AND rowid < ?"  # noqa: S608
        step = max(2048, min(BLOCK_ROWS, BLOCK_CELLS // max(1, len(names))))
        for low in range(start, stop if names else start, step):
            high = min(low + step, stop)
            block = self._store.connection.execute(query, [low, high]).fetchnumpy()
            for array, values in zip(arrays.values(), block.values(), strict=True):
                array[low - start : high - start] = np.ma.filled(values, np.nan)
        return arrays

    def _expression(self, name: str) -> str:
        i = self.names.index(name)
        if self.kinds[name] == "number":
            return f"k{i}"
        if name not in self._levels:
            self._levels[name] = self._define_levels(i)
        if not self._levels[name]:
            return "-1"
        return f"coalesce(enum_code(k{i}::levels_{i})::INTEGER, -1)"

    def _define_levels(self, i: int) -> tuple[str, ...]:
        """Make a DuckDB type of the distinct texts of a column, so that they are coded there."""
        texts = f"SELECT DISTINCT k{i} FROM data WHERE k{i} IS NOT NULL ORDER BY k{i}"  # noqa: S608
        self._store.connection.execute(f"CREATE TYPE levels_{i} AS ENUM ({texts})")
        (levels,) = self._store.first(f"SELECT enum_range(NULL::levels_{i})")
        return tuple(cast("list[str]", levels))
