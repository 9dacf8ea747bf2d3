"""Pieces of SQL: literals, and texts without blanks and missing values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlpcli.data.table.numerals import PLAIN
from mlpcli.data.table.reading import BLANKS

if TYPE_CHECKING:
    from mlpcli.data.table.reading import Missing

__all__ = ["as_text", "quote", "without"]


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
    """Return the expression of a number, NULL for the numbers that are missing values."""
    for value in missing.numbers:
        number = f"nullif({number}, {value!r}::DOUBLE)"
    return number
