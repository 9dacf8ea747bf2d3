"""Finds rows that stand in two parts: what was learnt by heart then counts as foreseen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.rows import pieces

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mlpcli.data.rows import AnyRows

__all__ = ["twin_notes"]

_MOST_VALUES = 1 << 24  # so that to look takes a tenth of a second at most
_FEWEST = 20  # rows to learn from, below which a twin may be chance
_WIDE = 3
_ALIKE = 0.1  # of training rows that are not the first of their kind: then twins are no surprise


def twin_notes(parts: Mapping[str, AnyRows]) -> list[str]:
    """Return a note for each held-out part of which rows are training rows, inputs and target.

    Nothing is said of tables in which most rows come more than once, and of very large ones.
    """
    train, *_ = parts.values()
    if len(parts) < 2 or sum(len(rows) * rows.width for rows in parts.values()) > _MOST_VALUES:
        return []
    known, *others = (_numbers_of(rows) for rows in parts.values())
    different = _different(known)
    if len(train) < _FEWEST or different.size < (1 - _ALIKE) * len(train):
        return []
    notes = []
    for part, numbers in zip([*parts][1:], others, strict=True):
        nearest = different[np.searchsorted(different[:-1], numbers)]
        count = int(np.count_nonzero(nearest == numbers))
        chance = len(train) - different.size  # few inputs may be alike by chance
        if count and (train.width >= _WIDE or count * len(train) > 3 * chance * numbers.size):
            notes.append(
                f"{part}: {count} of {numbers.size} rows are training rows too, target and all: "
                "its scores are too good; remove what is double"
            )
    return notes


def _different(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return each number once, ascending; NumPy's own way takes seconds over a million of them."""
    ordered = np.sort(numbers)
    new = np.ones(ordered.size, np.bool_)
    new[1:] = ordered[1:] != ordered[:-1]
    return ordered[new]


def _numbers_of(rows: AnyRows) -> NDArray[np.uint64]:
    """Return a number per row (N,), the same for the same values and hardly for others.

    It is a sum of products modulo 2^64, as in multiply-shift hashing (Dietzfelbinger 1996).
    """
    return np.concatenate([_mixed(np.hstack([piece.X, piece.y])) for piece in pieces(rows)])


def _mixed(values: NDArray[np.floating[Any]]) -> NDArray[np.uint64]:
    whole = np.ascontiguousarray(values, np.float64) + 0.0  # -0.0 is 0.0
    factors = np.random.default_rng(0).integers(1, 1 << 63, whole.shape[1], np.uint64)
    products = whole.view(np.uint64) * (factors | np.uint64(1))
    mixed: NDArray[np.uint64] = (products ^ (products >> np.uint64(29))).sum(axis=1)
    return mixed
