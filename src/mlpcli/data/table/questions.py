"""Questions about the columns k0, k1, .. of the table `texts`, and their answers.

They go to DuckDB some columns at a time: its planner takes quadratic time, and ends in a crash,
over an expression of thousands of columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.data.table.numerals import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.data.table.store import Store

__all__ = ["as_number", "ask", "is_code", "portions"]

COLUMNS_AT_A_TIME = 100


def is_code(i: int) -> str:
    """Return whether column i holds digits of one width, of which one begins with 0."""
    return (
        f"coalesce(bool_and(regexp_full_match(k{i}, '[0-9]{{2,}}')) "
        f"AND min(length(k{i})) = max(length(k{i})) AND bool_or(k{i}[1] = '0'), false)"
    )


def as_number(i: int) -> str:
    """Return column i as a number, NULL where it is none that is finite."""
    number = PLAIN.number(f"k{i}", "TRY_CAST")
    return f"CASE WHEN isfinite({number}) THEN {number} END"


def ask(store: Store, table: str, questions: Sequence[str]) -> list[object]:
    """Return the answers to questions about columns, one per question."""
    answers: list[object] = []
    for some in portions(questions):
        answers += store.first(f"SELECT {', '.join(some)} FROM {table}")  # noqa: S608
    return answers


def portions(items: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield as many of the items as one question may have, again and again."""
    for start in range(0, len(items), COLUMNS_AT_A_TIME):
        yield items[start : start + COLUMNS_AT_A_TIME]
