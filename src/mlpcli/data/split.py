"""Chooses which rows train, validate and test, so that every stratum is shared out alike."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlpcli.config import RowsWhere
from mlpcli.data.groups import Groups, deal_groups
from mlpcli.data.labels import Label, means
from mlpcli.data.table import Categorical, Column
from mlpcli.data.target import nearest_class
from mlpcli.errors import DataError
from mlpcli.seeds import Stream, generator
from mlpcli.text import show_name, show_value

if TYPE_CHECKING:
    from mlpcli.config import Config, DataConfig
    from mlpcli.data.examples import Examples

__all__ = ["HELD_OUT", "PARTS", "fold_numbers", "share_out", "split_rows"]

PARTS = ("train", "validation", "test")
HELD_OUT = PARTS[1:]
_PIECE = 1 << 18  # rows at a time, so that what is worked in stays small

Index: TypeAlias = NDArray[np.int64]


def split_rows(
    strata: NDArray[np.int64], fractions: tuple[float, ...], rng: np.random.Generator
) -> tuple[Index, ...]:
    """Return the rows left over, then one set of rows per fraction; each in ascending order.

    `strata` (N,) numbers each row's stratum (all 0 for a plain random split). A part of fraction f
    gets round(f N) rows, at least one if f > 0, and of every stratum its share to within a row or
    two.
    """
    count = strata.shape[0]
    dealt = _dealt(strata, rng)
    ends = np.cumsum([0, *(max(1, round(f * count)) if f else 0 for f in fractions)])
    parts = [np.sort(dealt[start:stop]) for start, stop in pairwise(ends)]
    return (np.sort(dealt[ends[-1] :]), *parts)


def _dealt(strata: Index, rng: np.random.Generator) -> Index:
    """Return the rows in an order of which every stretch holds its share of each stratum.

    Rows are shuffled within their stratum, and spread evenly over (0, 1) by rank.
    """
    count = strata.shape[0]
    order = _by_stratum(strata, rng)
    sizes = np.bincount(strata)
    starts = np.cumsum(sizes) - sizes
    offsets = rng.random(sizes.size)
    rank = np.empty(count)
    for start in range(0, count, _PIECE):
        rows = order[start : start + _PIECE]
        stratum = strata[rows]
        within = np.arange(start, start + rows.size) - starts[stratum]
        rank[rows] = (within + offsets[stratum]) / sizes[stratum]
    del order
    return np.argsort(rank, kind="stable")


def _by_stratum(strata: Index, rng: np.random.Generator) -> NDArray[np.uint32]:
    """Return the rows in the order of their strata, shuffled within each."""
    small = strata.astype(np.uint16) if strata.max(initial=0) < 1 << 16 else strata
    shuffled = rng.permutation(np.arange(strata.size, dtype=np.uint32))
    return shuffled[np.argsort(small[shuffled], kind="stable")]  # of 16 bits, a radix sort


def share_out(whole: Examples, config: Config) -> dict[str, Examples]:
    """Split by mark or by fraction; what no held-out part takes is for training.

    Raises DataError where a mark marks no row, nothing is left to train on, or the groups of
    `data.group` are too few, or torn by a mark.
    """
    data = config.data
    splits = [getattr(data, part) for part in HELD_OUT]
    if not any(isinstance(split, RowsWhere | float) for split in splits):
        return {"train": whole}
    part_of = np.zeros(len(whole), np.int8)
    for number, split in enumerate(splits, start=1):
        if isinstance(split, RowsWhere):
            marked = _equals(whole.read([split.column])[split.column], split.value)
            part_of[marked & (part_of == 0)] = number
    free = np.flatnonzero(part_of == 0)
    fractions = tuple(split if isinstance(split, float) else 0.0 for split in splits)
    rng = generator(config.training.seed, Stream.SPLIT)
    strata = _strata(whole.y[free], stratify=data.stratify)
    groups = Groups.of(whole, data.group)
    if groups is None:
        for number, rows in enumerate(split_rows(strata, fractions, rng)):
            part_of[free[rows]] = number
    else:
        groups.refuse_torn(part_of, PARTS)
        part_of[free] = _by_groups(groups.among(free), strata, fractions, rng)
    shares = {}
    for number, part in enumerate(PARTS):
        rows = np.flatnonzero(part_of == number)
        if rows.size:
            shares[part] = whole if rows.size == len(whole) else whole.take(rows)
    _refuse_empty(shares, data, len(whole))
    return shares


def _by_groups(
    groups: Groups, strata: Index, fractions: tuple[float, ...], rng: np.random.Generator
) -> Index:
    """Return the part (N,) of each row: 0 for what is left over, then one per fraction."""
    shares = np.array([1 - sum(fractions), *fractions])
    parts = np.flatnonzero(shares > 0)
    groups.require(parts.size, ", ".join(PARTS[part] for part in parts))
    return parts[deal_groups(groups.of_row, strata, shares[parts].tolist(), rng)]


def fold_numbers(whole: Examples, config: Config, folds: int) -> Index:
    """Return the fold (N,) of each row, 0 to folds - 1: of equal size and alike in every stratum.

    Rows are shuffled, put in order by stratum, and dealt out like cards: folds differ by a row at
    most, and by one of each stratum; under `data.group` by as much as whole groups ask for. Raises
    DataError where there are fewer rows, or groups, than folds.
    """
    if len(whole) < folds:
        raise DataError(f"--folds {folds}: expected at least {folds} rows, got {len(whole)}")
    data, rng = config.data, generator(config.training.seed, Stream.FOLDS)
    strata, groups = _strata(whole.y, stratify=data.stratify), Groups.of(whole, data.group)
    if groups is not None:
        groups.require(folds, f"{folds} folds")
        return deal_groups(groups.of_row, strata, [1 / folds] * folds, rng)
    fold_of = np.empty(len(whole), np.int64)
    fold_of[_by_stratum(strata, rng)] = np.arange(len(whole)) % folds
    return fold_of


def _refuse_empty(shares: dict[str, Examples], data: DataConfig, rows: int) -> None:
    for part in HELD_OUT:
        split = getattr(data, part)
        if isinstance(split, RowsWhere) and part not in shares:
            value, column = show_value(split.value), show_name(split.column)
            raise DataError(f"data.{part}: no row has {value} in column {column}")
    if "train" not in shares:
        raise DataError(f"no row is left to train on: {rows} of {rows} are held out")


def _equals(column: Column, value: Label) -> NDArray[np.bool_]:
    if isinstance(column, Categorical):
        codes = [c for c, level in enumerate(column.levels) if means(level, value)]
        return np.isin(column.codes, codes)
    try:
        same: NDArray[np.bool_] = column == float(value)
    except ValueError:
        return np.zeros(column.shape, np.bool_)
    return same


def _strata(y: NDArray[np.floating[Any]], *, stratify: bool) -> NDArray[np.int64]:
    """Return the number of each row's combination of labels, soft ones as the nearest class."""
    if not stratify or not y.size:
        return np.zeros(y.shape[0], np.int64)
    number = np.zeros(y.shape[0], np.int64)
    for label in nearest_class(y).T:  # far faster than to find the combinations as rows
        number = (label.max() + 1) * number + label
        number = (np.cumsum(np.bincount(number) > 0) - 1)[number]  # leave out what does not occur
    return number
