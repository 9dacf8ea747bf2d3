"""Walks through a CSV file record by record, and says each bad row: line, column, value.

This is the slow and patient reader. DuckDB does the work on good files; where it balks, this one
tells the user which lines are to blame, or writes what DuckDB can read.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from contextlib import contextmanager
from itertools import islice, pairwise
from typing import TYPE_CHECKING, TextIO, TypeAlias

from mlpcli.data.table.header import opens_quote
from mlpcli.data.table.reading import BLANKS, not_utf8
from mlpcli.errors import DataError
from mlpcli.text import show, show_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mlpcli.data.table.files import File
    from mlpcli.data.table.query import Source

__all__ = ["SHOWN", "Fault", "bad_rows", "copy_good_rows", "find_lines", "good_records"]

SHOWN = 5
OPEN_QUOTE = "a quote opens in this row and never closes"
_JUDGED_BEYOND = 200_000  # lines below such a row, which may be the cause of every fault there
_DECIMAL = re.compile(r" *[+-]?[0-9]+,[0-9]+ *")
LONGEST_FIELD = 1 << 21  # as DuckDB; a quote that never closes would swallow the file

Fault: TypeAlias = tuple[int, int, str]
"""One bad row: number of its file, line, and what is wrong."""


def bad_rows(sources: Sequence[Source], faults: Sequence[Fault], total: int) -> DataError:
    """Return the error for the first five bad rows, with their number if there are more."""
    lines = [f"{sources[file].path}:{line}: {text}" for file, line, text in sorted(faults)[:SHOWN]]
    if total > SHOWN:
        where = str(sources[0].path) if len(sources) == 1 else f"{len(sources)} files"
        lines.append(
            f"{where}: {total} bad rows in all; correct them, or write NA where a value is missing"
        )
    return DataError(*lines)


def copy_good_rows(
    source: Source, names: Sequence[str], target: Path
) -> tuple[list[tuple[int, str]], int]:
    """Write what DuckDB cannot read as a plain CSV file.

    It has a header because DuckDB takes the first line break it meets, even inside quotes, for
    the one that ends lines. Returns the first faults with their lines, and how many rows are left
    out.
    """
    places = [source.places[name] for name in names]
    faults: list[tuple[int, str]] = []
    total = 0
    last: int | None = None
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\r\n")  # so that \r and \n get quotes
        writer.writerow("c" * len(places))
        for line, record in _records(source, places):
            if last is not None and line > last:
                break  # enough to tell; nothing of the copy is used where there is a fault
            if not isinstance(record, str):
                writer.writerow([record[place] for place in places])
                continue
            total += 1
            if len(faults) < SHOWN:
                faults.append((line, record))
            if record == OPEN_QUOTE and last is None:
                last = line + _JUDGED_BEYOND
    return faults, total


def find_lines(
    source: Source, names: Sequence[str], rows: Sequence[int], *, copied: bool
) -> list[int]:
    """Return the line numbers of some 0-based rows; for Parquet the 1-based row numbers.

    `copied` says that rows were counted by `copy_good_rows`, without the bad ones.
    """
    if source.header is None or not rows:
        return [row + 1 for row in rows]
    places = [source.places[name] for name in names]
    records = _records(source, places)
    counted = (line for line, record in records if not (copied and isinstance(record, str)))
    wanted = set(rows)
    found = {row: line for row, line in enumerate(islice(counted, max(rows) + 1)) if row in wanted}
    return [found.get(row, 0) for row in rows]


def good_records(source: Source, names: Sequence[str]) -> Iterator[list[str]]:
    """Yield some fields of each record below the header that is no bad row."""
    places = [source.places[name] for name in names]
    for _, record in _records(source, places):
        if not isinstance(record, str):
            yield [record[place] for place in places]


def _records(source: Source, places: Sequence[int]) -> Iterator[tuple[int, list[str] | str]]:
    """Yield (line, fields) for each record below the header, or (line, fault) for a bad one.

    Fields are stripped of surrounding blanks; bytes that are not UTF-8 are a fault of the columns
    in use. Blank lines are skipped, but in a table of one column they are a missing value.
    """
    assert source.header is not None
    delimiter, comment = source.header.delimiter, source.header.comment
    with _lines(source.text, source.header.skip) as lines:
        reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
        blanks_after_quote = re.compile(rf'(?<=")[ \t]+(?={re.escape(delimiter)}|[\r\n]*$)')
        while True:
            lines.taken.clear()
            line = lines.number + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                *taken, last = lines.taken
                mended = blanks_after_quote.sub("", last)
                if mended != last:
                    lines.go_back([*taken, mended])
                    continue
                lines.go_back(lines.taken[1:])
                yield line, _quoting(len(taken) + 1, str(error))
                continue
            if comment and lines.taken[0].startswith(comment):
                lines.go_back(lines.taken[1:])
                continue
            blank = len(fields) <= 1 and not "".join(fields).strip()
            if len(source.names) == 1 or not blank:
                yield line, _judge(fields, source.names, places, delimiter)


def _judge(
    fields: list[str], names: Sequence[str], places: Sequence[int], delimiter: str
) -> list[str] | str:
    width = len(names)
    while len(fields) > width and not fields[-1]:
        del fields[-1]  # DuckDB ignores surplus delimiters at the end of a line as well
    fields = fields or [""]
    if len(fields) != width:
        hint = _hint(fields, delimiter if len(fields) > width else "")
        return f"expected {width} field{'s' * (width != 1)}, got {len(fields)}{hint}"
    for place in places if not_utf8("".join(fields)) else ():
        if complaint := not_utf8(fields[place]):
            return f"column {show_name(names[place])}: {complaint}"
    return [field.strip(BLANKS) for field in fields]


def _hint(fields: Sequence[str], surplus: str) -> str:
    """Return what may be the matter with a row; `surplus` is the delimiter that it has too often.

    It may stand within a number or a text.
    """
    if fields[0].startswith("#"):
        return '; if "#" begins a comment, set data.comment'
    if surplus and any(map(opens_quote, fields)):
        return f"; write a text with {show(surplus)} in double quotes, not in single ones"
    if surplus == "," and any(map(_DECIMAL.fullmatch, map(",".join, pairwise(fields)))):
        return "; decimal comma? put such numbers in quotes, or part the fields with ;"
    return ""


def _quoting(lines: int, error: str) -> str:
    if lines == 1 and "expected after" in error:
        return 'text after a closing quote; inside quotes, write " as ""'
    if lines == 1 and "larger than field limit" in error:
        return f"a field is longer than {LONGEST_FIELD:,} characters"
    return OPEN_QUOTE


@contextmanager
def _lines(file: File, skip: int) -> Iterator[_Lines]:
    """Open the lines below the first `skip`."""
    limit = csv.field_size_limit(LONGEST_FIELD)
    try:
        with (
            file.open() as stream,
            io.TextIOWrapper(
                stream, encoding="utf-8-sig", errors="surrogateescape", newline=""
            ) as text,
        ):
            for _ in range(skip):
                text.readline()
            yield _Lines(text, skip)
    finally:
        csv.field_size_limit(limit)


class _Lines:
    """An iterator over lines that knows those of the record at hand and can take lines back."""

    def __init__(self, stream: TextIO, number: int) -> None:
        self.number = number
        self.taken: list[str] = []
        self._stream = stream
        self._returned: deque[str] = deque()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._stream)
        self.taken.append(line)
        self.number += 1
        return line

    def go_back(self, lines: Sequence[str]) -> None:
        """Read these lines, the last ones, again."""
        self._returned.extendleft(reversed(lines))
        self.number -= len(lines)
