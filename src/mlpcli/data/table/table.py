"""Reads files as columns that are handed out whole or in part, and may not fit into memory.

First guess the kinds from the top rows and read with them, at full speed. If a single value
disagrees, read everything as text, count what is a number, and convert; so a kind never depends
on which rows were sampled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from mlpcli.counting import ROW_READ, in_silence
from mlpcli.data.table.as_text import count_numbers, load_as_text, text_blocks
from mlpcli.data.table.contents import Contents
from mlpcli.data.table.numerals import is_code, is_truth
from mlpcli.data.table.origin import Origin
from mlpcli.data.table.spool import Spool
from mlpcli.data.table.stream import Misfit
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlpcli.counting import Counting
    from mlpcli.data.table.query import Source
    from mlpcli.data.table.reading import Column
    from mlpcli.data.table.stream import Array

__all__ = ["Table"]


class Table(Origin):
    """Rows of one or several files in input order, to be read by column and in any order.

    It is opened first, and then loaded. Threads may read at the same time.
    """

    def load(self, counting: Counting = in_silence) -> Self:
        """Take in all rows; raises DataError with the first bad rows, and StorageError."""
        with self._closed_on_error():
            self.contents = Contents(self._fill(counting))
            self.store.connection.close()  # which gives DuckDB's memory back
            if not self.rows:
                raise DataError(f"{self.paths[0]}: {self.sources[0].empty}")
        return self

    @property
    def missing(self) -> Mapping[str, int]:
        """How many values are missing, by column."""
        return self.contents.spool.missing

    def read(
        self, names: Sequence[str], start: int = 0, stop: int | None = None
    ) -> dict[str, Column]:
        """Return rows start..stop-1 of some columns, N = stop - start after slice rules.

        See `Contents.read`.
        """
        return self.contents.read(names, start, stop)

    def _fill(self, counting: Counting) -> Spool:
        if spool := (
            self._directly(counting)
            or (self.without_ranks() and self._directly(counting))
            or (self.other_encoding() and self._directly(counting))
        ):
            return spool
        load_as_text(self)
        spool = self._new_spool()
        with counting(ROW_READ, self.rows) as count:
            spool.fill(text_blocks(self, spool.texts), count)
        return spool

    def _directly(self, counting: Counting) -> Spool | None:
        """Read with the kinds that are expected; return None where a value says otherwise."""
        if not all(source.direct for source in self.sources):
            return None
        spool = self._new_spool()
        try:
            with counting(ROW_READ, self.expected_rows()) as count:
                spool.fill(self.direct_blocks(spool.texts, spool), count)
        except Misfit:
            pass  # look closer
        else:
            if all(self._as_expected(spool, name) for name in self.kinds):
                return spool
        spool.close()
        return None

    def _new_spool(self) -> Spool:
        spool = Spool(self.kinds, self.reading.folder)
        self.store.callback(spool.close)
        return spool

    def _as_expected(self, spool: Spool, name: str) -> bool:
        """Say whether all values agree with the kind that was guessed by the first rows."""
        texts = spool.texts[name]
        if self.certain(name):
            return True
        values = spool.read(name, 0, spool.rows)
        if texts is None:
            return not self._hides_code(name, values)
        levels = texts.levels
        if is_code(levels) or (name in self.reading.as_written and is_truth(levels)):
            return True
        counts = np.bincount(values[values >= 0], minlength=len(levels))
        numbers = count_numbers(self.store, levels, counts)
        return 2 * numbers < int(counts.sum()) and not is_truth(levels)

    def _hides_code(self, name: str, values: Array) -> bool:
        """Say whether numbers may be codes of one width, of which only later ones begin with 0."""
        samples = [text for source in self.sources for text in source.sample(name)]
        width = len(samples[0]) if samples else 0
        if width < 2 or not all(len(text) == width and text.isdigit() for text in samples):
            return False
        present = values[~np.isnan(values)]
        within = bool((present < 10**width).all() and (present == np.floor(present)).all())
        if not within or not bool((present < 10 ** (width - 1)).any() and (present >= 0).all()):
            return False
        return not any(self._has_other_width(source, name, width) for source in self.sources)

    def _has_other_width(self, source: Source, name: str, width: int) -> bool:
        select = source.select({name: "text"})
        query = f"SELECT 1 FROM ({select}) AS t(k) WHERE length(k) <> {width} LIMIT 1"  # noqa: S608
        return self.store.connection.execute(query).fetchone() is not None
