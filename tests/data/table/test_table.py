"""Good files come out as a plain CSV reader sees them, in order, with kinds settled by all rows."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from mlpcli.data.table import MISSING, Categorical, Reading, Scan, Table
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mlpcli.data.table import Column, Kind


def values(column: Column) -> list[Any]:
    """Return a column as floats or texts, None where missing."""
    if isinstance(column, Categorical):
        assert column.codes.dtype == np.int32
        return [None if code < 0 else column.levels[code] for code in column.codes]
    assert column.dtype == np.float64
    return [None if math.isnan(x) else x for x in column.tolist()]


def contents(table: Table) -> dict[str, list[Any]]:
    columns = table.read(table.names)
    for column in columns.values():
        if isinstance(column, Categorical):
            assert list(column.levels) == sorted(set(column.levels))
    return {name: values(column) for name, column in columns.items()}


def scanned(path: Path, kinds: Mapping[str, Kind]) -> dict[str, list[Any]]:
    with Scan([path], Reading.only(kinds)) as scan:
        blocks = [{name: values(c) for name, c in block.items()} for block in scan.blocks()]
    return {name: [v for block in blocks for v in block[name]] for name in blocks[0]}


def read(path: Path, content: bytes, **options: Any) -> dict[str, list[Any]]:
    path.write_bytes(content)
    with Table([path], Reading(**options)).load() as table:
        return contents(table)


A_AND_B = {"a": [1.0, 2.0], "b": ["x", "y"]}

LAYOUTS = {
    "plain": b"a,b\n1,x\n2,y\n",
    "no newline at the end": b"a,b\n1,x\n2,y",
    "crlf": b"a,b\r\n1,x\r\n2,y\r\n",
    "cr": b"a,b\r1,x\r2,y\r",
    "mixed line ends": b"a,b\r\n1,x\n2,y\r\n",
    "semicolon": b"a;b\n1;x\n2;y\n",
    "tab": b"a\tb\n1\tx\n2\ty\n",
    "bar": b"a|b\n1|x\n2|y\n",
    "byte order mark": b"\xef\xbb\xbfa,b\n1,x\n2,y\n",
    "byte order mark and quotes": b'\xef\xbb\xbf"a","b"\n"1","x"\n"2","y"\n',
    "blanks around": b'a , b\n 1, "x"\n2 ,y \n',
    "blank lines": b"\n\na,b\n\n1,x\n   \n2,y\n\n\n",
    "blanks after quotes": b'a,b\n"1" ,"x"\t\n"2", "y" \r\n',
    "delimiters at line ends": b"a,b\n1,x,\n2,y,,\n",
    "gzip": gzip.compress(b"a,b\n1,x\n2,y\n"),
    "gzip in two members": gzip.compress(b"a,b\n1,x\n") + gzip.compress(b"2,y\n"),
}


@pytest.mark.parametrize("content", LAYOUTS.values(), ids=LAYOUTS)
def test_layouts(content: bytes, tmp_path: Path) -> None:
    assert read(tmp_path / "data", content) == A_AND_B


NUMBERS = b"x\n1e-3\n+5\n.5\n007\n1E2\n-0\n 8 \n"

KINDS: dict[str, tuple[bytes, dict[str, list[Any]]]] = {
    "numbers": (NUMBERS, {"x": [0.001, 5.0, 0.5, 7.0, 100.0, 0.0, 8.0]}),
    "closest double": (b"x\n0.1\n9007199254740993\n5e-324\n", {"x": [0.1, 2.0**53, 5e-324]}),
    "truth values are 1 and 0": (b"x\ntrue\nfalse\nTrue\n", {"x": [1.0, 0.0, 1.0]}),
    "dates are text": (b"x\n2024-01-31\n2024-02-01\n", {"x": ["2024-01-31", "2024-02-01"]}),
    "fewer than half": (b"x\n1\na\nb\n", {"x": ["1", "a", "b"]}),
    "all missing": (b"x,y\n,1\nNA,2\n", {"x": [None, None], "y": [1.0, 2.0]}),
    "one column": (b"x\n1\n\n3\n", {"x": [1.0, None, 3.0]}),
    "one row": (b"x,y\n1,a", {"x": [1.0], "y": ["a"]}),
    "numbered header": (b"0,1\n3,4\n", {"0": [3.0], "1": [4.0]}),
    "case matters": (b"A,a\n1,x\n", {"A": [1.0], "a": ["x"]}),
    "header over two lines": (b'"x\ny",z\n1,2\n', {"x\ny": [1.0], "z": [2.0]}),
    "decimal comma in text": (
        b'x;y\n1;"2,5"\n2;a\n3;b\n',
        {"x": [1.0, 2.0, 3.0], "y": ["2,5", "a", "b"]},
    ),
    "late text": (b"x\n" + b"1\n" * 400 + b"a\n" * 401, {"x": ["1"] * 400 + ["a"] * 401}),
    "late numbers": (b"x\n" + b"NA\n" * 400 + b"1\n", {"x": [None] * 400 + [1.0]}),
    "markers": (
        b"x,y\n" + "".join(f"{m},{m}\n {m} ,1\n" for m in MISSING).encode() + b"a,2\n",
        {"x": [None] * 18 + ["a"], "y": [None, 1.0] * 9 + [2.0]},
    ),
}


@pytest.mark.parametrize(("content", "expected"), KINDS.values(), ids=KINDS)
def test_kinds(content: bytes, expected: dict[str, list[Any]], tmp_path: Path) -> None:
    assert read(tmp_path / "data.csv", content) == expected


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ({"a": "text"}, {"a": ["007", None], "b": [1.0, 2.0]}),
        ({"a": "number", "b": "text", "other": "text"}, {"a": [7.0, None], "b": ["1", "2"]}),
    ],
)
def test_forced_kinds(
    kinds: Mapping[str, Kind], expected: dict[str, list[Any]], tmp_path: Path
) -> None:
    assert read(tmp_path / "data.csv", b"a,b\n007,1\nNA,2\n", kinds=kinds) == expected


def test_forced_text_without_values(tmp_path: Path) -> None:
    assert read(tmp_path / "x.csv", b"a,b\n,1\n,2\n", kinds={"a": "text"})["a"] == [None, None]


def test_other_columns_may_hold_rubbish(tmp_path: Path) -> None:
    content = b"a,b,c\n1,x,caf\xe9\n2,5,7\n3,6,8\n"
    assert read(tmp_path / "x.csv", content, columns=("a",)) == {"a": [1.0, 2.0, 3.0]}


# ── against the csv module ──────────────────────────────────────────────────────────────────

NUMBER = st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.integers().map(str)
TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from("\",;|\t\n\r' éß漢"),
    max_size=12,
)
CELL = {
    "number": NUMBER.filter(lambda s: math.isfinite(float(s))) | st.sampled_from(MISSING),
    "text": TEXT.map(lambda s: "v" + s) | st.sampled_from(MISSING),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[Kind], list[list[str]]]:
    kinds: list[Kind] = draw(st.lists(st.sampled_from(["number", "text"]), min_size=2, max_size=5))
    names = draw(
        st.lists(
            TEXT.map(lambda s: "n" + s.strip()),
            min_size=len(kinds),
            max_size=len(kinds),
            unique=True,
        )
    )
    rows = draw(st.lists(st.tuples(*(CELL[kind] for kind in kinds)), min_size=1, max_size=12))
    return names, kinds, [list(row) for row in rows]


def oracle(text: str, delimiter: str, kinds: list[Kind]) -> tuple[dict[str, list[Any]], list[int]]:
    """Read with the csv module and Python's float; also say on which line each row begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = next(reader)
    rows, lines = [], [reader.line_num + 1]
    for row in reader:
        rows.append([cell.strip(" \t\u00a0") for cell in row])
        lines.append(reader.line_num + 1)
    columns = {}
    for i, name in enumerate(names):
        cells = [None if row[i] in MISSING else row[i] for row in rows]
        convert = float if kinds[i] == "number" else str
        columns[name] = [None if cell is None else convert(cell) for cell in cells]
    return columns, lines[:-1]


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(
    table=tables(),
    delimiter=st.sampled_from(",;\t|"),
    ending=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    packed=st.booleans(),
)
def test_as_the_csv_module(
    table: tuple[list[str], list[Kind], list[list[str]]],
    delimiter: str,
    ending: str,
    quoting: Any,
    packed: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    names, kinds, rows = table
    if ending == "\n" and "\r" in "".join(sum(rows, names)):
        quoting = csv.QUOTE_ALL  # the writer itself forgets that \r needs quotes
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=ending, quoting=quoting)
    writer.writerows([names, *rows])
    data = stream.getvalue().encode()
    expected, lines = oracle(stream.getvalue(), delimiter, kinds)
    event(f"quoted line breaks: {len(lines) + 1 != data.count(ending.encode())}")
    path = tmp_path_factory.mktemp("oracle") / "data"
    path.write_bytes(gzip.compress(data) if packed else data)
    with Table([path], Reading(kinds=dict(zip(expected, kinds, strict=True)))).load() as opened:
        assert contents(opened) == expected
        assert [opened.locate(i) for i in range(opened.rows)] == [(path, line) for line in lines]
        assert scanned(path, opened.kinds) == expected


# ── order, blocks, memory ───────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module", params=["NA", " NA"], ids=["typed", "by way of text"])
def long_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300,000 rows, enough for several threads; every third has a quoted line break.

    The last value is missing; a blank before NA is what the typed reading does not understand.
    """
    path = tmp_path_factory.mktemp("long") / "long.csv"
    with path.open("w", newline="") as stream:
        stream.write("i,s,half,long\n")
        long = "z" * 200
        stream.writelines(
            f'{i},"a\n{i % 7}",{i / 2},{long}\n' if i % 3 == 0 else f"{i},b{i % 5},,{long}\n"
            for i in range(299_999)
        )
        stream.write(f"299999,b4,{request.param},{long}\n")
    return path


@pytest.fixture(scope="module")
def long(long_file: Path) -> Iterator[Table]:
    with Table([long_file], Reading(memory_limit="200MB")).load() as table:
        yield table


def test_a_scan_gives_the_rows_of_the_table(long_file: Path, long: Table) -> None:
    kinds: dict[str, Kind] = {"half": "number", "s": "text", "i": "number"}
    start = 0
    with Scan([long_file], Reading.only(kinds)) as scan:
        for block in scan.blocks():
            assert list(block) == ["i", "s", "half"]
            got = {name: values(column) for name, column in block.items()}
            stop = start + len(got["i"])
            columns = long.read(["i", "s", "half"], start, stop)
            assert got == {name: values(column) for name, column in columns.items()}
            assert start % 16_384 == 0
            start = stop
        assert start == scan.rows == 300_000
        assert scan.digest == long.digest
        assert scan.locate(299_999) == long.locate(299_999)


def test_order_of_many_rows(long: Table) -> None:
    assert long.rows == 300_000
    column = long.read(["i"])["i"]
    assert isinstance(column, np.ndarray)
    np.testing.assert_array_equal(column, np.arange(300_000.0))
    text = long.read(["s"])["s"]
    assert isinstance(text, Categorical)
    assert text.levels == (*(f"a\n{i}" for i in range(7)), *(f"b{i}" for i in range(5)))
    assert long.locate(299_999) == (*long.paths, 400_001)


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 5), (122_870, 122_890), (200_000, 299_999), (5, 5), (9, 2), (-3, None)]
)
def test_blocks(start: int, stop: int | None, long: Table) -> None:
    block = long.read(["half", "s"], start, stop)
    rows = range(300_000)[start:stop]
    assert values(block["half"]) == [i / 2 if i % 3 == 0 else None for i in rows]
    assert values(block["s"]) == [f"a\n{i % 7}" if i % 3 == 0 else f"b{i % 5}" for i in rows]


def test_memory_is_bounded(tmp_path: Path) -> None:
    program = (
        "import resource, sys\n"
        "from mlpcli.data.table import Reading, Table\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "with Table([sys.argv[1]], Reading(memory_limit='120MB')).load() as table:\n"
        "    table.read(table.names, 0, 10_000)\n"
        "    before = peak()\n"
        "    for i in range(0, table.rows, 10_000):\n"
        "        table.read(table.names, i, i + 10_000)\n"
        "    assert table.rows == 200_000\n"
        "    print(peak() - before)\n"
    )
    path = tmp_path / "wide.csv"
    row = ",".join(str(i / 7) for i in range(60))
    path.write_text(",".join(f"c{i}" for i in range(60)) + "\n" + f"{row}\n" * 200_000)
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 60  # MB; the columns are 96 MB
    assert done.stderr == ""


def test_closing_removes_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    path = tmp_path / "data.csv"
    path.write_text("a,b\n1,2\n")
    with Table([path]).load() as table:
        assert list(scratch.iterdir())
    table.close()
    with pytest.raises(DataError):
        Table([path], Reading(columns=("c",))).load()
    assert not list(scratch.iterdir())


# ── several files, Parquet, pipes ───────────────────────────────────────────────────────────


def test_two_files_as_one(tmp_path: Path) -> None:
    first, second = tmp_path / "1.csv", tmp_path / "2.csv.gz"
    first.write_bytes(b'a,b\n1,"x\ny"\n2,z\n')
    second.write_bytes(gzip.compress(b'b;a;\r\n"u\n";3\nw;4\r\n'.replace(b"a;", b"a", 1)))
    with Table([tmp_path / "*.csv*"]).load() as table:
        assert contents(table) == {"a": [1, 2, 3, 4], "b": ["x\ny", "z", "u\n", "w"]}
        assert table.paths == (first, second)
        located = [(first, 2), (first, 4), (second, 2), (second, 4)]
        assert [table.locate(i) for i in range(4)] == located
        both = first.read_bytes() + second.read_bytes()
        assert table.digest == hashlib.sha256(both).hexdigest()


def test_a_file_that_fails_halfway_leaves_no_hole(tmp_path: Path) -> None:
    """The second file is inserted in vain at first; rows must still be numbered without a gap."""
    first, second, third = (tmp_path / f"{i}.csv" for i in range(3))
    first.write_text("a,b\n1,x\n")
    second.write_bytes(b"a,b\n" + b"2,y\n" * 5000 + b"3,z\r\n4,u\n")
    third.write_text("a,b\n5,w\n")
    with Table([first, second, third]).load() as table:
        assert values(table.read(["a"], 5000)["a"]) == [2, 3, 4, 5]
        assert [table.locate(i) for i in (5000, 5001, 5003)] == [
            (second, 5001),
            (second, 5002),
            (third, 2),
        ]


def test_names_that_are_not_patterns(tmp_path: Path) -> None:
    path = tmp_path / "it's [1]*?.csv"
    path.write_text("a,b\n1,2\n")
    (tmp_path / "it's 1xx.csv").write_text("a,b\n3,4\n")
    with Table([path]).load() as table:
        assert contents(table) == {"a": [1.0], "b": [2.0]}


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "data"
    duckdb.execute(
        "COPY (SELECT * FROM (VALUES (1, 1.5::DECIMAL(8, 2), 'nan'::DOUBLE, true, 'NA', '1'), "
        "(NULL, 2, 2, false, ' x ', '2')) t(i, d, f, b, s, n)) "
        f"TO '{path}' (FORMAT parquet)"
    )
    with Table([path], Reading(columns=("n", "i", "d", "f", "b", "s"))).load() as table:
        assert contents(table) == {
            "i": [1, None],
            "d": [1.5, 2],
            "f": [None, 2],
            "b": [1, 0],
            "s": [None, "x"],
            "n": ["1", "2"],
        }
        assert table.locate(1) == (path, 2)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    content = b'a,b\n1,"x\ny"\n2,z\n'
    writer = threading.Thread(target=path.write_bytes, args=(content,))
    writer.start()
    with Table([path]).load() as table:
        writer.join()
        assert contents(table) == {"a": [1.0, 2.0], "b": ["x\ny", "z"]}
        assert table.locate(1) == (path, 4)
        assert table.digest == hashlib.sha256(content).hexdigest()
