"""Columns come back as they were appended, whatever the blocks and wherever they lie."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from mlpcli.data.table import spool as module
from mlpcli.data.table.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

DTYPES = (np.float64, np.int32, np.float64)


def block(first: int, rows: int) -> list[NDArray[Any]]:
    """Return columns of which every value is different."""
    values = np.arange(first, first + rows)
    return [values / 3, -values.astype(np.int32), values + 1e6]


def fill(sizes: list[int], folder: Path | None = None) -> Spool:
    filled = Spool(DTYPES, folder)
    for size in sizes:
        filled.append(block(filled.rows, size))
    return filled


@given(
    sizes=st.lists(st.integers(0, 9), max_size=12),
    most=st.sampled_from([1, 200, 1 << 25]),
    data=st.data(),
)
def test_any_range_of_any_column(sizes: list[int], most: int, data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_MOST_IN_MEMORY", most)
        filled = fill(sizes)
    rows = sum(sizes)
    assert filled.rows == rows
    event(f"in a file: {rows * 20 > most}")
    whole = block(0, rows)
    for _ in range(5):
        j = data.draw(st.integers(0, 2))
        start = data.draw(st.integers(0, rows))
        stop = data.draw(st.integers(start, rows))
        got = filled.read(j, start, stop)
        assert got.dtype == DTYPES[j]
        np.testing.assert_array_equal(got, whole[j][start:stop])
    filled.close()


def test_other_dtypes_are_converted() -> None:
    filled = Spool([np.float64, np.int32])
    filled.append([np.array([1, 2], np.int64), np.array([3, 4], np.int64)])
    assert filled.read(0, 0, 2).tolist() == [1.0, 2.0]
    assert filled.read(1, 1, 2).tolist() == [4]
    filled.close()


def test_views_of_strange_memory() -> None:
    """As DuckDB's are: read-only, and a part of something larger."""
    values = np.arange(20.0)
    values.flags.writeable = False
    filled = Spool([np.float64])
    filled.append([values[3:9]])
    filled.append([values[::4]])
    assert filled.read(0, 4, 9).tolist() == [7, 8, 0, 4, 8]
    filled.close()


def test_threads_may_read_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_IN_MEMORY", 1000)
    filled, whole = fill([500] * 8, tmp_path), block(0, 4000)
    assert list(tmp_path.iterdir()) == []
    wanted = [(k % 3, 13 * k, 13 * k + 700) for k in range(250)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda part: filled.read(*part), wanted))
    for (j, start, stop), got in zip(wanted, found, strict=True):
        np.testing.assert_array_equal(got, whole[j][start:stop])
    filled.close()
