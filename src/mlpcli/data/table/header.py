"""Reads the top of a CSV file: its delimiter, its true column names and a few rows.

DuckDB folds case and renames duplicates, so that "A" and "a" would become "A" and "a_1"; here
names are what the file says, without surrounding blanks.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from mlpcli.data.table.reading import BLANKS, is_number, not_utf8
from mlpcli.errors import DataError
from mlpcli.text import show_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.data.table.files import File
    from mlpcli.data.table.reading import Reading

SAMPLE_ROWS = 50
HEAD_BYTES = 1 << 16
LARGEST_HEAD = 1 << 26


@dataclass(frozen=True)
class Header:
    """What the first lines say; `plain` means that the names fill line 1 and no other line.

    `line_bytes` is the mean length of a line.
    """

    names: tuple[str, ...]
    delimiter: str
    plain: bool
    sample: list[list[str]]
    line_bytes: float


def read_header(file: File, reading: Reading) -> Header:
    """Read names, delimiter and up to 50 rows; raise DataError where there is no usable header."""
    text = _head(file)
    if not text.strip():
        raise DataError(f"{file.path}: the file is empty")
    parsed = {delimiter: _parse(text, delimiter) for delimiter in reading.delimiters}
    delimiter = max(parsed, key=lambda d: _merit(parsed[d][1]))
    line, rows = parsed[delimiter]
    if len(rows[0] if rows else ()) < 2 and not all(rows for _, rows in parsed.values()):
        raise DataError(f"{file.path}:1: a quote opens in the header and never closes")
    names = tuple(name.strip(BLANKS) for name in rows[0])
    check_names(f"{file.path}:{line}", names)
    size = len(text.encode(errors="surrogateescape"))
    line_bytes = size / max(1, text.count("\n"), text.count("\r"))
    return Header(names, delimiter, line == 1, rows[1:], line_bytes)


def check_names(where: str, names: Sequence[str]) -> None:
    """Raise DataError unless each column has a name of its own, and the names are not data."""
    if all(map(is_number, names)) and list(names) != [str(i) for i in range(len(names))]:
        raise DataError(
            f"{where}: expected column names, got numbers; put a line of names at the top"
        )
    lines = []
    first: dict[str, int] = {}
    for i, name in enumerate(names, 1):
        if not name:
            lines.append(f"{where}: column {i} has no name; give it one")
        elif complaint := not_utf8(name):
            lines.append(f"{where}: name of column {i}: {complaint}")
        elif first.setdefault(name, i) != i:
            both = f"columns {first[name]} and {i} are both named {show_name(name)}"
            lines.append(f"{where}: {both}; rename one")
    if lines:
        raise DataError(*lines)


def _head(file: File) -> str:
    """Return whole lines from the top of the file: two at least, if it has so many."""
    size = HEAD_BYTES
    with file.open() as stream:
        data = stream.read(size)
        while len(data) == size < LARGEST_HEAD and data.count(b"\n") + data.count(b"\r") < 4:
            size *= 8
            data += stream.read(size - len(data))
    if b"\0" in data:
        raise DataError(f"{file.path}: expected CSV in UTF-8 or Parquet, got binary data")
    if len(data) == size:  # more follows: the last line may be cut
        data = data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1]
    return data.decode("utf-8-sig", errors="surrogateescape")


def _parse(text: str, delimiter: str) -> tuple[int, list[list[str]]]:
    """Return the line on which the first record ends, and the records up to the first bad one."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True
    )
    rows: list[list[str]] = []
    line = 0
    try:
        for row in islice(reader, SAMPLE_ROWS + 1):
            if rows or len(row) > 1 or "".join(row).strip():
                line = line or reader.line_num
                rows.append(row)
    except csv.Error:
        pass
    return line, rows


def _merit(rows: list[list[str]]) -> tuple[bool, int]:
    """Prefer the delimiter that cuts every row into as many fields as the header."""
    width = len(rows[0]) if rows else 0
    return width > 1 and all(len(row) in (width, width + 1) for row in rows), width
