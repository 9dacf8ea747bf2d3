"""Both ways out of DuckDB, at once and by and by, give the same arrays and the same errors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlpcli.data.table.stream import Misfit, Texts, stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

MANY = 300_000
"""Rows that come in several blocks."""


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    opened = duckdb.connect()
    yield opened
    opened.close()


@pytest.fixture(params=[True, False], ids=["at once", "by and by"])
def small(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def read(
    connection: duckdb.DuckDBPyConnection,
    select: str,
    texts: Sequence[Texts | None],
    *,
    small: bool,
) -> tuple[list[NDArray[Any]], int]:
    """Return whole columns, and the number of blocks; arrays of a block are gone with the next."""
    blocks = [
        [array.copy() for array in block]
        for block in stream(connection, select, texts, small=small)
    ]
    return [np.concatenate(columns) for columns in zip(*blocks, strict=True)], len(blocks)


def in_words(codes: NDArray[np.int32], levels: tuple[str, ...]) -> list[str | None]:
    return [None if code < 0 else levels[code] for code in codes.tolist()]


NUMBER = st.none() | st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.none() | st.sampled_from(["é", "漢字", "a"]) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=5
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(NUMBER, TEXT, NUMBER), min_size=1, max_size=40))
def test_the_same_arrays(
    connection: duckdb.DuckDBPyConnection, rows: list[tuple[float | None, str | None, float | None]]
) -> None:
    a, t, b = (list(column) for column in zip(*rows, strict=True))
    connection.execute(
        "CREATE OR REPLACE TABLE t AS SELECT unnest($a)::DOUBLE a, unnest($t)::VARCHAR t,"
        "unnest($b)::DOUBLE b",
        {"a": a, "t": t, "b": b},
    )
    for small in (True, False):
        texts = Texts()
        found, _ = read(connection, "SELECT * FROM t", [None, texts, None], small=small)
        assert [array.dtype for array in found] == [np.float64, np.int32, np.float64]
        for column, expected in ((found[0], a), (found[2], b)):
            wanted = [math.nan if x is None else x for x in expected]
            np.testing.assert_array_equal(column, wanted)
        assert in_words(found[1], texts.levels) == t
        assert texts.levels == tuple(dict.fromkeys(x for x in t if x is not None))


def test_many_blocks_in_order(connection: duckdb.DuckDBPyConnection) -> None:
    select = (
        "SELECT i::DOUBLE, CASE WHEN i % 3 > 0 THEN i / 2 END, CASE WHEN i % 5 > 0 "
        f"THEN 'é' || i // 70000 END FROM range({MANY}) t(i)"
    )
    texts = Texts()
    (numbers, gaps, codes), blocks = read(connection, select, [None, None, texts], small=False)
    i = np.arange(float(MANY))
    np.testing.assert_array_equal(numbers, i)
    np.testing.assert_array_equal(gaps, np.where(i % 3 > 0, i / 2, np.nan))
    np.testing.assert_array_equal(codes, np.where(i % 5 > 0, i // 70_000, -1))
    assert texts.levels == ("é0", "é1", "é2", "é3", "é4")
    assert blocks > 1


def test_no_rows(connection: duckdb.DuckDBPyConnection, small: bool) -> None:
    select = "SELECT i::DOUBLE, i::VARCHAR FROM range(9) t(i) WHERE i > 9"
    assert list(stream(connection, select, [None, Texts()], small=small)) == []


def test_columns_without_a_value(connection: duckdb.DuckDBPyConnection, small: bool) -> None:
    select = "SELECT NULL::DOUBLE, NULL::VARCHAR FROM range(3)"
    (numbers, codes), _ = read(connection, select, [None, Texts()], small=small)
    assert np.isnan(numbers).all()
    assert codes.tolist() == [-1] * 3


@pytest.mark.parametrize("value", ["inf", "-inf", "nan"])
def test_what_is_no_number(connection: duckdb.DuckDBPyConnection, small: bool, value: str) -> None:
    select = f"SELECT CASE i WHEN 3 THEN '{value}'::DOUBLE WHEN 5 THEN NULL ELSE i END"
    with pytest.raises(Misfit):
        read(connection, f"{select} FROM range(9) t(i)", [None], small=small)


def test_an_error_in_the_middle(connection: duckdb.DuckDBPyConnection, small: bool) -> None:
    select = f"SELECT CASE WHEN i < {MANY - 1} THEN i::DOUBLE ELSE error('no: it') END "
    with pytest.raises(duckdb.Error, match="Invalid Input Error: no: it"):
        read(connection, f"{select} FROM range({MANY}) t(i)", [None], small=small)


def test_out_of_memory(connection: duckdb.DuckDBPyConnection, small: bool) -> None:
    connection.execute("SET temp_directory = ''; SET memory_limit = '10MB'")
    select = "SELECT i::DOUBLE FROM range(2000000) t(i) ORDER BY hash(i)"
    with pytest.raises(duckdb.OutOfMemoryException):
        read(connection, select, [None], small=small)


def test_out_of_memory_in_the_middle(connection: duckdb.DuckDBPyConnection) -> None:
    """All that comes through Arrow of an error is its text."""
    select = f"SELECT CASE WHEN i < {MANY - 1} THEN i::DOUBLE ELSE error('Out of Memory') END "
    with pytest.raises(duckdb.OutOfMemoryException):
        read(connection, f"{select} FROM range({MANY}) t(i)", [None], small=False)


def test_a_query_that_cannot_be(connection: duckdb.DuckDBPyConnection, small: bool) -> None:
    with pytest.raises(duckdb.CatalogException):
        read(connection, "SELECT * FROM nowhere", [None], small=small)


def test_the_connection_is_free_meanwhile(connection: duckdb.DuckDBPyConnection) -> None:
    blocks = stream(connection.cursor(), f"SELECT i::DOUBLE FROM range({MANY}) t(i)", [None])
    rows = len(next(blocks)[0])
    connection.execute("CREATE TABLE other AS SELECT 7 AS x")
    assert connection.execute("SELECT x FROM other").fetchall() == [(7,)]
    assert rows + sum(len(block[0]) for block in blocks) == MANY


def test_a_stream_that_is_left_alone(connection: duckdb.DuckDBPyConnection) -> None:
    blocks = stream(connection.cursor(), f"SELECT i::DOUBLE FROM range({MANY}) t(i)", [None])
    first = next(blocks)[0][:3].tolist()
    connection.close()
    assert first + next(blocks)[0][:0].tolist() == [0, 1, 2]
    blocks.close()  # type: ignore[attr-defined]  # a generator


def test_levels_grow_in_the_order_of_the_texts() -> None:
    texts = Texts()
    assert not texts.levels
    assert texts.codes([b"b", b"", "é".encode(), b"b"]).tolist() == [0, -1, 1, 0]
    before = texts.levels
    assert before == ("b", "é")
    assert texts.codes([]).tolist() == []
    assert texts.levels is before
    assert texts.codes([b"a", b"b", b"c"]).tolist() == [2, 0, 3]
    assert [*texts.levels] == ["b", "é", "a", "c"]
