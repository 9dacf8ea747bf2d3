"""Numbers that can be read in two ways are said, whichever way is taken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mlpcli.data.table import Layout, Numerals, Origin, Reading, Scan, Table
from mlpcli.data.table_notes import notation_notes

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcli.data.table import Notation

POINTS = (
    'column "x" is read as numbers, where 1.234 is 1.234; if it is 1234, set data.thousands to "."'
)
COMMAS = 'column "x" is read as numbers, where 12,5 is 12.5'
PLAIN = Layout()


def notes(folder: Path, content: str, layout: Layout) -> list[str]:
    path = folder / "t.csv"
    path.write_text(content)
    with Table([path], replace(Reading(), layout=layout)).load() as table:
        return notation_notes(table)


def test_a_wide_table_is_looked_over_a_few_times_and_not_once_for_each_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, found = [0], vars(Origin)["notations"]

    def counted(origin: Origin) -> dict[str, Notation]:
        calls[0] += 1
        notations: dict[str, Notation] = found.fget(origin)
        return notations

    monkeypatch.setattr(Origin, "notations", property(counted))
    for columns in (2, 40):
        names = [f"c{i}" for i in range(columns)]
        row = ";".join(["1.234"] * columns)
        assert notes(tmp_path, f"{';'.join(names)}\n{row}\n{row}\n", PLAIN)
        calls.append(calls[0])
        calls[0] = 0
    assert calls[1] == calls[2] > 0


@pytest.mark.parametrize(
    ("content", "layout", "expected"),
    [
        ("x;z\n659.100;1\n7.581;2\n", PLAIN, [POINTS]),
        ("x;z\n659,100;1\n7,581;2\n", PLAIN, [COMMAS]),
        ("x;z\n-659.100;u\nNA;v\n", PLAIN, [POINTS]),
        ("x;z\n659.100;1\n0.581;2\n", PLAIN, []),
        ("x;z\n659.100;1\n7;2\n", PLAIN, []),
        ("x;z\n659.100;1.5\n7.581;2\n", PLAIN, []),
        ("x;z\n659.100;a.b\n7.581;c\n", PLAIN, [POINTS]),
        ("x,z\n659.100,1\n7.581,2\n", PLAIN, []),
        ("x;z\n659.100;1\n7.581;2\n", Layout(decimal="."), []),
    ],
)
def test_points_among_semicolons(
    content: str, layout: Layout, expected: list[str], tmp_path: Path
) -> None:
    assert notes(tmp_path, content, layout) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("x;z\n2,5;1\n", []),
        ("x;z\n25;1\n", []),
        ("x;z\n1.234;u\n", ["where 1.234,5 is 1234.5, as in training"]),
        ('x,z\n"1,234",u\n', ["where 12,5 is 12.5, as in training"]),
        ("x;z\n12.5;u\n", ["where 1.234 is 1.234; in training as numbers, where 12,5 is 12.5"]),
    ],
)
def test_marks_other_than_those_of_training_are_said(
    content: str, expected: list[str], tmp_path: Path
) -> None:
    reading = Reading(("x",), kinds={"x": "number"}, notations={"x": Numerals(",")})
    (tmp_path / "t.csv").write_text(content)
    with Scan([tmp_path / "t.csv"], reading) as scan:
        assert [*scan.blocks()]
        said = [f'column "x" is read as numbers, {end}' for end in expected]
        assert notation_notes(scan) == said
