"""Columns come back as they were filled in, whatever the blocks, and whoever wrote them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from mlpcli.data.table.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from mlpcli.data.table import Kind

SPOOLED: Mapping[str, Kind] = {"a": "number", "t": "text", "b": "number"}
DTYPES = {"a": np.float64, "t": np.int32, "b": np.float64}


def block(first: int, rows: int) -> dict[str, NDArray[Any]]:
    """Return columns of which every value is different."""
    numbers = np.arange(first, first + rows)
    return {"a": numbers / 3, "t": -numbers.astype(np.int32), "b": numbers + 1e6}


def fill(sizes: list[int], folder: Path | None = None) -> Spool:
    filled = Spool(SPOOLED, folder)
    for size in sizes:
        filled.fill([[*block(filled.rows, size).values()]])
    return filled


@given(
    sizes=st.lists(st.integers(0, 9), max_size=12),
    most=st.sampled_from([1, 200, 1 << 25]),
    data=st.data(),
)
def test_any_range_of_any_column(sizes: list[int], most: int, data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mlpcli.data.table.spool._MOST_IN_MEMORY", most)
        filled = fill(sizes)
    rows = sum(sizes)
    assert filled.rows == rows
    event(f"in a file: {rows * 20 > most}")
    whole = block(0, rows)
    for _ in range(5):
        name = data.draw(st.sampled_from(sorted(SPOOLED)))
        start = data.draw(st.integers(0, rows))
        stop = data.draw(st.integers(start, rows))
        got = filled.read(name, start, stop)
        assert got.dtype == DTYPES[name]
        np.testing.assert_array_equal(got, whole[name][start:stop])
    filled.close()


def test_views_of_strange_memory() -> None:
    """As DuckDB's are: read-only, and a part of something larger."""
    numbers = np.arange(20.0)
    numbers.flags.writeable = False
    filled = Spool({"a": "number"}, None)
    filled.fill([[numbers[3:9]], [numbers[::4]]])
    assert filled.read("a", 4, 9).tolist() == [7, 8, 0, 4, 8]
    filled.close()


def test_threads_may_read_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlpcli.data.table.spool._MOST_IN_MEMORY", 1000)
    filled, whole = fill([500] * 8, tmp_path), block(0, 4000)
    assert list(tmp_path.iterdir()) == []
    wanted = [("atb"[k % 3], 13 * k, 13 * k + 700) for k in range(250)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda part: filled.read(*part), wanted))
    for (name, start, stop), got in zip(wanted, found, strict=True):
        np.testing.assert_array_equal(got, whole[name][start:stop])
    filled.close()
