"""Each epoch deals out every row once, in the same order in memory and in a file."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from mlpcli.data.rows import AnyRows, Place, RowFile, Rows, blocks, pieces
from mlpcli.data.scratch import Scratch

if TYPE_CHECKING:
    from pathlib import Path


def rows(count: int, *, weighted: bool = False) -> Rows:
    X = np.arange(2.0 * count).reshape(count, 2)
    return Rows(X, X[:, :1] + 0.5, X[:, 1] if weighted else None)


def deal(table: Rows, size: int, skip: int = 0) -> list[tuple[int, Rows]]:
    """Return number and rows of each minibatch."""
    dealt = [
        block.rows.take(block.order[start : start + size])
        for block in blocks(table, size, np.random.default_rng(3), skip)
        for start in range(0, len(block.order), size)
    ]
    return list(enumerate(dealt, start=skip))


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


# ── in a file, with however little room ─────────────────────────────────────────────────────


def make(count: int, width: int, dtype: str, *, weighted: bool) -> Rows:
    rng = np.random.default_rng(count)
    X, y = rng.normal(size=(count, width)), rng.integers(0, 2, (count, 2))
    weight = rng.random(count).astype(dtype) if weighted else None
    return Rows(X.astype(dtype), y.astype(dtype), weight)


def store(rows: Rows, room: int, folder: Path | None = None) -> RowFile:
    """Put rows into a file, the last ones first, as threads might."""
    file = RowFile(rows.width, rows.y, rows.weight, Place(room, folder))
    for start in reversed(range(0, len(rows), 7)):
        file.write(start, rows.X[start : start + 7])
    return file


@st.composite
def stored_rows(draw: st.DrawFn) -> tuple[Rows, int]:
    """Return rows, and room for something between one of them and all."""
    rows = make(
        draw(st.integers(1, 60)),
        draw(st.integers(1, 4)),
        draw(st.sampled_from(["float32", "float64"])),
        weighted=draw(st.booleans()),
    )
    most = draw(st.integers(1, len(rows) + 2), label="rows in memory")
    return rows, 4 * most * rows.X[:1].nbytes + draw(st.integers(-1, 1))


def joined(some: list[Rows]) -> tuple[bytes, ...]:
    """Return what rows hold, to the last byte."""
    weights = [rows.weight for rows in some if rows.weight is not None]
    arrays = [np.concatenate([rows.X for rows in some]), np.concatenate([rows.y for rows in some])]
    arrays += [np.concatenate(weights)] if weights else []
    return tuple(array.dtype.str.encode() + array.tobytes() for array in arrays)


@settings(max_examples=150)
@given(stored_rows(), st.integers(1, 20), st.data())
def test_in_order_as_in_memory(table: tuple[Rows, int], batch: int, data: st.DataObject) -> None:
    rows, room = table
    start = batch * data.draw(st.integers(0, (len(rows) - 1) // batch), label="batches before")
    order = np.random.default_rng(room).permutation(np.arange(len(rows), dtype=np.uint32))
    file = store(rows, room)
    event("one bin" if file._most >= len(rows) else "several bins")
    got = [some.take(turns) for some, turns in file.in_order(order, batch, start)]
    assert joined(got) == joined([rows.take(order[start:])])
    assert all(0 < len(some) <= max(batch, file._most) for some in got)
    assert all(len(some) % batch == 0 for some in got[:-1])


@settings(max_examples=40)
@given(stored_rows(), st.integers(1, 70), st.data())
def test_blocks_as_in_memory(table: tuple[Rows, int], size: int, data: st.DataObject) -> None:
    rows, room = table
    file = store(rows, room)
    skip = data.draw(st.integers(0, -(-len(rows) // size) - 1))

    def dealt(source: AnyRows) -> list[tuple[bytes, ...]]:
        """Return the minibatches."""
        return [
            joined([block.rows.take(block.order[start : start + size])])
            for block in blocks(source, size, np.random.default_rng(5), skip)
            for start in range(0, len(block.order), size)
        ]

    assert dealt(file) == dealt(rows)
    assert len(dealt(file)) == -(-len(rows) // size) - skip


def test_an_epoch_that_is_broken_off_does_not_harm_the_next() -> None:
    rows = make(50, 3, "float32", weighted=True)
    file = store(rows, room=4 * 12 * 9)
    rng = np.random.default_rng(0)
    for taken in (1, 3, 0, 5):
        order = rng.permutation(np.arange(50, dtype=np.uint32))
        epoch = file.in_order(order, 4, 0)
        bins = [next(epoch) for _ in range(taken)] or list(epoch)
        got = [some.take(turns) for some, turns in bins]
        assert joined(got) == joined([rows.take(order[: sum(map(len, got))])])


@settings(max_examples=40)
@given(stored_rows(), st.data())
def test_take_as_in_memory(table: tuple[Rows, int], data: st.DataObject) -> None:
    rows, room = table
    file = store(rows, room)
    bound = st.none() | st.integers(-len(rows) - 2, len(rows) + 2)
    part = slice(data.draw(bound), data.draw(bound))
    index = np.array(data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=9)), np.int64)
    for choice in (part, index):
        assert joined([file.take(choice)]) == joined([rows.take(choice)])
    assert joined(list(pieces(file))) == joined([rows])
    assert file.X.tobytes() == rows.X.tobytes()
    assert (len(file), file.width) == (len(rows), rows.width)


def test_little_memory(tmp_path: Path) -> None:
    rows = make(20_000, 20, "float32", weighted=False)
    room, most = rows.X.nbytes // 8, 0
    file = store(rows, room, tmp_path)
    order = np.random.default_rng(0).permutation(np.arange(len(rows), dtype=np.uint32))
    tracemalloc.start()
    for some, turns in file.in_order(order, 64, 0):
        assert len(some) == len(turns) <= file._most
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < room + 8 * len(rows)
    assert list(tmp_path.iterdir()) == []


def test_an_order_that_is_wrong_is_noticed() -> None:
    """The comparison itself: two rows exchanged are not the same rows."""
    rows = make(30, 2, "float64", weighted=False)
    order: Any = np.arange(30, dtype=np.uint32)
    other = order.copy()
    other[[3, 4]] = other[[4, 3]]
    file = store(rows, room=100)
    got = [some.take(turns) for some, turns in file.in_order(other, 5, 0)]
    assert joined(got) != joined([rows.take(order)])


def test_the_disk_is_given_back_once_nobody_holds_the_rows() -> None:
    rows = make(30, 2, "float64", weighted=False)
    file = store(rows, room=100)
    epoch = file.in_order(np.arange(30, dtype=np.uint32), 5, 0)
    next(epoch)
    inner = [one._file for one in (file._file, file._bins) if isinstance(one, Scratch)]
    assert len(inner) == 2
    del file
    assert not any(one.closed for one in inner)  # the epoch holds it
    del epoch
    assert all(one.closed for one in inner)
