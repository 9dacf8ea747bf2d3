"""Keeps the columns of a table, block by block, in memory or, beyond 32 MB, in a temporary file."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Spool"]

_MOST_IN_MEMORY = 1 << 25


class Spool:
    """Rows of columns of the given dtypes, appended in blocks and read in any order.

    Within a block each column lies in one piece. Threads may read at the same time. Raises
    StorageError where there is no room for the rows.
    """

    def __init__(self, dtypes: Sequence[type[np.generic]], folder: Path | None = None) -> None:
        self.rows = 0
        self._dtypes = [np.dtype(dtype) for dtype in dtypes]
        self._starts: list[int] = []  # first row of each block
        self._places: list[list[int]] = []  # where its columns begin
        self._end = 0
        self._scratch = Scratch(folder, _MOST_IN_MEMORY)

    def append(self, columns: Sequence[NDArray[Any]]) -> None:
        """Add rows."""
        places = []
        for column, dtype in zip(columns, self._dtypes, strict=True):
            places.append(self._end)
            self._scratch.write(self._end, column.astype(dtype, copy=False))
            self._end += column.size * dtype.itemsize
        self._starts.append(self.rows)
        self._places.append(places)
        self.rows += len(columns[0])

    def read(self, j: int, start: int, stop: int) -> NDArray[Any]:
        """Return rows start..stop-1 of column j, 0 <= start <= stop <= rows."""
        dtype = self._dtypes[j]
        out = np.empty(stop - start, dtype)
        block = max(0, bisect_right(self._starts, start) - 1)
        while start < stop:
            first = self._starts[block]
            end = self._starts[block + 1] if block + 1 < len(self._starts) else self.rows
            piece = out[out.size - (stop - start) :][: end - start]
            self._scratch.read(self._places[block][j] + (start - first) * dtype.itemsize, piece)
            start, block = end, block + 1
        return out

    def close(self) -> None:
        """Give memory and disk back."""
        self._scratch.close()
