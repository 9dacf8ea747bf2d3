"""Hands out columns, whole or in part, of a table that may not fit into memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.data.table.column import Categorical
from mlpcli.data.table.origin import Origin
from mlpcli.data.table.spool import Spool
from mlpcli.data.table.stream import Texts
from mlpcli.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mlpcli.data.table.column import Column
    from mlpcli.data.table.origin import Ledger
    from mlpcli.data.table.parts import Part
    from mlpcli.data.table.store import Store
    from mlpcli.data.table.stream import Array

__all__ = ["Contents", "Table"]


class Contents:
    """Columns as they were read: a spool of numbers and codes, levels by text column (else None).

    `missing` says, by column, how many values are missing.
    """

    def __init__(self, ledger: Ledger, folder: Path | None) -> None:
        kinds = ledger.kinds
        self.texts = {name: Texts() if kind == "text" else None for name, kind in kinds.items()}
        self.missing = dict.fromkeys(kinds, 0)
        self.places = {name: j for j, name in enumerate(kinds)}
        dtypes = [np.float64 if texts is None else np.int32 for texts in self.texts.values()]
        self.spool = Spool(dtypes, folder)

    def fill(self, blocks: Iterable[Sequence[Array]]) -> None:
        """Take in all rows."""
        for block in blocks:
            self.spool.append(block)
            for name, array in zip(self.missing, block, strict=True):
                gaps = np.isnan(array) if self.texts[name] is None else array < 0
                self.missing[name] += int(np.count_nonzero(gaps))

    def array(self, name: str, start: int = 0, stop: int | None = None) -> Array:
        """Return rows start..stop-1 of a column, of texts the codes, in the order of `texts`."""
        return self.spool.read(self.places[name], start, self.spool.rows if stop is None else stop)


class Table(Origin):
    """Rows of one or several files in input order, to be read by column and in any order.

    `missing` says, by column, how many values are missing. Threads may read at the same time.
    """

    def __init__(
        self, store: Store, parts: Sequence[Part], ledger: Ledger, contents: Contents
    ) -> None:
        super().__init__(store, parts, ledger)
        self.missing = contents.missing
        self._contents = contents
        self._levels: dict[str, tuple[tuple[str, ...], NDArray[np.int32]]] = {}

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
        return {name: self._column(name, start, max(start, stop)) for name in names}

    def _column(self, name: str, start: int, stop: int) -> Column:
        array = self._contents.array(name, start, stop)
        texts = self._contents.texts[name]
        if texts is None:
            return array
        if name not in self._levels:
            self._levels[name] = _sorted(texts.levels)
        levels, ranks = self._levels[name]
        return Categorical(ranks[array], levels)


def _sorted(levels: tuple[str, ...]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Return the levels in order, and by code the place there; code -1 has the last entry."""
    order = sorted(range(len(levels)), key=levels.__getitem__)
    ranks = np.full(len(order) + 1, -1, np.int32)
    ranks[order] = np.arange(len(order))
    return tuple(levels[code] for code in order), ranks
