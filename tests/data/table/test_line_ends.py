"""Line ends: those that are met, wherever a piece of the file ends; blank lines of one column."""

from __future__ import annotations

import io
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fuzz.slow_table import slow_cells
from mlpcli.data.table import Reading, Scan, Table
from mlpcli.data.table import line_ends as room
from mlpcli.data.table.line_ends import mixed_line_ends

if TYPE_CHECKING:
    from pathlib import Path

ENDS = ("\n", "\r\n", "\r")


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("text", "mixed"),
    [
        (b"", False), (b"a", False), (b"a\nb\n", False), (b"a\r\nb\r\n", False), (b"a\rb", False),
        (b"\r\r", False), (b"\n\n", False), (b"a\nb\r\n", True), (b"a\r\nb\n", True),
        (b"a\rb\n", True), (b"\n\r", True), (b"a\r\r\n", True), (b"a\r\nb\r", True),
    ],
)  # fmt: skip
def test_mixed_line_ends(
    text: bytes, mixed: bool, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_BLOCK", size)
    assert mixed_line_ends(io.BytesIO(text)) is mixed


@pytest.mark.parametrize("ends", [*product(ENDS, repeat=3)], ids=repr)
@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_line_of_one_column_is_one_row(
    ends: tuple[str, str, str], blank: str, tmp_path: Path
) -> None:
    path = tmp_path / "one.csv"
    text = f"x{ends[0]}1{ends[1]}{blank}{ends[2]}2\n"
    path.write_bytes(text.encode())
    expected = [float(cell) if cell.strip() else np.nan for (cell,) in slow_cells(text, 1, ",", 1)]
    with Table([path], Reading()).load() as table:
        np.testing.assert_array_equal(table.read(["x"])["x"], expected)
    with Scan([path], Reading(kinds={"x": "number"})) as scan:
        (block,) = scan.blocks()
    np.testing.assert_array_equal(block["x"], expected)
