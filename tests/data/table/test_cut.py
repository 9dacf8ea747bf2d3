"""Pieces hold each row once, in order, and nothing is cut where a line might not be a row."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import duckdb
import pytest

from mlpcli.data.table import Layout, Reading, Table, cut
from mlpcli.data.table.stream import Misfit

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcli.data.table.cut import Piece

ROWS = 200
HEAD, BODY = b"a,b\n", b"".join(b"%d,t%d\n" % (i, i % 7) for i in range(ROWS))


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlpcli.data.table.cut.LEAST", 200)


def pieces(table: Table, readers: int = 2) -> list[Piece]:
    return cut.cut(table.sources, len(table.names), table.store, readers)


def rows_of(table: Table, piece: Piece) -> list[tuple[float, str]]:
    with piece.of(table.sources[piece.file], table.store.scratch) as source:
        query = source.select(table.kinds)
        return table.store.connection.execute(query).fetchall()


def all_rows(path: Path, readers: int = 2) -> tuple[list[tuple[float, str]], int]:
    """Return the rows of all pieces, and how many pieces there are."""
    with Table([path]) as table:
        found = pieces(table, readers)
        return [row for piece in found for row in rows_of(table, piece)], len(found)


def held(path: Path, piece: Piece) -> bool:
    """Whether a line begins in a piece."""
    assert piece.lines is not None
    return b"\n" in path.read_bytes()[piece.lines.start - 1 : piece.lines.stop - 1]


EXPECTED = [(float(i), f"t{i % 7}") for i in range(ROWS)]


@pytest.mark.parametrize("readers", [1, 2, 3, 50])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_lines(end: bytes, readers: int, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes((HEAD + BODY).replace(b"\n", end))
    rows, count = all_rows(path, readers)
    assert rows == EXPECTED
    assert count > 3


def test_the_last_line_may_be_open_and_others_empty(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes((b"# by hand\n" + HEAD + BODY).replace(b"\n9", b"\n\n\n9")[:-1])
    with Table([path]) as table:
        whole = table.store.connection.execute(table.sources[0].select(table.kinds)).fetchall()
    assert all_rows(path)[0] == whole


def test_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT i::DOUBLE AS a, 't' || i % 7 AS b FROM range(10000) t(i)) "
            f"TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)"
        )
    with Table([path]) as table:
        assert [piece.rows for piece in pieces(table)] == [
            (0, 2048), (2048, 4096), (4096, 6144), (6144, 8192), (8192, 10000)
        ]  # fmt: skip
    assert all_rows(path)[0] == [(float(i), f"t{i % 7}") for i in range(10_000)]


@pytest.mark.parametrize(
    "content",
    [
        HEAD + BODY.replace(b"t3", b'"t3"'),
        gzip.compress(HEAD + b"".join(b"%d,%x\n" % (i * i, i**9) for i in range(ROWS))),
        b"a\n" + BODY.replace(b",", b""),
        (HEAD + BODY).replace(b"\n", b"\r"),
    ],
    ids=["quotes", "gzip", "one column", "old ends of lines"],
)
def test_one_piece(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with Table([path]) as table:
        found = pieces(table)
        assert [(piece.file, piece.lines, piece.rows) for piece in found] == [(0, None, None)]
        assert len(rows_of(table, found[0])) >= ROWS - 1


def test_comments(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(HEAD + BODY.replace(b"\n7", b"\n#x\n7"))
    with Table([path], Reading(layout=Layout(comment="#"))) as table:
        (piece,) = pieces(table)
        assert rows_of(table, piece) == EXPECTED


def test_small_files_are_read_as_ever(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(HEAD + BODY[:300])
    with Table([path]) as table:
        assert pieces(table) == []


@pytest.mark.parametrize(
    "line",
    [b'7,"a quote"\n', b"7,a\rb\n", b"7,a\r\n", b"7," + b"x" * 5000 + b"\n"],
    ids=["quote", "return", "other end", "long"],
)
def test_a_line_that_may_not_be_a_row(
    line: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlpcli.data.table.cut._HEAD", 100)
    monkeypatch.setattr("mlpcli.data.table.cut.LONGEST_LINE", 4000)
    path = tmp_path / "t.csv"
    path.write_bytes(HEAD + BODY + line)
    with Table([path]) as table:
        first, *_, last = (piece for piece in pieces(table) if held(path, piece))
        assert rows_of(table, first) == EXPECTED[: len(rows_of(table, first))]
        with pytest.raises(Misfit):
            rows_of(table, last)
