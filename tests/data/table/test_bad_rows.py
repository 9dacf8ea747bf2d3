"""Each way to spoil a file has its exact message."""

from __future__ import annotations

import csv
import gzip
import os
import tempfile
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcli.data.table import Reading, Table
from mlpcli.errors import DataError


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def complaint(content: bytes, name: str = "data.csv", **options: object) -> list[str]:
    Path(name).write_bytes(content)
    with pytest.raises(DataError) as raised:
        Table([name], Reading(**options)).load()  # type: ignore[arg-type]
    assert raised.value.exit_code == 2
    assert not any("\n" in line for line in raised.value.lines)
    return list(raised.value.lines)


def number(line: int, value: str, column: str = "a") -> str:
    return f'data.csv:{line}: column "{column}": expected a number, got "{value}"'


def advised(line: int, value: str, more: str = "") -> str:
    """Return the complaint that is the first of column "a", with the next step."""
    missing = f'if that is a missing value, set data.missing_values: ["{value}"]'
    missing = missing.replace("\\x", "\\u00")  # as YAML and JSON write it
    types = 'if the column holds texts, set data.types: {"a": text}'
    return f"{number(line, value)}{more}; {missing}; {types}"


QUOTED = b'a,b\n1,x\nabc,y\n"q\nr",z\n5,"a\nb"\n7,1\n8,2\n9,3\nzzz,w\n'
CODE = '; if that is a missing value, set data.missing_values: ["NAN"]'
COMMA = "; decimal comma? put such numbers in quotes, or part the fields with ;"
OPEN_QUOTE = "a quote opens in this row and never closes"
AFTER_QUOTE = 'text after a closing quote; inside quotes, write " as ""'

BAD_ROWS = {
    "after quoted newlines": (
        QUOTED,
        [advised(3, "abc"), number(4, "q\\nr"), number(11, "zzz")],
    ),
    "crlf": (b"a,b\r\n1,2\r\nx,3\r\n", [advised(3, "x")]),
    "cr": (b"a,b\r1,2\rx,3\r", [advised(3, "x")]),
    "mixed line ends": (b"a,b\r\n1,x\n2,y\r\nu,z\n", [advised(4, "u")]),
    "blank lines before": (b"\n\na,b\n1,2\n\nx,3\n", [advised(6, "x")]),
    "not finite": (
        b"a\n1\n2\n3\n1e400\ninf\n-inf\n",
        [number(5, "1e400"), number(6, "inf"), number(7, "-inf")],
    ),
    "long integer": (b"a\n1\n" + b"9" * 10_000 + b"\n", [number(3, "9" * 39 + "…")]),
    "other spellings of nan": (b"a\n1\nNAN\n", [number(3, "NAN") + CODE]),
    "decimal point among commas": (
        b"a;b\n" + b"1;2,25\n" * 60 + b"3;3.75\n",
        [number(62, "3.75 without ,", "b")],
    ),
    "percent": (b"a\n" + b"1%\n" * 60 + b"3\n", [number(62, "3 without %")]),
    "control character": (b"a\n1\nx\x07\n", [advised(3, "x\\x07")]),
    "several in one row": (
        b"a,b,c\n1,2,3\nx,2,z\n",
        [advised(3, "x", ", and 1 more in this row")],
    ),
    "ragged": (
        b"a,b\n1,x\n2\n3,y,z\n\n4,w\n5,w,\nq,3\n",
        [
            "data.csv:3: expected 2 fields, got 1",
            "data.csv:4: expected 2 fields, got 3",
            advised(8, "q"),
        ],
    ),
    "ragged, one column": (b"a\n1\n1,5\n3\n", ["data.csv:3: expected 1 field, got 2" + COMMA]),
    "quote never closed": (b'a,b\n1,x\n2,"abc\n3,y\n4,w\n', [f"data.csv:3: {OPEN_QUOTE}"]),
    "quote closed by a later row": (
        b'a,b\n1,x\n2,"abc\n3,y\n4,"w"\nzz,f\n',
        [f"data.csv:3: {OPEN_QUOTE}", advised(6, "zz")],
    ),
    "quote inside quotes": (b'a,b\n1,x"y\n2,"abc"d\n3,y\n', [f"data.csv:3: {AFTER_QUOTE}"]),
    "quotes that are right": (
        b'a,b\n"1" ,"x"\n2\n"3" , "y\nz"\n"u" , "x,""" \n',
        ["data.csv:3: expected 2 fields, got 1", advised(6, "u")],
    ),
    "damaged UTF-8 in text": (
        b"a,b\n1,\xc3\xa9\n2,caf\xe9\n3,y\n",
        ['data.csv:3: column "b": expected UTF-8, got byte 0xe9'],
    ),
    "cp1252 in a number": (b"a,b\n1,x\n\xe9,y\n3,y\n", [advised(3, "\u00e9")]),
    "more than five": (
        b"a,b\n" + b"1,x\n" * 50 + b"x,y\n1\n" * 6,
        [
            advised(52, "x"),
            "data.csv:53: expected 2 fields, got 1",
            number(54, "x"),
            "data.csv:55: expected 2 fields, got 1",
            number(56, "x"),
            "data.csv: 12 bad rows in all; correct them, or write NA where a value is missing",
        ],
    ),
    "exactly five": (
        b"a,b\n" + b"1,x\n" * 50 + b"x,y\n" * 5,
        [advised(52, "x"), *(number(i, "x") for i in range(53, 57))],
    ),
    "half are numbers": (b"a\nx\n1\n", [advised(2, "x")]),
    "late majority": (
        b"a\n" + b"x\n" * 3 + b"NA\n" * 500 + b"1\n" * 3,
        [advised(2, "x"), number(3, "x"), number(4, "x")],
    ),
    "NUL far down": (b"a,b\n" + b"1,x\n" * 30_000 + b"2\0,x\n", [advised(30_002, "2\\x00")]),
}


@pytest.mark.parametrize("packed", [False, True], ids=["csv", "gzip"])
@pytest.mark.parametrize(("content", "lines"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_bad_rows(content: bytes, lines: list[str], packed: bool) -> None:
    assert complaint(gzip.compress(content) if packed else content) == lines


FILES = {
    "empty": (b"", ["data.csv: the file is empty"]),
    "only blanks": (b" \n\n \t\n", ["data.csv: the file is empty"]),
    "only a header": (b"a,b\n", ["data.csv: no rows below the header"]),
    "no header": (
        b"1,2.5\n3,4\n",
        [
            (
                'data.csv:1: expected column names, got numbers such as "1"; set '
                "data.header to false, or put a line of names at the top"
            )
        ],
    ),
    "names": (
        b"a,b,a, ,a\n1,2,3,4,5\n",
        [
            'data.csv:1: columns 1 and 3 are both named "a"; rename one',
            "data.csv:1: column 4 has no name; give it one",
            'data.csv:1: columns 1 and 5 are both named "a"; rename one',
        ],
    ),
    "names below blank lines": (
        b"\n\na,\n1,2\n",
        ["data.csv:3: column 2 has no name; give it one"],
    ),
    "damaged name": (
        b"\xc3\xa9,caf\xe9\n1,2\n",
        ["data.csv:1: name of column 2: expected UTF-8, got byte 0xe9"],
    ),
    "quote in the header": (
        b'a,"b\n1,2\n',
        ["data.csv:1: a quote opens in the header and never closes"],
    ),
    "zip": (
        b"PK\x03\x04....",
        ["data.csv: zip archive that cannot be unpacked (file is not a zip file)"],
    ),
    "bzip2": (
        b"BZh9....",
        [
            (
                "data.csv: expected CSV or Parquet, got a file compressed with bzip2; "
                "unpack it first: bunzip2 -k data.csv"
            )
        ],
    ),
    "xz": (
        b"\xfd7zXZ\0..",
        [
            (
                "data.csv: expected CSV or Parquet, got a file compressed with xz; "
                "unpack it first: unxz -k data.csv"
            )
        ],
    ),
    "NUL bytes": (b"a\0,b\n1,2\n", ["data.csv: expected CSV or Parquet, got binary data"]),
}


@pytest.mark.parametrize(("content", "lines"), FILES.values(), ids=FILES)
def test_unusable_files(content: bytes, lines: list[str]) -> None:
    assert complaint(content) == lines


@settings(max_examples=40)
@given(content=st.binary(max_size=80) | st.text('a1,"\r\n\0 é', max_size=30).map(str.encode))
def test_junk_is_a_data_error_or_a_table(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "junk"
        path.write_bytes(content)
        try:
            Table([path]).load().close()
        except DataError as error:
            complaints = [line.startswith(f"{path}:") for line in error.lines]
        else:
            complaints = []
        assert all(complaints)


@pytest.mark.parametrize("rows", [10, 100_000])
def test_damaged_gzip(rows: int) -> None:
    whole = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * i) for i in range(rows)))
    (line,) = complaint(whole[:-20], "data.csv.gz")
    assert line.startswith("data.csv.gz: damaged gzip file (")


def test_damaged_parquet() -> None:
    (line,) = complaint(b"PAR1" + b"x" * 100, "data.parquet")
    damage = "damaged, or cut short; fetch or write it again"
    assert line == f"data.parquet: cannot be read: {damage}"
    duckdb.execute("COPY (SELECT range AS a FROM range(5000)) TO 'whole.parquet' (FORMAT parquet)")
    whole = Path("whole.parquet").read_bytes()
    for content in (whole[:4], whole[:-100], b"%s%s%s" % (whole[:40], b"\xff" * 400, whole[440:])):
        (line,) = complaint(content, "data.parquet")
        assert line == f"data.parquet: cannot be read: {damage}"


@pytest.mark.parametrize(
    "content", [b'{"a": 1}', b'{"a": 1}\n{"a": 2}\n', b'[{"a": 1}]', b'[\n  {"a": 1},', b"[[1, 2]]"]
)
def test_json(content: bytes) -> None:
    assert complaint(content) == ["data.csv: expected CSV or Parquet, got JSON; write it as CSV"]


def test_parquet() -> None:
    duckdb.execute("COPY (SELECT [1] AS l, 2 AS x) TO 'list.parquet' (FORMAT parquet)")
    duckdb.execute(
        "COPY (FROM (VALUES (1::DOUBLE), ('inf')) t(x)) TO 'inf.parquet' (FORMAT parquet)"
    )
    with pytest.raises(DataError) as raised:
        Table(["list.parquet"]).load()
    assert raised.value.lines == (
        'list.parquet: column "l": expected numbers or text, got INTEGER[]',
    )
    Table(["list.parquet"], Reading(columns=("x",))).load().close()
    with pytest.raises(DataError) as raised:
        Table(["inf.parquet"]).load()
    assert raised.value.lines == ('inf.parquet:2: column "x": expected a number, got "inf"',)


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ([], "no data file given"),
        (["nope.csv"], "nope.csv: no such file"),
        (["trian.csv"], 'trian.csv: no such file, did you mean "train.csv"?'),
        (["no/where.csv"], "no/where.csv: no such file"),
        (["*.zip"], "*.zip: no file matches"),
        (["folder"], "folder: is a folder; name a file, or several as folder/*.csv"),
        (["train.csv", "t*.csv"], "train.csv: named twice; list each file once"),
    ],
)
def test_which_files(files: list[str], line: str) -> None:
    Path("folder").mkdir()
    Path("train.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError) as raised:
        Table(files).load()
    assert raised.value.lines == (line,)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_no_permission() -> None:
    Path("data.csv").touch(0)
    with pytest.raises(DataError, match=r"^data.csv: permission denied$"):
        Table(["data.csv"]).load()


def test_columns() -> None:
    lines = complaint(b"age,Age,b,c,d,e\n1,2,3,4,5,6\n", columns=["agee", "b", "zzz"])
    assert lines == [
        'data.csv: no column "agee", did you mean "age"?',
        'data.csv: no column "zzz"; it has "age", "Age", "b", "c", "d", ..',
    ]


def test_several_files() -> None:
    Path("1.csv").write_text("a,b\n1,x\n2,y\n")
    Path("2.csv").write_text("b,c\n1,x\n")
    Path("3.csv").write_bytes(b'b,a\r\n"x\n",3\r\ny,4\r\nz,bad\r\n')
    with pytest.raises(DataError) as raised:
        Table(["1.csv", "2.csv"]).load()
    assert raised.value.lines == (
        '2.csv: no column "a"; it has "b", "c"',
        '2.csv: column "c" is not in 1.csv',
    )
    with pytest.raises(DataError) as raised:
        Table(["1.csv", "3.csv"]).load()
    (line,) = raised.value.lines
    assert line == advised(5, "bad").replace("data.csv", "3.csv")


@pytest.mark.parametrize("limit", ["banana", ""])
def test_memory_limit(limit: str) -> None:
    assert complaint(b"a,b\n1,2\n", memory_limit=limit) == [
        f'memory_limit: expected a size such as "4GB" or "512MB", got "{limit}"'
    ]


def test_too_little_memory() -> None:
    assert complaint(b"a,b\n1,2\n", memory_limit="5KB") == [
        "data.csv: out of memory; raise data.memory_limit or free space for temporary files"
    ]


def test_a_file_that_changes() -> None:
    Path("data.csv").write_text("a,b\n1,2\n")
    with Table(["data.csv"]).load() as table:
        Path("data.csv").write_text("a,b\n1,2\n3,4\n")
        with pytest.raises(DataError, match=r"^data.csv: changed while it was in use; run again$"):
            _ = table.digest


def test_unknown_name_to_read() -> None:
    Path("data.csv").write_text("age,b\n1,2\n")
    with Table(["data.csv"]).load() as table, pytest.raises(DataError) as raised:
        table.read(["agee"])
    assert raised.value.lines == ('no column "agee", did you mean "age"?',)


def test_the_csv_module_is_left_as_it_was() -> None:
    limit = csv.field_size_limit()
    complaint(BAD_ROWS["ragged"][0])
    assert csv.field_size_limit() == limit


def test_far_below_an_open_quote_nothing_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    content = b'a,b\n1,"x\n2,y\n3,z,z\n4,y\n5,y\n6,z,z\n'
    near = [f"data.csv:2: {OPEN_QUOTE}", "data.csv:4: expected 2 fields, got 3"]
    assert complaint(content) == [*near, "data.csv:7: expected 2 fields, got 3"]
    monkeypatch.setattr("mlpcli.data.table.bad_rows._JUDGED_BEYOND", 3)
    assert complaint(content) == near
