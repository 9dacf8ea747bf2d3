"""Tables as pandas, R, Excel, NumPy and databases write them come out as these meant them."""

from __future__ import annotations

import gzip
import io
import math
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from mlpcli.data.table import TRUTH, Categorical, Layout, Missing, Reading, Scan, Table
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from mlpcli.data.table import Column


def values(column: Column) -> list[Any]:
    if isinstance(column, Categorical):
        return [None if code < 0 else column.levels[code] for code in column.codes]
    return [None if math.isnan(x) else x for x in column.tolist()]


def read(path: Path, content: bytes, **options: Any) -> dict[str, list[Any]]:
    path.write_bytes(content)
    with Table([path], Reading(**options)).load() as table:
        return {name: values(column) for name, column in table.read(table.names).items()}


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.csv", content)
    return buffer.getvalue()


X_AND_Y = {"x": [1.5, 2.5], "y": ["a", "b"]}
CAFE = "x,y\n1.5,caf\u00e9\n2.5,b\n"
PLAIN = b"x,y\n1.5,a\n2.5,b\n"

LAYOUTS: dict[str, tuple[bytes, Layout]] = {
    "pandas": (b",x,y\n0,1.5,a\n1,2.5,b\n", Layout()),
    "R write.csv": (b'"","x","y"\n"1",1.5,"a"\n"2",2.5,"b"\n', Layout()),
    "R write.table": (b'"x" "y"\n"1" 1.5 "a"\n"2" 2.5 "b"\n', Layout()),
    "R with words as row names": (b'"x"\t"y"\n"Mazda RX4"\t1.5\t"a"\n"b"\t2.5\t"b"\n', Layout()),
    "R, some rows of more": (b"x,y\n3,1.5,a\n17,2.5,b\n", Layout()),
    "R, whole numbers behind": (b"x;y\n7;1.5;a\n3;2.5;b\n", Layout()),
    "Excel": (b"\xef\xbb\xbfsep=;\r\nx;y\r\n1,5;a\r\n2,5;b\r\n", Layout()),
    "an empty column at the end": (b"x,y,\n1.5,a,\n2.5,b,\n", Layout()),
    "an empty column within": (b"x,,y\n1.5,,a\n2.5,,b\n", Layout()),
    "comments": (b"# made by me, you\n# and her\nx,y\n1.5,a\n2.5,b\n", Layout()),
    "comments between": (b"x,y\n1.5,a\n% no\n2.5,b\n", Layout(comment="%")),
    "lines to skip": (b'Report "of\n\nx,y\n1.5,a\n2.5,b\n', Layout(skip_lines=2)),
    "no names": (b"1.5,a\n2.5,b\n", Layout(header=("x", "y"))),
    "aligned by blanks": (b"  x    y\n 1.5   a\n 2.5   b\n", Layout()),
    "no-break spaces": (
        "\u00a0x,y\u00a0\n1.5\u00a0,\u00a0a \u00a0\n \u00a02.5,b\u00a0\n".encode(),
        Layout(),
    ),
    "another delimiter": (b"x^y\n1.5^a\n2.5^b\n", Layout(delimiter="^")),
    "UTF-16": ("x\ty\r\n1.5\ta\r\n2.5\tb\r\n".encode("utf-16"), Layout()),
    "UTF-16 without a mark": ("x,y\n1.5,a\n2.5,b\n".encode("utf-16-be"), Layout()),
    "declared encoding": ("x,y\n1.5,a\n2.5,b\n".encode("cp037"), Layout(encoding="cp037")),
    "zip": (zipped(t=PLAIN), Layout()),
    "zip of gzip": (zipped(t=gzip.compress(PLAIN)), Layout()),
}


@pytest.mark.parametrize(("content", "layout"), LAYOUTS.values(), ids=LAYOUTS)
def test_layouts(content: bytes, layout: Layout, tmp_path: Path) -> None:
    assert read(tmp_path / "t.csv", content, layout=layout) == X_AND_Y


TOO_MANY = "t.csv:2: expected 2 fields, got 3"
COMMA = "; decimal comma? put such numbers in quotes, or part the fields with ;"
QUOTES = '; write a text with "{}" in double quotes, not in single ones'

NO_ROW_NAMES = {
    "decimal commas in front": (b"x,y\n-1,5,a\n-0,5,b\n", COMMA),
    "a single one": (b"x,y\n1,5,a\n", COMMA),
    "decimal commas behind": (b"x,y\n0.5,1,5\n0.25,2,5\n", COMMA),
    "decimal commas that differ": (b"x,y\n1,5,a\n3,25,b\n7,0,c\n", COMMA),
    "single quotes": (b"x,y\n'b, c',a\n'd, e',b\n", QUOTES.format(",")),
    "texts that come again": (b"x,y\nu,1.5,a\nv,2.5,b\nu,3.5,b\n", ""),
    "an empty field": (b"x,y\nu,1.5,a\n,2.5,b\n", ""),
    "numbers with points": (b"x,y\n0.5,1.5,a\n0.25,2.5,b\n", ""),
    "negative numbers": (b"x,y\n-1,1.5,a\n-2,2.5,b\n", ""),
}


@pytest.mark.parametrize(("content", "hint"), NO_ROW_NAMES.values(), ids=NO_ROW_NAMES)
def test_a_surplus_field_is_no_row_name(
    content: bytes, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as raised:
        read(Path("t.csv"), content)
    assert raised.value.lines[0] == TOO_MANY + hint


@pytest.mark.parametrize("top", [b"x,y\n", b"\n\nx,y\n"], ids=["by DuckDB", "row by row"])
def test_no_break_spaces_are_trimmed_around_a_text_and_kept_within(
    top: bytes, tmp_path: Path
) -> None:
    content = top + "1,\u00a0a\u00a0\u00e0\u00a0\n\u00a0,\u00a0NA\n2,\u00e0\n".encode()
    expected = {"x": [1, None, 2], "y": ["a\u00a0\u00e0", None, "\u00e0"]}
    assert read(tmp_path / "t.csv", content) == expected


ROW_NAMES = "the first column has no name and is left out: row names or an index"


@pytest.mark.parametrize("columns", [None, ("x",)])
def test_row_names_without_a_name_are_said(columns: tuple[str, ...] | None, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"x,y\n1,5,a\n2,7,b\n")
    with Table([path], Reading(columns=columns)).load() as table:
        assert table.notes == (f"{path}: {ROW_NAMES}",)
        assert values(table.read(["x"])["x"]) == [5, 7]


def test_a_file_without_names(tmp_path: Path) -> None:
    content = b"1.5,a\n2.5,b\n"
    expected = {"c1": [1.5, 2.5], "c2": ["a", "b"]}
    assert read(tmp_path / "t.csv", content, layout=Layout(header=False)) == expected


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (b"u,v\nx,y\n", {}),
        (b"u,n/a\nx,1\ny,2\n", {"missing": Missing().plus(["n/a"])}),
        (b"u,3\nx,1\ny,2\n", {}),
        (b"u,u\nx,1\ny,2\n", {"kinds": {"c2": "text"}}),
        (b"u,v\nx,1\ny,2\n", {"columns": ("c1",)}),
        (b"u,v\nx,1\ny,2\n", {"kinds": {"c2": "text"}}),
    ],
)
def test_a_first_row_that_may_be_one(
    content: bytes, options: dict[str, Any], tmp_path: Path
) -> None:
    found = read(tmp_path / "t.csv", content, layout=Layout(header=False), **options)
    assert found["c1"][0] == "u"


def test_zstd(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.zst"
    duckdb.execute(
        "COPY (SELECT * FROM (VALUES (1.5, 'a'), (2.5, 'b')) t(x, y)) "
        f"TO '{path}' (FORMAT csv, COMPRESSION zstd)"
    )
    assert read(path, path.read_bytes()) == X_AND_Y


@pytest.mark.parametrize("where", ["top", "beyond the top"])
def test_windows_1252_is_found(where: str, tmp_path: Path) -> None:
    rows = 1 if where == "top" else 20_000
    content = b"x,y\n" + b"1.5,a\n" * rows + "2.5,caf\u00e9\n".encode("cp1252")
    (tmp_path / "t.csv").write_bytes(content)
    with Table([tmp_path / "t.csv"]).load() as table:
        assert values(table.read(["y"], rows)["y"]) == ["caf\u00e9"]
        assert table.notes == (
            f"{tmp_path / 't.csv'}: is read as cp1252; if letters are wrong, set data.encoding",
        )


def test_a_scan_finds_windows_1252_where_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"x,y\n" + b"1.5,a\n" * 200_000 + "2.5,caf\u00e9\n".encode("cp1252"))
    with Scan([path], Reading.only({"x": "number", "y": "text"})) as scan:
        blocks = list(scan.blocks())
    assert sum(len(values(block["x"])) for block in blocks) == 200_001
    assert values(blocks[-1]["y"])[-1] == "caf\u00e9"
    assert {x for block in blocks for x in values(block["x"])[:-1]} == {1.5}


NOTATIONS: dict[str, tuple[bytes, list[Any]]] = {
    "decimal comma": (b"x;z\n3,14;1\n2;1\n-0,5;1\n", [3.14, 2, -0.5]),
    "decimal comma and points": (b"x;z\n1.234,5;1\n12,5;1\n", [1234.5, 12.5]),
    "thousands": (b'x,z\n"1,234.5",1\n12,1\n', [1234.5, 12]),
    "thousands alone": (b'x,z\n"1,234",1\n"12,345",1\n', [1234, 12345]),
    "three decimals among semicolons": (b"x;z\n1,234;1\n2,345;1\n", [1.234, 2.345]),
    "points of thousands, told by z": (b"x;z\n1.234;1,5\n2.345;2\n", [1234, 2345]),
    "three decimals": (b"x;z\n1.234;1\n2.345;1\n", [1.234, 2.345]),
    "apostrophes": (b"x,z\n1'234.5,1\n2,1\n", [1234.5, 2]),
    "narrow blanks": ("x;z\n1\u202f234,5;1\n2;1\n".encode(), [1234.5, 2]),
    "percent": (b"x,z\n12%,1\n1.5 %,1\n", [0.12, 0.015]),
    "dollars": (b'x,z\n$5,1\n-$7.50,1\n"$1,200",1\n', [5, -7.5, 1200]),
    "euros": ("x;z\n5 \u20ac;1\n7,50 \u20ac;1\n".encode(), [5, 7.5]),
    "True and False": (b"x,z\nTrue,1\nFALSE,1\n", [1, 0]),
    "T and F": (b"x,z\nT,1\nF,1\n", [1, 0]),
    "true and 0": (b"x,z\ntrue,1\n0,1\n", [1, 0]),
    "WAHR and FALSCH": (b"x;z\nWAHR;1\nFALSCH;1\n", [1, 0]),
    "late T": (b"x,z\n" + b"f,1\n" * 60 + b"t,1\n", [0] * 60 + [1]),
    "yes and no are labels": (b"x,z\nyes,1\nno,1\n", ["yes", "no"]),
    "exponents": (b"x,z\n1E2,1\n100,1\n", [100, 100]),
    "underscores": (b"x,z\n1_1,1\n2_1,1\n11,1\n", ["1_1", "2_1", "11"]),
    "zip codes": (b"x,z\n02139,1\n10001,1\n", ["02139", "10001"]),
    "late zip codes": (b"x,z\n" + b"10001,1\n" * 60 + b"02139,1\n", ["10001"] * 60 + ["02139"]),
    "numbers of two widths": (b"x,z\n" + b"12,1\n" * 60 + b"7,1\n", [12] * 60 + [7]),
    "bits": (b"x,z\n0,1\n1,1\n", [0, 1]),
    "fractions of one width": (b"x,z\n0.5,1\n0.1,1\n", [0.5, 0.1]),
    "codes with a comma": (b'x,z\n"1,2,3",1\n"1,2",1\n', ["1,2,3", "1,2"]),
    "versions": (b"x,z\n1.2.3,1\n1.2.4,1\n", ["1.2.3", "1.2.4"]),
    "a mixture of currencies": ("x,z\n$5,1\n\u20ac6,1\n".encode(), ["$5", "\u20ac6"]),
}


@pytest.mark.parametrize("packed", [False, True], ids=["csv", "gzip"])
@pytest.mark.parametrize(("content", "expected"), NOTATIONS.values(), ids=NOTATIONS)
def test_notations(content: bytes, expected: list[Any], packed: bool, tmp_path: Path) -> None:
    content = gzip.compress(content) if packed else content
    assert read(tmp_path / "t.csv", content)["x"] == pytest.approx(expected)


MISSING: dict[str, tuple[bytes, dict[str, Any], list[Any]]] = {
    "a number in any spelling": (
        b"x\n-999\n-999.0\n-9.99e2\n5\n",
        {"missing": Missing().plus([-999])},
        [None, None, None, 5],
    ),
    "a number in a text": (
        b"x\n-999\na\n -999.0\n",
        {"missing": Missing().plus([-999])},
        [None, "a", None],
    ),
    "texts": (b"x\n.\n-\n5\n", {"missing": Missing().plus([".", "-"])}, [None, None, 5]),
    "of one column": (b"x\n.\n5\n", {"missing_in": {"x": Missing().plus(["."])}}, [None, 5]),
    "of another column": (b"x\n.\na\n", {"missing_in": {"z": Missing().plus(["."])}}, [".", "a"]),
    "NA is a value": (b"x\nNA\nDE\n", {"missing": Missing().minus(["NA"])}, ["NA", "DE"]),
    "in percent": (b"x\n-1%\n5%\n", {"missing": Missing().plus([-0.01])}, [None, 0.05]),
}


@pytest.mark.parametrize(("content", "options", "expected"), MISSING.values(), ids=MISSING)
def test_missing(
    content: bytes, options: dict[str, Any], expected: list[Any], tmp_path: Path
) -> None:
    assert read(tmp_path / "t.csv", content, **options)["x"] == pytest.approx(expected)


KINDS: dict[str, tuple[bytes, dict[str, Any], list[Any]]] = {
    "text": (b"x\n1\n2\n", {"kinds": {"x": "text"}}, ["1", "2"]),
    "number": (b"x\n01\n02\n", {"kinds": {"x": "number"}}, [1, 2]),
    "boolean": (
        b"x\nyes\nn\n1\n",
        {"kinds": {"x": "number"}, "notations": {"x": TRUTH}},
        [1, 0, 1],
    ),
    "declared decimals": (b"x\ty\n1,234\t1\n", {"layout": Layout(decimal=",")}, [1.234]),
    "declared thousands": (b"x;y\n1,234;1\n", {"layout": Layout(thousands=",")}, [1234]),
    "0 and 1 elsewhere": (
        b"x\nTrue\nfalse\n",
        {"kinds": {"x": "number"}, "truths": frozenset("x")},
        [1, 0],
    ),
    "labels": (b"x\nTrue\nFalse\n", {"as_written": frozenset("x")}, ["True", "False"]),
}


@pytest.mark.parametrize(("content", "options", "expected"), KINDS.values(), ids=KINDS)
def test_kinds_that_somebody_decides(
    content: bytes, options: dict[str, Any], expected: list[Any], tmp_path: Path
) -> None:
    assert read(tmp_path / "t.csv", content, **options)["x"] == pytest.approx(expected)


REFUSED: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "a boolean that is none": (
        b"x\ntrue\n2\n",
        {"kinds": {"x": "number"}, "notations": {"x": TRUTH}},
        't.csv:3: column "x": expected a number, got "2, neither true nor false"',
    ),
    "true among measurements": (
        b"x\nTrue\nfalse\n",
        {"kinds": {"x": "number"}},
        't.csv:2: column "x": expected a number, got "True"',
    ),
    "points where commas are declared": (
        b"x\n3.14\n2.5\n",
        {"layout": Layout(decimal=",")},
        't.csv:2: column "x": expected a number, got "3.14 without ,"',
    ),
    "what may be missing": (
        b"x\n1\n2\n.\n",
        {},
        't.csv:4: column "x": expected a number, got "."; if that is a missing value',
    ),
    "late underscores": (
        b"x\n" + b"12\n" * 60 + b"1_1\n",
        {},
        't.csv:62: column "x": expected a number, got "1_1"',
    ),
    "the wrong encoding": (
        "x\n\u00e9\n".encode("cp1252"),
        {"layout": Layout(encoding="utf-16")},
        "t.csv: is not in the encoding utf-16",
    ),
    "two members": (
        zipped(a=PLAIN, b=PLAIN),
        {},
        't.csv: expected a zip archive of one file, got 2: "a.csv", "b.csv"; unpack it',
    ),
    "a workbook": (
        zipped(**{"xl/a": b"", "b": b""}),
        {},
        "t.csv: expected CSV or Parquet, got an Excel workbook; save the sheet as CSV",
    ),
    "too few names": (
        b"1,2,3,4\n5,6,7,8\n",
        {"layout": Layout(header=("a", "b"))},
        "t.csv:1: expected a name for each field in data.header, got 2 names, 4 fields",
    ),
    "too many names": (
        b"# made\n1\n5\n",
        {"layout": Layout(header=("a", "b"))},
        "t.csv:2: expected a name for each field in data.header, got 2 names, 1 field",
    ),
    "names that are there already": (
        b"u, v\nx,y\nz,y\n",
        {"layout": Layout(header=("u", "v"))},
        't.csv:1: expected a row, as data.header says, got column names: "u", "v"',
    ),
    "other names than those of the file": (
        b"Title\nu,v\nx,1\ny,\nz,3\n",
        {"layout": Layout(header=("a", "b"), skip_lines=1)},
        't.csv:2: expected a row, as data.header says, got column names: "u", "v"',
    ),
    "names where none should be": (
        b"u,v\nx,1\ny,2\n",
        {"layout": Layout(header=False)},
        "t.csv:1: expected a row, as data.header says, got column names",
    ),
    "a comment that nobody declared": (
        b"x,y\n1,2\n# z\n",
        {},
        't.csv:3: expected 2 fields, got 1; if "#" begins a comment, set data.comment',
    ),
}


@pytest.mark.parametrize(("content", "options", "line"), REFUSED.values(), ids=REFUSED)
def test_refused(
    content: bytes,
    options: dict[str, Any],
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError) as raised:
        Table(["t.csv"], Reading(**options)).load()
    assert raised.value.lines[0].startswith(line)


def test_what_is_not_in_use_is_not_judged(tmp_path: Path) -> None:
    content = b"x,,code,code\n1,a,A,1\n2,b,7,\n3,,12,z\n"
    assert read(tmp_path / "t.csv", content, columns=("x",)) == {"x": [1, 2, 3]}
    content = b"x,code\n1,A\n2,7\n3,12\n"
    assert read(tmp_path / "t.csv", content, drop=("code",)) == {"x": [1, 2, 3]}


def test_older_models_read_underscores_as_they_did(tmp_path: Path) -> None:
    for content in (b"x\n1_1\n2\n", b"x\n1_1\n 2 \nNA \n"):
        (tmp_path / "t.csv").write_bytes(content)
        reading = Reading(("x",), kinds={"x": "number"}, underscores=True)
        with Table([tmp_path / "t.csv"], reading).load() as table:
            assert values(table.read(["x"])["x"])[:2] == [11, 2]
