"""The columns of a loaded table, which other ranks of the same machine may read as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.data.table.reading import Categorical
from mlpcli.errors import DataError
from mlpcli.text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcli.data.table.reading import Column
    from mlpcli.data.table.spool import Spool

__all__ = ["Contents"]


class Contents:
    """Rows of columns in any order. Threads may read at the same time.

    Where it is sent, it reads the file of the process that it comes from; raises OutOfSight on a
    machine that has not that file.
    """

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self._levels: dict[str, tuple[tuple[str, ...], NDArray[np.int32]]] = {}

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.spool.rows

    def read(
        self, names: Sequence[str], start: int = 0, stop: int | None = None
    ) -> dict[str, Column]:
        """Return rows start..stop-1 of some columns, N = stop - start after slice rules.

        A number column is float64 (N,) with nan where missing, a text column a Categorical.
        Memory grows with what is asked for, not with the table. Raises DataError for an unknown
        name.
        """
        for name in names:
            if name not in self.spool.texts:
                raise DataError(f'no column "{name}"{did_you_mean(name, self.spool.texts)}')
        start, stop, _ = slice(start, stop).indices(self.rows)
        return {name: self._column(name, start, max(start, stop)) for name in names}

    def _column(self, name: str, start: int, stop: int) -> Column:
        array = self.spool.read(name, start, stop)
        texts = self.spool.texts[name]
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
