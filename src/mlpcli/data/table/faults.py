"""Collects bad rows, and says them in the user's terms: file, line, column, value."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlpcli.data.table.records import records
from mlpcli.data.table.words import not_utf8, show_name
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mlpcli.data.table.parts import Part

SHOWN = 5


@dataclass(frozen=True, order=True)
class Fault:
    """One bad row: which file, which line, what is wrong."""

    part: int
    line: int
    text: str


def bad_rows(parts: Sequence[Part], faults: Sequence[Fault], total: int) -> DataError:
    """Return the error for the first five bad rows, with their number if there are more."""
    lines = [f"{parts[f.part].path}:{f.line}: {f.text}" for f in sorted(faults)[:SHOWN]]
    if total > SHOWN:
        where = str(parts[0].path) if len(parts) == 1 else f"{len(parts)} files"
        lines.append(
            f"{where}: {total} bad rows in all; correct them, or write NA where a value is missing"
        )
    return DataError(*lines)


def copy_good_rows(part: Part, names: Sequence[str], target: Path) -> tuple[dict[int, str], int]:
    """Write what DuckDB cannot read as a plain CSV file.

    It has a header because DuckDB takes the first line break it meets, even inside quotes, for
    the one that ends lines. Returns the first faults by line, and how many rows are left out.
    """
    places = [part.names.index(name) for name in names]
    faults: dict[int, str] = {}
    total = 0
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\r\n")  # so that \r and \n get quotes
        writer.writerow("c" * len(places))
        for line, record in _judged(part, places):
            if not isinstance(record, str):
                writer.writerow([record[place] for place in places])
                continue
            total += 1
            if len(faults) < SHOWN:
                faults[line] = record
    return faults, total


def find_lines(part: Part, names: Sequence[str], rows: Sequence[int], copied: bool) -> list[int]:
    """Return the line numbers of some 0-based rows; for Parquet the 1-based row numbers.

    `copied` says that rows were counted by `copy_good_rows`, without the bad ones.
    """
    if part.header is None or not rows:
        return [row + 1 for row in rows]
    places = [part.names.index(name) for name in names]
    wanted = dict.fromkeys(rows, 0)
    last = max(rows)
    row = 0
    for line, record in _judged(part, places):
        if row > last:
            break
        if row in wanted:
            wanted[row] = line
        row += not copied or not isinstance(record, str)
    return [wanted[row] for row in rows]


def _judged(part: Part, places: Sequence[int]) -> Iterator[tuple[int, list[str] | str]]:
    """Yield (line, fields) or (line, fault), with bytes that are not UTF-8 as a fault."""
    assert part.header is not None
    for line, record in records(part.file, part.header.delimiter, len(part.names)):
        yield line, record if isinstance(record, str) else _encoding(part, places, record)


def _encoding(part: Part, places: Sequence[int], fields: list[str]) -> list[str] | str:
    if not not_utf8("".join(fields)):
        return fields
    for place in places:
        if complaint := not_utf8(fields[place]):
            return f"column {show_name(part.names[place])}: {complaint}"
    return fields
