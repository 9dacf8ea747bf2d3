"""Puts texts that may be numbers into shapes: all of a column's, however many, are told by a few.

A shape has 1 for each digit but a 0 in front, and 1111 for four and more: it fits what its texts
fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.data.table.marks import SIGNS
from mlpcli.data.table.sql import quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["shapes_in"]

_MOST = 1000
_SIGNS = "".join(SIGNS)
_NUMBER = (
    rf"\(?[+-]?(?:[{_SIGNS}]|[A-Z]{{3}})?[ \x{{a0}}]?\(?[+-]?[.,]?"
    rf"[0-9][0-9.,'’ \x{{a0}}\x{{202f}}]*"
    rf"(?:[eE][+-]?[0-9]+)?(?:[{_SIGNS}]|(?:°|\pL)[^\s\d().,]{{0,11}})?\)?"
)
_MARK = "\x01"  # stands for a 0 in front, while digits become 1


def shapes_in(connection: DuckDBPyConnection, relation: str) -> dict[str, int]:
    """Return the shapes of texts that may be numbers, and how many texts have each.

    `relation` is what follows FROM: a table with texts k and how often they are there, n.
    """
    marked = f"regexp_replace(k, '^([^0-9]*)0', '\\1{_MARK}')"
    ones = f"regexp_replace({marked}, '[0-9]', '1', 'g')"
    shape = f"replace(regexp_replace({ones}, '1{{4,}}', '1111', 'g'), '{_MARK}', '0')"
    query = (
        f"SELECT {shape} AS shape, sum(n) FROM {relation} "  # noqa: S608
        f"WHERE regexp_full_match(k, {quote(_NUMBER)}) "
        f"GROUP BY shape ORDER BY sum(n) DESC, shape LIMIT {_MOST}"
    )
    return {shape: int(n) for shape, n in connection.execute(query).fetchall()}
