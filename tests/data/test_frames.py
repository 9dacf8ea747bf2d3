from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import nanoarrow as na
import numpy as np
import pytest
from nanoarrow.c_array_stream import CArrayStream

from mlpcli import load_config
from mlpcli.data.frames import config_of, tables_of, with_table
from mlpcli.data.table import Categorical, Reading, Table
from mlpcli.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlpcli.data.table import Column


@dataclass
class Exporter:
    """What knows nothing but to export some chunks as an Arrow stream, once or again and again."""

    schema: Any
    chunks: list[Any]

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        stream = CArrayStream.from_c_arrays(self.chunks, self.schema)
        return stream.__arrow_c_stream__(requested_schema)


class Items:
    """What is no mapping, but has columns and items, as a frame of pandas; it may lack pyarrow."""

    def __init__(self, **columns: Any) -> None:
        self.columns = list(columns)
        self._columns = columns

    def items(self) -> Iterator[tuple[str, Any]]:
        yield from self._columns.items()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        raise ImportError("`Import pyarrow` failed.")


def read(data: Any, **options: Any) -> dict[str, Column]:
    with Table(tables_of(data), Reading(**options)).load() as table:
        return table.read(table.names)


def plain(columns: Mapping[str, Column]) -> dict[str, list[Any]]:
    """Return columns as lists, missing values as None."""
    lists: dict[str, list[Any]] = {}
    for name, column in columns.items():
        if isinstance(column, Categorical):
            lists[name] = [None if code < 0 else column.levels[code] for code in column.codes]
        else:
            lists[name] = [None if np.isnan(value) else value for value in column.tolist()]
    return lists


def digest(data: Any) -> str:
    with Table(tables_of(data)).load() as table:
        return table.digest


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def test_paths_stay_paths(tmp_path: Path) -> None:
    assert tables_of("a/*.csv") == [Path("a/*.csv")]
    assert tables_of(tmp_path) == [tmp_path]
    assert tables_of(("a.csv", tmp_path)) == [Path("a.csv"), tmp_path]


TYPES = {
    "TINYINT": ("1", "-3"), "UBIGINT": ("1", "18446744073709551615"), "HUGEINT": ("1", "3"),
    "FLOAT": ("0.5", "1e30"), "DOUBLE": ("0.1", "'nan'"), "DECIMAL(9, 2)": ("1.25", "-3"),
    "BOOLEAN": ("true", "false"), "VARCHAR": ("' x '", "'NA'"), "DATE": ("'2020-01-31'",) * 2,
    "TIMESTAMP": ("'2020-01-31 01:02:03'", "'1969-01-01'"), "TIME": ("'01:02:03'",) * 2,
    "TIMESTAMPTZ": ("'2020-01-31 01:02:03+00'",) * 2, "UUID": ("'" + "ab" * 16 + "'",) * 2,
    "ENUM('a', 'b')": ("'b'", "'a'"),
}  # fmt: skip


@pytest.mark.parametrize("kind", TYPES)
def test_a_relation_is_read_like_its_parquet(
    kind: str, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    values = ", ".join(f"({value}::{kind})" for value in (*TYPES[kind], "NULL"))
    relation = connection.sql(f"SELECT v, 1 AS one FROM (VALUES {values}) t(v)")
    relation.write_parquet(str(tmp_path / "t.parquet"))
    assert plain(read(relation)) == plain(read(tmp_path / "t.parquet"))


@pytest.mark.parametrize(
    "kind", ["INTEGER[]", "STRUCT(a INTEGER)", "MAP(VARCHAR, INTEGER)", "BLOB"]
)
def test_what_is_no_value_is_refused_in_one_line(
    kind: str, connection: duckdb.DuckDBPyConnection
) -> None:
    relation = connection.sql(f"SELECT NULL::{kind} AS v, 1 AS one")
    with pytest.raises(DataError, match=r'^<DuckDBPyRelation>: column "v": expected numbers'):
        read(relation)
    assert list(read(relation, columns=("one",))) == ["one"]


def test_many_rows_come_in_order(connection: duckdb.DuckDBPyConnection) -> None:
    relation = connection.sql("SELECT i, 't' || i % 3 AS t FROM range(300000) r(i)")
    columns = read(relation)
    assert np.array_equal(columns["i"], np.arange(300_000))  # type: ignore[arg-type]
    assert isinstance(columns["t"], Categorical)
    assert np.array_equal(columns["t"].codes, np.arange(300_000) % 3)


def chunk(numbers: list[int], texts: list[str | None]) -> Any:
    schema = na.struct({"n": na.int32(), "t": na.string()})
    columns = [na.c_array(numbers, na.int32()), na.c_array(texts, na.string())]
    return na.c_array_from_buffers(schema, len(numbers), [None], children=columns)


def test_chunks_are_rows_one_after_the_other() -> None:
    chunks = [chunk([1, 2], ["a", None]), chunk([], []), chunk([3], ["b"])]
    whole = Exporter(chunks[0].schema, chunks)
    assert plain(read(whole)) == {"n": [1, 2, 3], "t": ["a", None, "b"]}
    assert digest(whole) == digest({"n": [1, 2, 3], "t": ["a", None, "b"]})


def test_slices_begin_where_they_say() -> None:
    array = na.c_array(np.arange(5.0))
    schema = na.struct({"x": na.float64()})
    cut = na.c_array_from_buffers(schema, 2, [None], offset=3, children=[array])
    assert plain(read(Exporter(cut.schema, [cut]))) == {"x": [3, 4]}


def test_names_may_differ_by_case_alone_and_be_odd() -> None:
    odd = {"A": [1.0], "a": [2.0], 'q"uo,te': [3.0], "ä ö": [4.0], "c0": [5.0]}
    assert plain(read(odd)) == odd


def test_a_stream_that_can_be_read_once_is_enough(connection: duckdb.DuckDBPyConnection) -> None:
    once = na.c_array_stream(connection.sql("SELECT 1 AS a UNION ALL SELECT 2"))
    assert plain(read(once)) == {"a": [1, 2]}


class Refusing:
    """What promises a stream and has none to give."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        raise ValueError("Conversion failed for column o\nwith type object")


def test_what_cannot_be_exported_says_why(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(DataError, match=r"^<Refusing>: cannot be had as Arrow: Conversion failed"):
        read(Refusing())
    broken = connection.sql("SELECT CAST('x' || i AS INTEGER) AS a FROM range(3) r(i)")
    with pytest.raises(
        DataError, match=r"^<DuckDBPyRelation>: Conversion Error: Could not convert string"
    ):
        read(broken)


def test_a_frame_that_cannot_export_gives_its_columns() -> None:
    frame = Items(n=np.array([1, 2]), t=np.array(["x", None], object))
    assert plain(read(frame)) == {"n": [1, 2], "t": ["x", None]}


def test_an_index_without_a_name_is_left_out() -> None:
    assert list(read({"a": [1, 2], "__index_level_0__": [7, 8], "b": [3, 4]})) == ["a", "b"]


REFUSED: dict[str, tuple[Any, str]] = {
    "number": (5, "<int>: expected a path, a table that exports an Arrow stream"),
    "list of numbers": ([1, 2], "<list>: expected a path, a table"),
    "matrix": (np.eye(2), "<ndarray>: an array has no names of columns; pass a dict of columns"),
    "no columns": ({}, "<dict>: expected at least one column, got none"),
    "no rows": ({"a": []}, "<dict>: no rows"),
    "lengths": ({"a": [1, 2], "b": [1]}, '<dict>: columns "a" and "b" differ in length: 2 and 1'),
    "one column": (na.c_array([1], na.int32()), "<CArray>: expected a table, got one column"),
    "infinite": ({"a": [1, np.inf]}, '<dict>:2: column "a": expected a number, got "inf"'),
}


@pytest.mark.parametrize("what", REFUSED)
def test_other_things_are_refused(what: str) -> None:
    data, line = REFUSED[what]
    with pytest.raises(DataError) as caught:
        read(data)
    assert str(caught.value).startswith(line)


def test_a_name_twice_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(DataError, match='columns 1 and 3 are both named "a"; rename one'):
        read(connection.sql("SELECT 1 AS a, 2 AS b, 3 AS a"))


def test_equal_tables_have_equal_digests_whoever_holds_them(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    relation = connection.sql("SELECT * FROM (VALUES (1, 'x', true), (2, NULL, false)) t(a, b, c)")
    assert digest(relation) == digest({"a": [1, 2], "b": ["x", None], "c": [True, False]})
    assert len(digest(relation)) == hashlib.sha256().digest_size * 2


@pytest.mark.parametrize(
    "other",
    [
        {"a": [1, 3], "b": ["x", "yz"]},
        {"a": [1, 2], "b": ["xy", "z"]},
        {"a": [1, 2], "c": ["x", "yz"]},
        {"a": [1, None], "b": ["x", "yz"]},
        {"b": ["x", "yz"], "a": [1, 2]},
        {"a": [1], "b": ["x"]},
    ],
)
def test_a_digest_tells_tables_apart(other: dict[str, Any]) -> None:
    assert digest(other) != digest({"a": [1, 2], "b": ["x", "yz"]})


def test_a_dict_is_a_config_and_needs_no_table_beside_one() -> None:
    asked = {"data": {"target": "y"}, "training": {"epochs": 3}}
    config = config_of(asked, {"y": [0, 1]})
    assert (config.data.train, config.training.epochs) == (("<dict>",), 3)
    with pytest.raises(ConfigError, match=r"^data\.train: missing"):
        config_of(asked, None)
    assert config_of(config, None) is config


def test_a_table_takes_the_place_of_that_of_the_config() -> None:
    config = load_config({"data": {"train": "a.csv", "target": "y"}})
    assert with_table(config, None) == (config, ("a.csv",))
    changed, (table,) = with_table(config, {"y": [date(2020, 1, 1)]})
    assert changed.data.train == ("<dict>",)
    assert str(table) == "<dict>"
    assert with_table(config, "b.csv")[0].data.train == ("b.csv",)
