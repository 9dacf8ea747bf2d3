"""Deals out rows by whole groups, so that each part gets its share of every stratum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.columns import take
from mlpcli.data.labels import label_text
from mlpcli.data.table import Categorical
from mlpcli.errors import DataError
from mlpcli.records import dataclass
from mlpcli.text import show, show_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcli.data.columns import Index
    from mlpcli.data.examples import Examples
    from mlpcli.data.table import Column

__all__ = ["Groups", "deal_groups"]

_MOST_LOTS = 4096  # dealt one by one; of more groups the smaller ones are bundled


@dataclass(frozen=True)
class Groups:
    """The groups of rows, whose numbers `of_row` (N,) are 0 .. count - 1, and their `column`."""

    name: str
    column: Column
    of_row: Index
    count: int

    @classmethod
    def of(cls, examples: Examples, name: str | None) -> Groups | None:
        """Return the groups that a column of the examples makes, None where none is named."""
        if name is None:
            return None
        column = examples.read([name])[name]
        values = column.codes if isinstance(column, Categorical) else column
        different, of_row = np.unique(values, return_inverse=True)
        return cls(name, column, of_row.astype(np.int64), different.size)

    def among(self, rows: Index) -> Groups:
        """Return the groups of the chosen rows."""
        different, of_row = np.unique(self.of_row[rows], return_inverse=True)
        return Groups(self.name, take({"": self.column}, rows)[""], of_row, different.size)

    def require(self, parts: int, what: str) -> None:
        """Raise DataError where there are fewer groups than parts, in words `what` they are for."""
        if self.count < parts:
            raise DataError(
                f"data.group: expected at least {parts} groups for {what}, got {self.count} in "
                f"column {show_name(self.name)}"
            )

    def refuse_torn(self, part_of: NDArray[np.integer[Any]], names: Sequence[str]) -> None:
        """Raise DataError where a group has rows in more than one part, numbers of `names`."""
        first = np.zeros(self.count, np.int64)
        first[self.of_row] = part_of  # the part of one of its rows
        torn = np.flatnonzero(part_of != first[self.of_row])
        if torn.size:
            row = int(torn[0])
            parts = (names[first[self.of_row[row]]], names[part_of[row]])
            raise DataError(
                f"data.group: {self._value(row)} in column {show_name(self.name)} has rows for "
                f"{' and '.join(sorted(parts))}; mark all rows of a group alike"
            )

    def _value(self, row: int) -> str:
        if isinstance(self.column, Categorical):
            return show(self.column.levels[self.column.codes[row]])
        return label_text(float(self.column[row]))


def deal_groups(
    groups: Index, strata: Index, shares: Sequence[float], rng: np.random.Generator
) -> Index:
    """Return the part (N,) of each row, the same for all rows of a group.

    `groups` and `strata` (N,) are numbers from 0 on; `shares` > 0 are those of the parts and add up
    to 1. The largest group comes first, and each goes where it brings the counts of the strata
    nearest to the shares: where the sum of (have - wanted)^2 / wanted grows least. A part is left
    empty only if there are fewer groups than parts. Ties are broken by `rng`, whose shuffle also
    bundles the smaller groups where there are more than 4,096.
    """
    lots = _lots(np.bincount(groups), rng)[groups]
    width = int(strata.max(initial=0)) + 1
    counts = np.bincount(lots * width + strata)
    counts = np.pad(counts, (0, -counts.size % width)).reshape(-1, width).astype(np.float64)
    wanted = np.maximum(np.outer(shares, counts.sum(axis=0)), np.finfo(np.float64).tiny)
    have = np.zeros_like(wanted)
    part_of = np.empty(len(counts), np.int64)
    order = np.argsort(-counts.sum(axis=1), kind="stable")
    for left, lot in zip(range(order.size, 0, -1), order, strict=True):
        growth = (counts[lot] * (2 * (have - wanted) + counts[lot]) / wanted).sum(axis=1)
        empty = ~have.any(axis=1)
        if np.count_nonzero(empty) >= left:
            growth[~empty] = np.inf
        part_of[lot] = growth.argmin()
        have[part_of[lot]] += counts[lot]
    return part_of[lots]


def _lots(sizes: Index, rng: np.random.Generator) -> Index:
    """Return the lot of each group: one each, or for the smaller of many groups one of several."""
    order = rng.permutation(sizes.size)
    order = order[np.argsort(-sizes[order], kind="stable")]
    lots = np.empty(sizes.size, np.int64)
    lots[order] = np.arange(sizes.size)
    half = _MOST_LOTS // 2
    if sizes.size > _MOST_LOTS:
        lots = np.where(lots < half, lots, half + lots % half)
    return lots
