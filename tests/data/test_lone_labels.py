"""A label in one row alone is said with the line of the row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlpcli.data.lone_labels import lone_label_notes
from mlpcli.data.table import Reading, Table
from mlpcli.data.target import fit_target

if TYPE_CHECKING:
    from pathlib import Path

ALONE = "in one row alone, which only one part of the rows can have; mend it if it is a slip"


def notes(folder: Path, labels: list[str], positive: str | None = None) -> list[str]:
    path = folder / "t.csv"
    path.write_text("x,y\n" + "".join(f"{i},{label}\n" for i, label in enumerate(labels)))
    with Table([path], Reading(as_written=frozenset("y"))).load() as table:
        target = fit_target("y", table.read(["y"])["y"], positive, None, alone=True)
        return [note.replace(f"{path}:", "") for note in lone_label_notes(table, [target])]


@pytest.mark.parametrize(
    ("labels", "positive", "note"),
    [
        (["mild", "None"] * 3 + ["milld"] + ["strong"] * 15, None, '"milld" (8) stands'),
        (["a", "b"] * 10 + ["c", "", "d"], None, '"c" (22), "d" (24) each stand'),
        (["0"] * 20 + ["1"], None, '"1" (22) stands'),
        ([*"abcdef"] + ["x", "y"] * 10, None,
         '"a" (2), "b" (3), "c" (4), "d" (5), .. each stand'),
        (["a", "b"] * 10, "a", None),
        (["0", "0.5", "0.25"] + ["1"] * 20, None, None),
        (["a", "b"] * 9 + ["c"], None, None),
    ],
)  # fmt: skip
def test_labels_alone(
    labels: list[str], positive: str | None, note: str | None, tmp_path: Path
) -> None:
    expected = [] if note is None else [f'target "y": {note} {ALONE}']
    assert notes(tmp_path, labels, positive) == expected
