"""Columns that are read from a table when asked for are those that are held in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlpcli.data.columns import Columns, Held, Stored, is_missing, rows_of
from mlpcli.data.table import Categorical, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlpcli.data.table import Column

ROWS = 50


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    """Yield a table with gaps in a number column and in a text column, and none in another."""
    path = tmp_path_factory.mktemp("columns") / "t.csv"
    rows = [f"{i if i % 5 else ''},{'uvw'[i % 3] if i % 7 else ''},{-i}\n" for i in range(ROWS)]
    path.write_text("a,t,b\n" + "".join(rows))
    with Table([path]).load() as opened:
        yield opened


def show(columns: Mapping[str, Column]) -> dict[str, list[object]]:
    shown: dict[str, list[object]] = {}
    for name, column in columns.items():
        if isinstance(column, Categorical):
            assert column.levels == ("u", "v", "w")
            shown[name] = column.codes.tolist()
        else:
            shown[name] = [None if np.isnan(x) else x for x in column]
    return shown


def masks(columns: Columns) -> dict[str, list[bool] | None]:
    found = {name: columns.missing(name) for name in columns}
    return {name: None if mask is None else mask.tolist() for name, mask in found.items()}


chosen = st.lists(st.booleans(), min_size=ROWS, max_size=ROWS).map(np.array)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.none() | chosen, second=st.none() | chosen, size=st.integers(1, 60))
def test_stored_as_held(
    table: Table, first: np.ndarray | None, second: np.ndarray | None, size: int
) -> None:
    """Choose rows by a mask, then of those some by number; read all, and part by part."""
    stored: Columns = Stored(table)
    held: Columns = Held(table.read(table.names))
    if first is not None:
        stored, held = stored.take(first), held.take(first)
    if second is not None:
        some = np.flatnonzero(second[: rows_of(held)])
        stored, held = stored.take(some), held.take(some)
    rows = rows_of(held)
    assert list(stored) == list(held) == ["a", "t", "b"]
    assert len(stored) == 3
    assert show(stored) == show(held)
    for name, mask in masks(held).items():  # of stored ones, a mask may be all False
        assert (masks(stored)[name] or [False] * rows) == (mask or [False] * rows)
    for columns in (stored, held):
        cuts = columns.cuts(rows, size)
        assert all(a < b <= a + size for a, b in cuts)
        bounds = [0, *(b for _, b in cuts)]
        assert [a for a, _ in cuts] == bounds[:-1]
        assert bounds[-1] == rows
        parts = [show(columns.between(a, b)) for a, b in cuts]
        joined = {name: [x for part in parts for x in part[name]] for name in held}
        assert joined == show(held)


def test_missing(table: Table) -> None:
    for columns in (Stored(table), Held(table.read(table.names))):
        found = masks(columns)
        assert found["a"] == [i % 5 == 0 for i in range(ROWS)]
        assert found["t"] == [i % 7 == 0 for i in range(ROWS)]
        assert found["b"] is None
    assert is_missing(table.read(["a"], 0, 6)["a"]).tolist() == [True, *[False] * 4, True]


def test_a_part_of_a_table_reads_no_more_rows_than_that(table: Table) -> None:
    """Chosen rows may be far apart, so that a part is by rows of the table."""
    columns = Stored(table, np.array([3, 4, 30, 49]))
    assert columns.cuts(4, 10) == [(0, 2), (2, 3), (3, 4)]
