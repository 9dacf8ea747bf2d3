"""Each epoch deals out every row once, in an order that only the generator decides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.data.batches import Rows, blocks


def rows(count: int, *, weighted: bool = False) -> Rows:
    X = np.arange(2.0 * count).reshape(count, 2)
    return Rows(X, X[:, :1] + 0.5, X[:, 1] if weighted else None)


def deal(table: Rows, size: int, skip: int = 0) -> list[tuple[int, Rows]]:
    """Return number and rows of each minibatch."""
    return [
        (block.first + k, block.rows.take(slice(start, start + size)))
        for block in blocks(table, size, np.random.default_rng(3), skip)
        for k, start in enumerate(range(0, len(block.rows), size))
    ]


@given(st.integers(1, 300), st.integers(1, 320), st.booleans())
def test_an_epoch_deals_out_every_row_once(count: int, size: int, weighted: bool) -> None:
    table = rows(count, weighted=weighted)
    dealt = deal(table, size)
    assert [number for number, _ in dealt] == list(range(-(-count // size)))
    assert all(len(batch) == size for _, batch in dealt[:-1])
    order = np.random.default_rng(3).permutation(count)
    assert np.array_equal(np.concatenate([b.X for _, b in dealt]), table.X[order])
    assert np.array_equal(np.concatenate([b.y for _, b in dealt]), table.y[order])
    if weighted:
        weights = np.concatenate([b.weight for _, b in dealt if b.weight is not None])
        assert np.array_equal(weights, table.X[order, 1])
    else:
        assert all(batch.weight is None for _, batch in dealt)


@pytest.mark.parametrize("size", [1, 3, 4095, 4096, 5000])
def test_batches_reach_across_blocks(size: int) -> None:
    dealt = deal(rows(10_000), size)
    assert sum(len(batch) for _, batch in dealt) == 10_000
    assert len({x for _, batch in dealt for x in batch.X[:, 0].tolist()}) == 10_000


@given(st.integers(1, 60), st.integers(1, 20), st.data())
def test_skipped_batches_are_those_already_done(count: int, size: int, data: st.DataObject) -> None:
    whole = deal(rows(count), size)
    skip = data.draw(st.integers(0, len(whole)))
    rest = deal(rows(count), size, skip)
    assert [n for n, _ in rest] == [n for n, _ in whole[skip:]]
    assert all(np.array_equal(a.X, b.X) for (_, a), (_, b) in zip(rest, whole[skip:], strict=True))


def test_a_slice_is_a_view_and_an_index_a_copy() -> None:
    table = rows(4, weighted=True)
    assert np.shares_memory(table.take(slice(1, 3)).X, table.X)
    assert not np.shares_memory(table.take(np.array([1, 2])).X, table.X)
