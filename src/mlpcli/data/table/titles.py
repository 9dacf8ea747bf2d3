"""Finds the line of names where titles stand above it, as reports and spreadsheets have them."""

from __future__ import annotations

import csv
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from mlpcli.data.table.header import DELIMITERS, HEAD_BYTES
from mlpcli.data.table.numerals import is_number
from mlpcli.data.table.reading import BLANKS

if TYPE_CHECKING:
    from collections.abc import Collection

    from mlpcli.data.table.query import Source

__all__ = ["titles_hint"]

_MOST_TITLES = 50
_END = re.compile(r"\r\n|\r|\n")


def titles_hint(source: Source, names: Collection[str]) -> str:
    """Return what to do where names that a file does not have stand in a line further down.

    It is an empty string where there is no such line, or where it may well be a row.
    """
    if source.header is None or source.reading.layout.header is not None:
        return ""
    with source.text.open() as stream:
        head = stream.read(HEAD_BYTES).decode("utf-8-sig", errors="replace")
    lines = _END.split(head)[: _MOST_TITLES + 1]
    taken = source.header.line - 1
    for number in range(taken + 1, len(lines)):
        for delimiter in source.reading.layout.delimiter or DELIMITERS:
            fields, title = (_fields(lines[i], delimiter) for i in (number, taken))
            if {*names} <= {*fields} and not _is_row(fields, title):
                return (
                    f"; line {number + 1} has that name: remove what stands above it, or set "
                    f"data.skip_lines to {number}"
                )
    return ""


def _fields(line: str, delimiter: str) -> list[str]:
    fields: list[str] = []
    with suppress(csv.Error, StopIteration):
        fields = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    return [field.strip(BLANKS) for field in fields]


def _is_row(fields: list[str], title: list[str]) -> bool:
    """Say whether fields may be a row below a line of names: as wide, or with numbers."""
    return (len(fields) == len(title) and all(title)) or any(map(is_number, fields))
