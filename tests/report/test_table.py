"""Tables line up, and fit the window."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from mlpcli.report.marks import VERDICTS
from mlpcli.report.table import Table, aligned, number

NUMBERS = Table(
    "scores",
    ("metric", "train", "a longer name"),
    (("loss", "0.1", "12.5"), ("accuracy", "1", "-")),
)


def drawn(table: Table, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    for piece in table.pieces(width):
        console.print(piece.rich(width=width))
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_plain() -> None:
    assert NUMBERS.plain().splitlines() == [
        "scores",
        "metric    train  a longer name",
        "loss        0.1           12.5",
        "accuracy      1              -",
    ]


def test_plain_text_is_aligned_left() -> None:
    table = Table(
        "inputs", ("column", "kind"), (("x\n", "number"), ("long name", "t")), numeric=False
    )
    assert table.plain().splitlines() == [
        "inputs",
        "column     kind",
        "x\\n        number",
        "long name  t",
    ]


def test_a_number_of_very_many_digits_has_a_power_of_ten() -> None:
    assert number(123456.78901, ".4f") == "123456.7890"
    assert number(-3.5e299, ".4f") == "-3.5e+299"
    assert number(None) == "-"


def test_drawn() -> None:
    assert drawn(NUMBERS, 60) == [
        "scores",
        "metric    train  a longer name",
        "───────────────────────────────",
        "loss        0.1           12.5",
        "accuracy      1              -",
    ]


@pytest.mark.parametrize("width", [20, 24, 27, 30, 60, 200])
def test_no_number_is_cut_however_narrow_the_window(width: int) -> None:
    names = [f"target {i}" for i in range(7)]
    table = Table("t", ("metric", *names), (("rows", *(f"{i}.{i * 1111:04d}" for i in range(7))),))
    text = "\n".join(drawn(table, width))
    for i in range(7):
        assert f"{i}.{i * 1111:04d}" in text
    assert all(len(line) <= width for line in text.splitlines())
    assert text.count("metric") == len(table.pieces(width))
    assert (len(table.pieces(width)) == 1) is (width == 200 or len(names) < 3 or width > 70)


@pytest.mark.parametrize("width", range(44, 64))
def test_headers_are_broken_before_a_number_is_cut(width: int) -> None:
    numbers = ("1.86", "1e-06", "0.000322552881", "-0.000374902646")
    table = Table(
        "t", ("tensor", "rel. error", "tolerance", "given", "numeric"), (("W1", *numbers),)
    )
    text = "\n".join(drawn(table, width))
    assert all(number in text for number in numbers)
    assert all(len(line) <= width for line in text.splitlines())


def test_a_narrower_table_comes_before_one_in_pieces() -> None:
    table = replace(NUMBERS, narrower=(NUMBERS.without("a longer name"),))
    assert [len(piece.header) for piece in table.pieces(60)] == [3]
    (narrow,) = table.pieces(22)
    assert narrow.header == ("metric", "train")
    assert narrow.rows == (("loss", "0.1"), ("accuracy", "1"))


def test_the_last_columns_stay_together() -> None:
    table = replace(NUMBERS, together=2)
    assert [piece.header for piece in table.pieces(20)] == [NUMBERS.header]
    assert len(NUMBERS.pieces(20)) == 2


def test_marked_cells_stand_out() -> None:
    table = Table("", ("tensor", "verdict"), (("W1", "fail"), ("b1", "pass")), marks=VERDICTS)
    console = Console(file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(table.rich({"bad": "red"}))
    assert isinstance(console.file, io.StringIO)
    assert re.search(r"\x1b\[31m +fail", console.file.getvalue())
    assert "pass" in table.plain()


def test_a_table_of_text_is_folded_not_cut() -> None:
    digest = "0123456789abcdef" * 4
    table = Table("facts", ("", "value"), (("data SHA-256", digest),), numeric=False)
    assert table.pieces(40) == [table]
    assert digest in "".join(line[14:] for line in drawn(table, 40))


def test_numbers() -> None:
    assert [number(v) for v in (None, 0.12345, float("inf"), float("nan"))] == [
        "-", "0.123", "inf", "nan",
    ]  # fmt: skip
    assert number(0.5, ".4f") == "0.5000"


def test_columns_that_belong_together_stay_together() -> None:
    rows = [["name", "aaaa", "bbbb", "cccc", "dddd"], ["x", "1", "2", "3", "4"]]
    assert aligned(rows, 1, 99) == ("name  aaaa  bbbb  cccc  dddd", "x        1     2     3     4")
    assert aligned(rows, 1, 20, together=2) == (
        "name  aaaa  bbbb", "x        1     2", "name  cccc  dddd", "x        3     4",
    )  # fmt: skip
    assert len(aligned(rows, 1, 1)) == 8
