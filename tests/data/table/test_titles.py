"""Titles above the line of names are found, and rows are not taken for names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlpcli.config import parse_config
from mlpcli.data.material import load_dataset
from mlpcli.data.survey import survey
from mlpcli.data.table import Layout, Reading, Table
from mlpcli.data.table.titles import titles_hint
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

ROWS = "".join(f"{i},{'ab'[i % 2]},{i % 3}\n" for i in range(1, 40))


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("Report: sales, by region; 2020\na,b,y\n", 2),
        ("report | 2020\n\na,b,y\n", 3),
        ("Sales\nof the year\na, b ,y \n", 3),
        ("Sales,,\na,b,y\n", 2),
        ("k,l,m\na,b,y\n", None),  # a row of texts, as wide as the names
        ("Sales\n7,8,y\n", None),
        ("Sales\nof,y\nmore\n", 2),
        ("k,l,m\n", None),
    ],
)
def test_the_line_that_has_the_name(tmp_path: Path, head: str, line: int | None) -> None:
    path = tmp_path / "t.csv"
    path.write_text(head + ROWS, encoding="utf-8", newline="")
    with Table([path], Reading(columns=())) as table:
        hint = "" if "y" in table.all_names else titles_hint(table.sources[0], ["y"])
    said = f"; line {line} has that name: remove what stands above it, or set data.skip_lines to "
    assert hint == ("" if line is None else f"{said}{(line or 0) - 1}")


def test_what_is_advised_works(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"Report\nof 2020\na,b,y\n{ROWS}", encoding="utf-8")
    hint = "; line 3 has that name: remove what stands above it, or set data.skip_lines to 2"
    with pytest.raises(DataError) as caught:
        survey(path, ["y"])
    assert caught.value.lines == (f'{path}: no column "y"{hint}',)
    for key, where in (("", "data.target: no column "), (", features: [a]", f"{path}: no column ")):
        text = f"data: {{train: {path}, target: y{key}}}"
        with pytest.raises(DataError) as caught:
            load_dataset(parse_config(text))
        assert caught.value.lines[-1].startswith(where)
        assert caught.value.lines[-1].endswith(hint)
        config = parse_config(text, overrides=["data.skip_lines=2"])
        assert load_dataset(config).targets[0].name == "y"


def test_more_lines_skipped_than_there_are(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,y\n1,2,0\n")
    with pytest.raises(DataError) as caught:
        Table([path], Reading(layout=Layout(skip_lines=9)))
    assert str(caught.value) == f"{path}: data.skip_lines is 9, and the file has 2 lines"
