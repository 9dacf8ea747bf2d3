"""What is promised of a table before it is read comes true, nearly or to the row."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
import numpy as np
import pytest

from mlpcli.data.table import Reading, Table
from mlpcli.data.table.stream import stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ROWS = 6000
MANY = 300_000
LINES = b"a,b\n" + b"1,x\n" * MANY


class Seen(NamedTuple):
    """What was expected, and how many rows there were."""

    rows: int
    inputs: dict[str, int]
    memory_limit: int
    paths: tuple[Path, ...]


def outlook(*files: Path, **options: Any) -> tuple[Seen, int]:
    """Return what is expected before rows are read, and how many rows there are."""
    with Table(files, Reading(**options)) as table:
        inputs = {name: table.expected_inputs(name) for name in table.names}
        limit = table.store.memory_limit()
        return Seen(table.expected_rows(), inputs, limit, table.paths), table.load().rows


def content(word: str = "ab") -> str:
    """Return a table that does not fit into what is looked at, of rows of uneven length."""
    rng = np.random.default_rng(0)
    rows = zip(rng.normal(size=ROWS), rng.integers(1, 9, ROWS), rng.integers(0, 3, ROWS),
               strict=True)  # fmt: skip
    return "x,t,y\n" + "".join(f"{x!r},{word * n},{y}\n" for x, n, y in rows)


def plain(path: Path, text: str) -> None:
    path.write_bytes(text.encode())


def packed(path: Path, text: str) -> None:
    path.write_bytes(gzip.compress(text.encode(), 1))


def crlf(path: Path, text: str) -> None:
    path.write_bytes(text.replace("\n", "\r\n").encode())


@pytest.mark.parametrize("write", [plain, packed, crlf])
@pytest.mark.parametrize("word", ["ab", "é漢"])
def test_rows_of_csv_nearly(write: Callable[[Path, str], None], word: str, tmp_path: Path) -> None:
    path = tmp_path / "data"
    write(path, content(word))
    announced, rows = outlook(path)
    assert rows == ROWS
    assert announced.rows == pytest.approx(ROWS, rel=0.03)
    assert announced.rows != ROWS  # or what was looked at was the whole file
    assert announced.paths == (path,)


def test_rows_of_small_files_exactly(tmp_path: Path) -> None:
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    plain(first, "x,y\n" + "1,2\n" * 9)
    plain(second, "x,y\n3,4\n")
    announced, rows = outlook(first, second)
    assert announced.rows == rows == 10
    assert announced.paths == (first, second)


def test_rows_of_parquet_exactly(tmp_path: Path) -> None:
    path = tmp_path / "data"
    duckdb.execute(f"COPY (SELECT i x FROM range(12345) t(i)) TO '{path}' (FORMAT parquet)")
    assert outlook(path)[0].rows == 12345


def test_inputs_are_numbers_and_texts_seen(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    plain(path, "a,b,c,d,e\n1,u,x,,9\n2,v,NA,,9\n3,u,x,,9\n")
    assert outlook(path)[0].inputs == {"a": 1, "b": 2, "c": 1, "d": 1, "e": 1}
    assert outlook(path, columns=("b", "a"))[0].inputs == {"a": 1, "b": 2}


def test_texts_of_several_files_are_counted_once(tmp_path: Path) -> None:
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    plain(first, "a,y\nu,0\nv,1\n")
    plain(second, "y,a\n0,w\n1,u\n")
    assert outlook(first, second)[0].inputs == {"a": 3, "y": 1}


def test_the_limit_in_bytes(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    plain(path, "a,y\n1,0\n")
    for limit, size in {"50MB": 50e6, "1GiB": 2**30, "2TB": 2e12, "3000TB": 3e15}.items():
        assert outlook(path, memory_limit=limit)[0].memory_limit == pytest.approx(size, rel=0.03)
    assert outlook(path)[0].memory_limit > 1e8


# ── small files are read at once, and no others, however well they are packed ──────────────


def parquet(path: Path, rows: int) -> None:
    duckdb.execute(f"COPY (SELECT 1 a, 2 b FROM range({rows})) TO '{path}' (FORMAT parquet)")


@pytest.mark.parametrize(
    ("write", "small"),
    [
        (lambda path: path.write_bytes(LINES[:4000]), True),
        (lambda path: path.write_bytes(LINES), False),
        (lambda path: path.write_bytes(gzip.compress(LINES[:4000])), True),
        (lambda path: path.write_bytes(gzip.compress(LINES)), False),
        (lambda path: parquet(path, 1000), True),
        (lambda path: parquet(path, 2 * MANY), False),
    ],
    ids=["csv", "long csv", "gzip", "long gzip", "parquet", "long parquet"],
)
def test_what_is_read_at_once(
    write: Callable[[Path], object], small: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[bool] = []

    def spy(*args: Any, **options: Any) -> Iterator[Any]:
        found.append(options["small"])
        return stream(*args, **options)

    monkeypatch.setattr("mlpcli.data.table.stream.stream", spy)
    write(tmp_path / "data")
    with Table([tmp_path / "data"]).load() as table:
        assert (table.rows < 2000) is small
    assert found == [small]


@pytest.mark.parametrize("rows", [40, 30_000])
def test_texts_of_parquet_are_counted(rows: int, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT 'l' || i % 7 AS few, 'id' || i AS own, i AS n FROM range({rows}) r(i)) "
            f"TO '{path}' (FORMAT parquet)"
        )
    seen, _ = outlook(path)
    assert (seen.inputs["few"], seen.inputs["n"]) == (7, 1)
    assert seen.inputs["own"] == round((max(rows, 1000) / 1000) ** 0.5 * min(rows, 1000))


def test_texts_that_the_first_rows_hint_at_are_expected(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("own,few\n" + "".join(f"id{i:06},{i % 3}x\n" for i in range(20_000)))
    seen, _ = outlook(path)
    assert 500 < seen.inputs["own"] < 2000  # sqrt(20,000 / 50) of the 50 that are looked at
    assert seen.inputs["few"] == 3


def test_names_need_no_database(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(LINES[:400])
    with Table([tmp_path / "t.csv"]) as table:
        assert table.names == ("a", "b")
        assert table.kinds == {"a": "number", "b": "text"}
        assert "connection" not in vars(table.store)
        assert table.load().rows == 99
