"""Pieces of SQL: literals, texts without blanks and missing values, and a CSV file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlpcli.data.table.files import LONGEST_LINE
from mlpcli.data.table.numerals import PLAIN
from mlpcli.data.table.reading import BLANKS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlpcli.data.table.header import Header
    from mlpcli.data.table.reading import Missing

__all__ = ["as_text", "quote", "read_csv", "without"]

BUFFER_BYTES = LONGEST_LINE  # DuckDB's own 32 MB, several times over, are no faster


def as_text(column: str, missing: Missing) -> str:
    """Return an expression for a text without surrounding blanks, NULL for a missing value.

    Not written with IN: DuckDB turns a long IN list into a join, and a join loses the row order.
    """
    spellings = "|".join(map(re.escape, missing.texts))
    found = quote(f"[{BLANKS}]*({spellings})[{BLANKS}]*")
    text = _trim(column)
    value = f"CASE WHEN NOT regexp_full_match({column}, {found}) THEN {text} END"
    if not missing.numbers:
        return value
    number = PLAIN.number(text, "TRY_CAST")
    missed = f"{number} IS NOT NULL AND {without(number, missing)} IS NULL"
    return f"CASE WHEN NOT ({missed}) THEN {value} END"


def _trim(column: str) -> str:
    """Return an expression for a text without surrounding blanks; most texts have none.

    To trim them all takes twice as long as to look.
    """
    ends = quote(f"^[{BLANKS}]|[{BLANKS}]$")
    trimmed = f"trim({column}, {quote(BLANKS)})"
    return f"CASE WHEN regexp_matches({column}, {ends}) THEN {trimmed} ELSE {column} END"


def quote(text: object) -> str:
    """Return an SQL string literal."""
    return "'" + str(text).replace("'", "''") + "'"


def without(number: str, missing: Missing) -> str:
    """Return the expression of a number, NULL for the numbers that are missing values.

    Not written as nullif within nullif, which doubles the expression with each.
    """
    if not missing.numbers:
        return number
    found = " OR ".join(f"{number} = {value!r}::DOUBLE" for value in missing.numbers)
    return f"CASE WHEN NOT ({found}) THEN {number} END"


def read_csv(
    path: Path, types: Sequence[str], header: Header | None, packing: str, nulls: Sequence[str]
) -> str:
    """Return a call of DuckDB's reader that has nothing to guess.

    Without a header: plain commas below one line.
    """
    columns = ", ".join(f"'c{i}': '{name}'" for i, name in enumerate(types))
    delimiter, skip = ("," if header is None else header.delimiter), header.skip if header else 1
    comment = f"comment = {quote(header.comment)}, " if header and header.comment else ""
    # Of a packed file the end cannot be looked at before; DuckDB's own buffer judges its lines.
    buffer = "" if packing == "gzip" else f"buffer_size = {BUFFER_BYTES}, "
    return (
        f"read_csv({quote(path)}, auto_detect = false, header = false, skip = {skip}, {comment}"
        f"delim = {quote(delimiter)}, quote = '\"', escape = '\"', "
        f"compression = '{'gzip' if packing == 'gzip' else 'none'}', "
        f"{buffer}strict_mode = true, "
        f"nullstr = [{', '.join(map(quote, nulls))}], columns = {{{columns}}})"
    )
