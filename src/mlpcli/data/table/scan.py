"""Reads files once, from top to bottom, 16,384 rows at a time: nothing is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.data.table.as_text import load_as_text, text_blocks
from mlpcli.data.table.origin import Origin
from mlpcli.data.table.reading import Categorical, Missing
from mlpcli.data.table.store import duckdb_errors
from mlpcli.data.table.stream import Misfit, Verbatim, empty_texts
from mlpcli.errors import DataError
from mlpcli.text import near_names, show_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mlpcli.data.table.reading import Column
    from mlpcli.data.table.stream import Array, Texts

__all__ = ["Scan"]

_BLOCK_ROWS = 16_384


class Scan(Origin):
    """Rows of one or several files in input order; the reading must know their columns' kinds.

    Where DuckDB balks, what is left is read by way of text, as a table is, and then is in memory
    or in a temporary file as a whole.
    """

    kept: Sequence[str] = ()  # columns to hand on
    _verbatim: Sequence[str] = ()  # those of them that nothing else needs

    def keep(self, names: Sequence[str] | None) -> None:
        """Read some further columns as texts (None: all that there are), before the first block.

        Their levels are those of a block, so that memory does not grow with them. A text column
        that is read anyway stays as it is; of a number column the texts are read besides. Raises
        DataError for a name that a file does not have.
        """
        self.kept = tuple(self.sources[0].places if names is None else dict.fromkeys(names))
        lines = [
            f"{source.path}: no column {show_name(name)}{near_names(name, [*source.places])}"
            for source in self.sources
            for name in self.kept
            if name not in source.places
        ]
        if lines:
            raise DataError(*lines)
        wanted = {*self.kinds, *self.kept}
        every = [name for name in self.sources[0].places if name in wanted]
        # No name in a file has the end of those that are read again.
        again = {name: f"{name}\0" for name in self.kept if self.kinds.get(name) == "number"}
        self._verbatim = [*(name for name in every if name not in self.kinds), *again.values()]
        self.kinds = {name: self.kinds.get(name, "text") for name in [*every, *again.values()]}
        as_they_are = dict.fromkeys(again.values(), Missing(self.reading.missing.texts))
        missing_in = {**self.reading.missing_in, **as_they_are}
        self.reading = replace(self.reading, kinds=self.kinds, missing_in=missing_in, again=again)
        self.sources = [replace(source, reading=self.reading) for source in self.sources]
        for source in self.sources:
            source.refuse_types(tuple(every))

    def kept_of(self, columns: Mapping[str, Column]) -> dict[str, Column]:
        """Return the columns of a block that are to be handed on, as texts."""
        return {name: columns[self.reading.again.get(name, name)] for name in self.kept}

    def blocks(self) -> Iterator[dict[str, Column]]:
        """Yield the columns of 16,384 rows at a time, or of what is left; to be called once.

        Columns are as those of a table, but levels are those met so far, and not sorted. Raises
        DataError with the first bad rows, once it meets them.
        """
        known = empty_texts(self.kinds) | {name: Verbatim() for name in self._verbatim}
        with duckdb_errors(", ".join(map(str, self.paths))):
            for block in _even(self._arrays(known)):
                yield {
                    name: _column(texts, array)
                    for (name, texts), array in zip(known.items(), block, strict=True)
                }
        if not self.rows:
            raise DataError(f"{self.paths[0]}: {self.sources[0].empty}")

    def _arrays(self, texts: Mapping[str, Texts | None]) -> Iterator[list[Array]]:
        """Yield columns as far as one way of reading goes, and then the rest by another."""
        for blocks in self._ways(texts):
            skip = self.handed_out
            try:
                for block in blocks:
                    fresh = [array[skip:] for array in block]
                    skip -= len(block[0]) - len(fresh[0])
                    if len(fresh[0]):
                        self.handed_out += len(fresh[0])
                        yield fresh
            except Misfit:
                continue  # look closer
            return

    def _ways(self, texts: Mapping[str, Texts | None]) -> Iterator[Iterator[list[Array]]]:
        """Yield ways to read the files, the next one if something does not fit."""
        if all(source.direct for source in self.sources):
            yield self.direct_blocks(texts)
        if self.without_ranks():
            yield self.direct_blocks(texts)
        if self.other_encoding() and all(source.direct for source in self.sources):
            yield self.direct_blocks(texts)
        load_as_text(self)
        yield text_blocks(self, texts)


def _column(texts: Texts | None, array: Array) -> Column:
    if texts is None:
        return array
    if isinstance(texts, Verbatim):
        codes = np.arange(array.size, dtype=np.int32)
        return Categorical(
            np.where(array == b"", np.int32(-1), codes), tuple(map(bytes.decode, array))
        )
    return Categorical(array, texts.levels)


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
