"""What is asked of texts has one answer, whether DuckDB or Python is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlpcli.data.table import Missing, Reading, Table, look

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = 'a,b,c,d\n1E2, 100 ,"1,5",NA\n100,1e2,NA,1e1\n 7,,-999,\n1e3,1E2,.,\n'


@pytest.fixture(params=[0, 100], ids=["records", "query"])
def most(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(look, "_NARROW", request.param)
    monkeypatch.setattr(look, "_RECORDS_AT_A_TIME", 2)
    return int(request.param)


def test_mixed_exponents(tmp_path: Path, most: int) -> None:
    path = tmp_path / "t.csv"
    path.write_text(CONTENT)
    with Table([path], Reading()) as table:
        assert look.mixed_exponents(table, ["d", "b", "a", "c"]) == ["b", "a"]
        assert look.mixed_exponents(table, []) == []


def test_words_with_an_e_are_no_exponents(tmp_path: Path, most: int) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,c,d\nTrue,None,1,1\n1,2,false,1E+2\nfalse,3,0,3\n")
    with Table([path], Reading(missing=Missing().minus(["None"]))) as table:
        assert look.mixed_exponents(table, ["a", "b", "c", "d"]) == ["d"]


def test_several_files_are_one_table(tmp_path: Path, most: int) -> None:
    for name, value in (("s", "1e2"), ("t", "100")):
        (tmp_path / f"{name}.csv").write_text(f"a\n{value}\n")
    with Table([tmp_path / "s.csv", tmp_path / "t.csv"], Reading()) as table:
        assert look.mixed_exponents(table, ["a"]) == ["a"]


def test_what_duckdb_cannot_cut_is_asked_by_record(tmp_path: Path, most: int) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a  b\r\n1e2   1\r\n100 1\r\n 7 1e0\r\n")
    with Table([path], Reading()) as table:
        assert look.mixed_exponents(table, ["a", "b"]) == ["a", "b"]


def test_texts_met(tmp_path: Path, most: int) -> None:
    path = tmp_path / "t.csv"
    path.write_text(CONTENT)
    with Table([path], Reading()) as table:
        met = look.texts_met(table, table.names, ["-999", "NA", "it's", "1e2", "."])
    assert met == {"b": ["1e2"], "c": ["-999", "."]}


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\r\n1e2,1\n100,1\n",
        b"a,b\n1e2,1\r\n100,1\r\n",
        b"a,b\n1e2,1\n100,1\r\n",
        b"a,b\r1e2,1\n100,1\r\n",
        b"a,b\r\n1e2,1\r\n100,1\n",
    ],
)
def test_lines_that_end_in_several_ways(content: bytes, tmp_path: Path, most: int) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with Table([path]).load() as table:
        assert look.mixed_exponents(table, ["a", "b"]) == ["a"]
        assert look.texts_met(table, ["a", "b"], ["1e2"]) == {"a": ["1e2"]}
