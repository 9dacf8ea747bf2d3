"""Walks through a CSV file record by record, with true line numbers and every fault.

This is the slow and patient reader. DuckDB does the work on good files; where it balks, this one
tells the user which lines are to blame, or writes what DuckDB can read.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from mlpcli.data.table.files import DAMAGED_GZIP, damaged
from mlpcli.data.table.header import BLANKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.data.table.files import File

LONGEST_FIELD = 1 << 21  # as DuckDB; a quote that never closes would swallow the file


class Lines:
    """An iterator over lines that remembers where it is and can take lines back."""

    def __init__(self, stream: TextIO) -> None:
        self.number = 0
        self._stream = stream
        self._taken: list[str] = []
        self._returned: deque[str] = deque()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._stream)
        self._taken.append(line)
        self.number += 1
        return line

    def mark(self) -> int:
        """Begin a record; return the number of its first line."""
        self._taken.clear()
        return self.number + 1

    def mend(self, blemish: re.Pattern[str]) -> bool:
        """Return to the start of this record without blemishes in its last line, if any."""
        mended = blemish.sub("", self._taken[-1])
        if mended == self._taken[-1]:
            return False
        self._returned.extendleft([mended, *reversed(self._taken[:-1])])
        self.number -= len(self._taken)
        return True

    def back(self) -> int:
        """Return to the second line of this record; return how many lines it had."""
        taken = len(self._taken)
        self._returned.extendleft(reversed(self._taken[1:]))
        self.number -= taken - 1
        return taken


def records(file: File, delimiter: str, width: int) -> Iterator[tuple[int, list[str] | str]]:
    """Yield (line, fields) for each record below the header, or (line, fault) for a bad one.

    Fields are stripped of surrounding blanks; bytes that are not UTF-8 come as lone surrogates.
    Blank lines are skipped, but in a table of one column they are a missing value.
    """
    with _lines(file) as lines:
        reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
        blanks_after_quote = re.compile(rf'(?<=")[ \t]+(?={re.escape(delimiter)}|[\r\n]*$)')
        header = True
        while True:
            line = lines.mark()
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if not lines.mend(blanks_after_quote):
                    yield line, _quoting(lines.back(), str(error))
                continue
            blank = len(fields) <= 1 and not "".join(fields).strip()
            if header:
                header = blank
            elif width == 1 or not blank:
                yield line, _fit(fields, width)


def _fit(fields: list[str], width: int) -> list[str] | str:
    while len(fields) > width and not fields[-1]:
        del fields[-1]  # DuckDB ignores surplus delimiters at the end of a line as well
    fields = fields or [""]
    if len(fields) == width:
        return [field.strip(BLANKS) for field in fields]
    return f"expected {width} field{'s' * (width != 1)}, got {len(fields)}"


def _quoting(lines: int, error: str) -> str:
    if lines == 1 and "expected after" in error:
        return 'text after a closing quote; inside quotes, write " as ""'
    return "a quote opens in this row and never closes"


@contextmanager
def _lines(file: File) -> Iterator[Lines]:
    limit = csv.field_size_limit(LONGEST_FIELD)
    try:
        with (
            file.open() as stream,
            io.TextIOWrapper(
                stream, encoding="utf-8-sig", errors="surrogateescape", newline=""
            ) as text,
        ):
            yield Lines(text)
    except DAMAGED_GZIP as error:
        raise damaged(file.path, error) from error
    finally:
        csv.field_size_limit(limit)
