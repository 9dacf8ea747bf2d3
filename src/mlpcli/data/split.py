"""Chooses which rows train, validate and test, so that every stratum is shared out alike."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["split_rows"]

Rows = NDArray[np.int64]


def split_rows(
    strata: NDArray[np.int64], fractions: tuple[float, ...], rng: np.random.Generator
) -> tuple[Rows, ...]:
    """Return the rows left over, then one set of rows per fraction; each in ascending order.

    `strata` (N,) numbers each row's stratum (all 0 for a plain random split). A part of fraction f
    gets round(f N) rows, at least one if f > 0, and of every stratum its share to within a row or
    two: rows are shuffled within their stratum, spread evenly over (0, 1) by rank, and dealt out
    in that order.
    """
    count = strata.shape[0]
    rank = np.empty(count)
    shuffled = rng.permutation(count)
    order = shuffled[np.argsort(strata[shuffled], kind="stable")]
    sizes = np.bincount(strata)
    starts = np.cumsum(sizes) - sizes
    within = np.arange(count) - starts[strata[order]]
    rank[order] = (within + rng.random(sizes.size)[strata[order]]) / sizes[strata[order]]
    dealt = np.argsort(rank, kind="stable")
    ends = np.cumsum([0, *(max(1, round(f * count)) if f else 0 for f in fractions)])
    parts = [np.sort(dealt[start:stop]) for start, stop in pairwise(ends)]
    return (np.sort(dealt[ends[-1] :]), *parts)
