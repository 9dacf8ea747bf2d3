"""Keeps the columns of a table block by block, as they were read, by one process or by several."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mlpcli.data.scratch import Scratch
from mlpcli.data.table.stream import empty_texts
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mlpcli.counting import Count
    from mlpcli.data.scratch import Door
    from mlpcli.data.table.reading import Kind
    from mlpcli.data.table.stream import Array

__all__ = ["Block", "Spool", "Written", "put", "rows_in"]

_MOST_IN_MEMORY = 1 << 25
_LINE = 64  # bytes


@dataclass(frozen=True)
class Written:
    """A block that is in the file already: where each of its columns begins, what it lacks.

    `codes` says for each column what its codes are in all of the table, where they differ.
    """

    rows: int
    places: Sequence[int]
    missing: Sequence[int]
    codes: Sequence[NDArray[np.int32] | None]


Block: TypeAlias = "Sequence[Array] | Written"
"""Columns of some rows: float64 (N,), nan where missing, or codes int32 (N,), -1 there."""


def rows_in(block: Block) -> int:
    """Return how many rows a block has."""
    return block.rows if isinstance(block, Written) else len(block[0])


def put(block: Sequence[Array], place: int, write: Callable[[int, Array], object]) -> Written:
    """Write columns one after the other, from a place on."""
    places, missing = [], []
    for array in block:
        gaps = array < 0 if array.dtype == np.int32 else np.isnan(array)
        missing.append(int(np.count_nonzero(gaps)))
        places.append(place)
        write(place, array)
        place += array.nbytes
    return Written(len(block[0]), places, missing, [None] * len(block))


class Spool:
    """Columns as they were read, block by block, in memory or, beyond 32 MB, in a temporary file.

    `texts` holds what the codes of a text column mean, `missing` how many values a column lacks.
    Within a block each column lies in one piece. Threads may read at the same time. Raises
    StorageError where there is no room for the rows.
    """

    def __init__(self, kinds: Mapping[str, Kind], folder: Path | None) -> None:
        self.rows = 0
        self.texts = empty_texts(kinds)
        self.missing = dict.fromkeys(kinds, 0)
        self._columns = {name: number for number, name in enumerate(kinds)}
        self._starts: list[int] = []  # first row of each block
        self._blocks: list[Written] = []
        self._end = 0
        self._scratch: Scratch | Door = Scratch(folder, _MOST_IN_MEMORY)

    def fill(self, blocks: Iterable[Block], count: Count = lambda _rows: None) -> None:
        """Add the rows of each block."""
        for block in blocks:
            written = block if isinstance(block, Written) else self._put(block)
            for name, missing in zip(self.missing, written.missing, strict=True):
                self.missing[name] += missing
            self._starts.append(self.rows)
            self._blocks.append(written)
            self.rows += written.rows
            count(written.rows)

    def _put(self, block: Sequence[Array]) -> Written:
        written = put(block, self._end, self._scratch.write)
        self._end += sum(array.nbytes for array in block)
        return written

    def outside(self, size: int = 0) -> tuple[Door, int]:
        """Let other processes of this machine write to so many bytes, from the place returned on.

        What they do not write takes no room on disk.
        """
        assert isinstance(self._scratch, Scratch)
        door, start = self._scratch.door(self._end), self._end + _LINE
        self._end = start + size
        return door, start

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process needs to read; to write is for this one alone."""
        return vars(self) | {"_scratch": self.outside()[0]}

    def read(self, name: str, start: int, stop: int) -> Array:
        """Return rows start..stop-1 of a column, 0 <= start <= stop <= rows."""
        out = np.empty(stop - start, np.float64 if self.texts[name] is None else np.int32)
        block = max(0, bisect_right(self._starts, start) - 1)
        while start < stop:
            first, end = self._starts[block], self._starts[block] + self._blocks[block].rows
            piece = out[out.size - (stop - start) :][: end - start]
            self._read(self._blocks[block], self._columns[name], start - first, piece)
            start, block = end, block + 1
        return out

    def _read(self, block: Written, column: int, skip: int, out: Array) -> None:
        self._scratch.read(block.places[column] + skip * out.itemsize, out)
        codes = block.codes[column]
        if codes is not None:
            out[:] = codes[out]

    def close(self) -> None:
        """Give memory and disk back."""
        if isinstance(self._scratch, Scratch):
            self._scratch.close()
