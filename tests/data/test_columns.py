"""Columns of examples, read from a table when asked for, are those that are held in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlpcli.data.columns import gaps, is_missing, rows_of, take, values_in
from mlpcli.data.examples import Examples
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


chosen = st.lists(st.booleans(), min_size=ROWS, max_size=ROWS).map(np.array)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.none() | chosen, second=st.none() | chosen, size=st.integers(1, 60))
def test_read_as_held(
    table: Table, first: np.ndarray | None, second: np.ndarray | None, size: int
) -> None:
    """Choose rows, and of those some again; read all, and part by part."""
    read = Examples(table, np.zeros((ROWS, 1)), np.arange(float(ROWS)))
    held = table.read(table.names)
    for choice in (first, second):
        if choice is not None:
            some = np.flatnonzero(choice[: len(read)])
            read, held = read.take(some), take(held, some)
    rows = rows_of(held)
    assert len(read) == rows
    assert read.weight is not None
    assert read.weight.tolist() == [-x for x in np.asarray(held["b"])]
    names = ["t", "a", "b"]
    assert show(read.read(names)) == show({name: held[name] for name in names})
    cuts = read.cuts(size)
    assert all(a < b <= a + size for a, b in cuts)
    bounds = [0, *(b for _, b in cuts)]
    assert [a for a, _ in cuts] == bounds[:-1]
    assert bounds[-1] == rows
    parts = [show(read.read(names, a, b)) for a, b in cuts]
    assert {name: [x for part in parts for x in part[name]] for name in names} == show(held)


def test_missing(table: Table) -> None:
    found = {name: mask.tolist() for name, mask in gaps(table.read(table.names)).items()}
    assert found == {
        "a": [i % 5 == 0 for i in range(ROWS)],
        "t": [i % 7 == 0 for i in range(ROWS)],
    }
    assert is_missing(table.read(["a"], 0, 6)["a"]).tolist() == [True, *[False] * 4, True]


def test_a_part_of_a_table_reads_no_more_rows_than_that(table: Table) -> None:
    """Chosen rows may be far apart, so that a part is by rows of the table."""
    whole = Examples(table, np.zeros((ROWS, 1)), None)
    assert whole.take(np.array([3, 4, 30, 49])).cuts(10) == [(0, 2), (2, 3), (3, 4)]


@given(st.lists(st.integers(-3, 3)), st.sampled_from(["int32", "float64"]))
def test_values_are_those_of_numpy(values: list[int], dtype: str) -> None:
    found = values_in(np.array(values, dtype))
    assert found.tolist() == np.unique(np.array(values, dtype)).tolist()
    assert found.dtype == dtype
