"""Reads files once, from top to bottom, 16,384 rows at a time: nothing is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import numpy as np

from mlpcli.data.table.column import Categorical
from mlpcli.data.table.load import direct_blocks, text_blocks
from mlpcli.data.table.origin import Ledger, Origin
from mlpcli.data.table.store import duckdb_errors
from mlpcli.data.table.stream import Misfit, Texts
from mlpcli.data.table.texts import load_as_text
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mlpcli.data.table.column import Column
    from mlpcli.data.table.parts import Part
    from mlpcli.data.table.store import Store
    from mlpcli.data.table.stream import Array

__all__ = ["Scan"]

_BLOCK_ROWS = 16_384


class Scan(Origin):
    """Rows of one or several files, whose columns' kinds are known, in input order.

    Where DuckDB balks, what is left is read by way of text, as a table is, and then is in memory
    or in a temporary file as a whole.
    """

    def __init__(self, store: Store, parts: Sequence[Part], ledger: Ledger) -> None:
        super().__init__(store, parts, ledger)
        kinds = ledger.kinds
        self._texts = {name: Texts() if kind == "text" else None for name, kind in kinds.items()}

    def blocks(self) -> Iterator[dict[str, Column]]:
        """Yield the columns of 16,384 rows at a time, or of what is left; to be called once.

        Columns are as those of a table, but levels are those met so far, and not sorted. Raises
        DataError with the first bad rows, once it meets them.
        """
        with duckdb_errors(", ".join(map(str, self.sources))):
            for block in _even(self._arrays()):
                yield {
                    name: block[j] if texts is None else Categorical(block[j], texts.levels)
                    for j, (name, texts) in enumerate(self._texts.items())
                }
        if not self.rows:
            raise DataError(f"{self.sources[0]}: no rows below the header")

    def _arrays(self) -> Iterator[list[Array]]:
        done = 0
        if all(part.direct for part in self._parts):
            try:
                for block in direct_blocks(self._store, self._parts, self._ledger, self._texts):
                    done += len(block[0])
                    yield block
            except duckdb.OutOfMemoryException:
                raise
            except (duckdb.Error, Misfit):
                pass  # look closer
            else:
                return
        self._ledger = load_as_text(self._store, self._parts, self.names, self.kinds)
        for block in text_blocks(self._store, self._ledger, self._texts):
            fresh = [array[done:] for array in block]
            done -= len(block[0]) - len(fresh[0])
            if len(fresh[0]):
                yield fresh


def _even(blocks: Iterable[list[Array]]) -> Iterator[list[Array]]:
    """Cut rows into blocks of equal size: where DuckDB's end depends on files and threads.

    Results of float32 would depend on it, too, in their last digits.
    """
    held: list[Array] = []
    count = 0
    for block in blocks:
        start, rows = 0, len(block[0])
        while start < rows:
            if not count:
                held = [np.empty(_BLOCK_ROWS, array.dtype) for array in block]
            stop = min(rows, start + _BLOCK_ROWS - count)
            for array, piece in zip(held, block, strict=True):
                array[count : count + stop - start] = piece[start:stop]
            count += stop - start
            start = stop
            if count == _BLOCK_ROWS:
                yield held
                count = 0
    if count:
        yield [array[:count] for array in held]
