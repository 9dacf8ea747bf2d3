"""Numbers in every way of writing come out as Python wrote them, by its own formatting."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest

from mlpcli.data.reading import reading_of_others
from mlpcli.data.table import Layout, Missing, Reading, Scan, Table
from mlpcli.data.table.marks import Marks
from mlpcli.data.table.numerals import Numerals
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mlpcli.data.table import Column

Writer = "Callable[[float], str]"


def swapped(text: str) -> str:
    return text.translate(str.maketrans(",.", ".,"))


def in_brackets(text: str) -> str:
    return f"({text[1:]})" if text.startswith("-") else text


WAYS: dict[str, tuple[Numerals, Callable[[float], str]]] = {
    "decimal comma": (Numerals(","), lambda x: swapped(f"{x:.2f}")),
    "German": (Numerals(",", "."), lambda x: swapped(f"{x:,.2f}")),
    "English": (Numerals(".", ","), lambda x: f"{x:,.2f}"),
    "Swiss": (Numerals(".", "'"), lambda x: f"{x:,.2f}".replace(",", "'")),
    "French": (Numerals(",", "\u202f"), lambda x: swapped(f"{x:,.2f}").replace(".", "\u202f")),
    "percent": (Numerals(".", "", "%"), lambda x: f"{100 * x:.0f}%"),
    "dollars": (Numerals(".", ",", "$"), lambda x: f"{x:,.2f}".replace("-", "-$")
                if x < 0 else f"${x:,.2f}"),
    "USD": (Numerals(".", ",", "USD"), lambda x: f"USD {x:,.2f}"),
    "EUR": (Numerals(",", ".", "EUR"), lambda x: swapped(f"{x:,.2f}") + " EUR"),
    "kg": (Numerals(".", "", "kg"), lambda x: f"{x:.2f} kg"),
    "m": (Numerals(".", "", "m"), lambda x: f"{x:.2f} m"),
    "degrees": (Numerals(".", "", "°C"), lambda x: f"{x:.2f}°C"),
    "km/h": (Numerals(".", "", "km/h"), lambda x: f"{x:.2f} km/h"),
    "books": (Numerals(".", ",", "", "()"), lambda x: in_brackets(f"{x:,.2f}")),
    "books in dollars": (Numerals(".", ",", "$", "()"),
                         lambda x: f"({-x:,.2f})".replace("(", "($") if x < 0 else f"${x:,.2f}"),
}  # fmt: skip
NUMBERS = [round(float(x), 2) for x in np.random.default_rng(0).normal(0, 4e3, 60)]


def table(rows: Sequence[Sequence[object]], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


def read(path: Path, content: str, reading: Reading | None = None) -> Any:
    path.write_text(content, "utf-8", newline="")
    with Table([path], reading or Reading()).load() as loaded:
        column = loaded.read(["x"])["x"]
        assert isinstance(column, np.ndarray), column.levels[:5]
        return column


@pytest.mark.parametrize(("numerals", "write"), WAYS.values(), ids=WAYS)
def test_found_and_read(numerals: Numerals, write: Callable[[float], str]) -> None:
    texts = [write(x) for x in NUMBERS]
    found = Marks().of(Counter(texts))
    assert found == numerals
    assert [found.value(text) for text in texts] == pytest.approx(NUMBERS)
    query = f"SELECT {found.number('k')} FROM (SELECT unnest(?) AS k)"
    assert [x for (x,) in duckdb.execute(query, [texts]).fetchall()] == pytest.approx(NUMBERS)


@pytest.mark.parametrize("sign", ["n/a", "-", ".", "#N/A"])
@pytest.mark.parametrize("write", [write for _, write in WAYS.values()], ids=WAYS)
def test_what_may_be_missing_makes_no_texts_of_them(
    write: Callable[[float], str], sign: str, tmp_path: Path
) -> None:
    texts = [sign if i % 5 == 2 else write(x) for i, x in enumerate(NUMBERS)]
    content = table([["x", "z"], *((text, 1) for text in texts)], ";")
    with pytest.raises(DataError) as caught:
        read(tmp_path / "t.csv", content)
    assert f'column "x": expected a number, got "{sign}"; if' in caught.value.lines[0]
    found = read(tmp_path / "t.csv", content, Reading(missing=Missing().plus([sign])))
    expected = [np.nan if i % 5 == 2 else x for i, x in enumerate(NUMBERS)]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(
    "layout",
    [Layout(), Layout(decimal=","), Layout(thousands="."), Layout(decimal=",", thousands=".")],
)
@pytest.mark.parametrize("early", ["7", "3,5", "-12"])
@pytest.mark.parametrize("rows", [70, 1500])
def test_marks_that_turn_up_late(rows: int, early: str, layout: Layout, tmp_path: Path) -> None:
    rest = [("1.700,5", 1700.5), ("2.345", 2345.0), ("0,25", 0.25)]
    rows_of: list[list[object]] = [
        ["x", "z"],
        *([early, 1] for _ in range(rows)),
        *([text, 1] for text, _ in rest),
    ]
    found = read(tmp_path / "t.csv", table(rows_of, ";"), Reading(layout=layout))
    expected = [float(early.replace(",", "."))] * rows + [x for _, x in rest]
    np.testing.assert_array_equal(found, expected)


def test_a_late_point_among_commas_is_no_decimal(tmp_path: Path) -> None:
    rows = [["x", "z"], *(["7", "1,5"] for _ in range(60)), ["1.234", "1,5"]]
    assert read(tmp_path / "t.csv", table(rows, ";"))[-1] == 1234
    assert read(tmp_path / "t.csv", table([*rows, ["12.5", "1,5"]], ";"))[-2:].tolist() == [
        1.234,
        12.5,
    ]


def test_codes_among_commas_stay_codes(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    for texts in (["02139", "10001"] * 40, ["10001"] * 60 + ["02139"]):
        path.write_text(table([["x", "z"], *([text, "1,5"] for text in texts)], ";"))
        with Table([path]).load() as loaded:
            assert loaded.kinds == {"x": "text", "z": "number"}


@pytest.mark.parametrize(
    "texts",
    [
        ["$5", "€6"],
        ["1,2,3", "1,2", "4,5"],
        ["1.2.3", "1.2.4", "1.2"],
        ["5%", "10-20%", "<5%", "much"],
        ["1a", "2b", "3c"],
        ["Q1", "Q2", "Q3"],
        ["0x", "1x", "2x"],
        ["row 1", "row 2"],
        ["12 kg", "12 lb"],
        ["12.05.2020", "13.05.2020"],
        ["555 1234", "555 9876"],
    ],
)
def test_texts_with_digits_stay_texts(texts: list[str], tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(table([["x", "z"], *([text, 1] for text in texts * 20)]), "utf-8")
    with Table([path]).load() as loaded:
        assert loaded.kinds["x"] == "text"


def known(path: Path, content: str) -> Reading:
    """Return how to read x as it was read in a first table."""
    path.write_text(content, "utf-8")
    with Table([path]).load() as first:
        return reading_of_others(first, ["x"])


@pytest.mark.parametrize(
    ("before", "text", "delimiter", "beside", "expected"),
    [
        ("3,14", "1.234", ";", "u", 1234),
        ("3,14", "1.234", ",", "u", 1234),
        ("3,14", "1,234", ",", "u", 1.234),
        ("3,14", "1.234", ";", "0.5", 1.234),
        ("3,14", "1,234", ",", "0.5", 1234),
        ("3,14", "12.5", ";", "u", 12.5),
        ("3,14", "1.234,5", ";", "u", 1234.5),
        ("1.234,5", "1.234", ";", "u", 1234),
        ('"1,234.5"', "1,234", ";", "u", 1234),
        ("3.14", "1,234", ";", "u", 1.234),
        ("3.14", "1,234", ",", "u", 1234),
        ("3.14", "1.234", ";", "u", 1.234),
    ],
)
def test_where_a_table_leaves_it_open_the_first_one_decides(
    before: str, text: str, delimiter: str, beside: str, expected: float, tmp_path: Path
) -> None:
    reading = known(tmp_path / "first.csv", f"x;z\n{before};1\n7;2\n")
    (tmp_path / "t.csv").write_text(table([["x", "z"], [text, beside]], delimiter))
    with Scan([tmp_path / "t.csv"], reading) as scan:
        (block,) = scan.blocks()
        assert [*values(block["x"])] == [expected]


def values(column: Column) -> list[float]:
    assert isinstance(column, np.ndarray)
    return [float(x) for x in column]


@pytest.mark.parametrize("rows", [100, 250_000])
def test_a_scan_reads_late_thousands(rows: int, tmp_path: Path) -> None:
    reading = known(tmp_path / "first.csv", "x\n3.5\n7\n")
    (tmp_path / "t.csv").write_text("x\n" + "2.5\n" * rows + '"1,234.5"\n')
    with Scan([tmp_path / "t.csv"], reading) as scan:
        found = [x for block in scan.blocks() for x in values(block["x"])]
    assert found == [2.5] * rows + [1234.5]


def test_a_scan_never_reads_two_ways(tmp_path: Path) -> None:
    reading = known(tmp_path / "first.csv", "x\n3.5\n7\n")
    (tmp_path / "t.csv").write_text("x;z\n" + "1.234;1\n" * 250_000 + "1.234,5;1\n")
    with Scan([tmp_path / "t.csv"], reading) as scan, pytest.raises(DataError) as caught:
        [*scan.blocks()]
    (line,) = caught.value.lines
    assert line == (
        f'{tmp_path}/t.csv:250002: column "x": expected numbers, where 1.234 is 1.234, as in '
        'the rows above, got "1.234,5"; write all numbers of the column in one way'
    )
