"""Each epoch deals out every row once, in an order that only the generator decides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.data.batches import Rows, batches


def rows(count: int, *, weighted: bool = False) -> Rows:
    X = np.arange(2.0 * count).reshape(count, 2)
    return Rows(X, X[:, :1] + 0.5, X[:, 1] if weighted else None)


def deal(table: Rows, size: int, skip: int = 0) -> list[Any]:
    return list(batches(table, size, np.random.default_rng(3), skip))


@given(st.integers(1, 300), st.integers(1, 320), st.booleans())
def test_an_epoch_deals_out_every_row_once(count: int, size: int, weighted: bool) -> None:
    table = rows(count, weighted=weighted)
    dealt = deal(table, size)
    assert [batch.index for batch in dealt] == list(range(-(-count // size)))
    assert all(len(batch.rows) == size for batch in dealt[:-1])
    order = np.random.default_rng(3).permutation(count)
    assert np.array_equal(np.concatenate([b.rows.X for b in dealt]), table.X[order])
    assert np.array_equal(np.concatenate([b.rows.y for b in dealt]), table.y[order])
    if weighted:
        weights = np.concatenate([b.rows.weight for b in dealt])
        assert np.array_equal(weights, table.X[order, 1])
    else:
        assert all(batch.rows.weight is None for batch in dealt)


@pytest.mark.parametrize("size", [1, 3, 4095, 4096, 5000])
def test_batches_reach_across_blocks(size: int) -> None:
    dealt = deal(rows(10_000), size)
    assert sum(len(batch.rows) for batch in dealt) == 10_000
    assert len({x for batch in dealt for x in batch.rows.X[:, 0].tolist()}) == 10_000


@given(st.integers(1, 60), st.integers(1, 20), st.data())
def test_skipped_batches_are_those_already_done(count: int, size: int, data: st.DataObject) -> None:
    whole = deal(rows(count), size)
    skip = data.draw(st.integers(0, len(whole)))
    rest = deal(rows(count), size, skip)
    assert [b.index for b in rest] == [b.index for b in whole[skip:]]
    assert all(np.array_equal(a.rows.X, b.rows.X) for a, b in zip(rest, whole[skip:], strict=True))


def test_a_slice_is_a_view_and_an_index_a_copy() -> None:
    table = rows(4, weighted=True)
    assert np.shares_memory(table.take(slice(1, 3)).X, table.X)
    assert not np.shares_memory(table.take(np.array([1, 2])).X, table.X)
