"""Reads a table of text with Python's csv module, cell by cell: slow, short, and not ours.

It is told where rows begin, what parts fields and how numbers are written; the rest it does alone.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

from mlpcli.data.table import BLANKS, MISSING, TRUTH, Notation
from mlpcli.data.table.numerals import Numerals

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NoOpinion", "slow_cells", "slow_value", "unpacked"]

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")
_TRUE = {"true", "t", "1", "1.0", "yes", "y", "on", "wahr", "vrai", "verdadero", "vero", "waar"}


class NoOpinion(Exception):
    """A file that the csv module refuses, or reads in a way of its own."""


def unpacked(content: bytes) -> bytes:
    """Return what is in a gzip file or a zip archive of one file; other bytes as they are."""
    try:
        if content[:2] == b"\x1f\x8b":
            return unpacked(gzip.decompress(content))
        if content[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                return unpacked(archive.read(archive.namelist()[0]))
    except Exception as error:
        raise NoOpinion("packed in a way of its own") from error
    return content


def slow_cells(text: str, skip: int, delimiter: str, width: int) -> list[list[str]]:
    """Return the cells of each row below so many lines, `width` of them at least.

    Empty fields at the end of a row count for nothing. Raises NoOpinion for quotes that are text
    to some readers and marks to others.
    """
    lines = _LINE.findall(text)[skip:]
    rows = []
    try:
        for row in csv.reader(lines, delimiter=delimiter, strict=True):
            if width == 1 or (row and (len(row) > 1 or row[0].strip())):
                rows.append(row or [""])
    except csv.Error as error:
        raise NoOpinion(str(error)) from None
    if any('"' in cell for row in rows for cell in row):
        raise NoOpinion("a quote that may be text")
    for row in rows:
        while len(row) > width and not row[-1]:
            row.pop()
        if len(row) != width:
            raise NoOpinion(f"{len(row)} fields, not {width}")
    return rows


def slow_value(cell: str, kind: str, notation: Notation, missing: Sequence[str] = MISSING) -> Any:
    """Return the number or the text that a cell holds, None where it is missing."""
    cell = cell.strip(BLANKS)
    if cell in missing:
        return None
    if kind == "text":
        return cell
    if notation is TRUTH:
        return float(cell.lower() in _TRUE)
    assert isinstance(notation, Numerals)
    for mark in (" ", "\u00a0", notation.thousands, notation.unit):
        cell = cell.replace(mark, "") if mark else cell
    number = float(cell.replace(notation.decimal, "."))
    return number / 100 if notation.unit == "%" else number
