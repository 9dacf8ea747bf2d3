from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import nanoarrow as na
import pytest

from mlpcli.data.frames import tables_of
from mlpcli.data.table import Categorical, Table
from mlpcli.data.table.held import held_chunks

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = "a text that does not fit into the sixteen bytes of a view"


@pytest.fixture
def views() -> Iterator[duckdb.DuckDBPyConnection]:
    """Hand out texts as polars does: as views, in as many buffers as there are."""
    with duckdb.connect() as connection:
        connection.execute("SET arrow_output_version = '1.4'")
        connection.execute("SET produce_arrow_string_view = true")
        yield connection


def formats(schema: na.c_schema.CSchema) -> list[str]:
    return [child.format for child in schema.children]


def test_views_are_copied_and_can_be_read_again_and_again(
    views: duckdb.DuckDBPyConnection,
) -> None:
    relation = views.sql(f"SELECT i, CASE i WHEN 1 THEN 'x' WHEN 2 THEN '{LONG}' END AS t "
                         "FROM range(3) r(i)")  # fmt: skip
    assert formats(na.c_array_stream(relation).get_schema()) == ["l", "vu"]
    (frame,) = tables_of(relation)
    for _ in range(3):
        with Table([frame]).load() as table:
            column = table.read(["t"])["t"]
            assert isinstance(column, Categorical)
            assert column.levels == (LONG, "x")
            assert column.codes.tolist() == [-1, 1, 0]
            assert table.digest


def test_views_within_others_and_names_twice(views: duckdb.DuckDBPyConnection) -> None:
    relation = views.sql("SELECT ['a', 'b'] AS v, {'s': 'c'} AS v, 1 AS n")
    schema, chunks = held_chunks(na.c_array_stream(relation))
    assert [form for form in formats(schema) if "v" in form] == []
    assert sum(map(len, chunks)) == 1


def test_what_can_be_held_is_not_copied() -> None:
    column = na.c_array(range(100), na.int64())
    table = na.c_array_from_buffers(na.struct({"x": na.int64()}), 100, [None], children=[column])
    _, (chunk,) = held_chunks(na.c_array_stream(table))
    assert chunk.child(0).buffers[1] == table.child(0).buffers[1]
