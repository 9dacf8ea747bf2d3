"""Tells numbers from other texts, column by column, and finds the rows where they do not belong.

Questions go to DuckDB some columns at a time: its planner takes quadratic time, and ends in a
crash, over an expression of thousands of columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from mlpcli.data.table.faults import SHOWN
from mlpcli.data.table.words import show, show_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mlpcli.data.table.parts import Kind
    from mlpcli.data.table.store import Store

COLUMNS_AT_A_TIME = 100
LEVELS_AT_A_TIME = 10_000


def is_number_column(i: int) -> str:
    """Return a condition: at least half of what is not missing in column i are numbers."""
    return f"2 * count({_number(i)}) >= count(k{i})"


def ask_columns(store: Store, table: str, questions: Sequence[str]) -> list[object]:
    """Return the answers to aggregate questions, one per question."""
    answers: list[object] = []
    for some in _portions(questions):
        answers += store.first(f"SELECT {', '.join(some)} FROM {table}")  # noqa: S608
    return answers


def count_numbers(store: Store, levels: Sequence[str], counts: NDArray[np.int64]) -> int:
    """Return how many values of a text column are finite numbers; `counts` are by level."""
    query = f"SELECT i FROM (SELECT unnest(?) AS k0, unnest(?) AS i) WHERE {_number(0)} IS NOT NULL"  # noqa: S608
    total = 0
    for start in range(0, len(levels), LEVELS_AT_A_TIME):
        some = list(levels[start : start + LEVELS_AT_A_TIME])
        found = store.connection.execute(query, [some, list(range(start, start + len(some)))])
        total += sum(int(counts[i]) for (i,) in found.fetchall())
    return total


def find_misfits(store: Store, kinds: Mapping[str, Kind]) -> tuple[dict[int, str], int]:
    """Find texts in number columns; return the first five rows with a complaint, and a count."""
    bad = {
        name: f"CASE WHEN {_number(i)} IS NULL THEN k{i} END"
        for i, (name, kind) in enumerate(kinds.items())
        if kind == "number"
    }
    run = store.connection.execute
    run("CREATE TABLE misfits (place BIGINT)")
    for some in _portions(list(bad.values())):
        where = f"greatest({', '.join(some)}, NULL) IS NOT NULL"
        run(f"INSERT INTO misfits SELECT rowid FROM texts WHERE {where}")  # noqa: S608
    count = cast("int", store.first("SELECT count(DISTINCT place) FROM misfits")[0])
    first = f"SELECT DISTINCT place FROM misfits ORDER BY place LIMIT {SHOWN}"  # noqa: S608
    complaints = {}
    for (place,) in run(first).fetchall() if count else ():
        values = ask_columns(store, f"texts WHERE rowid = {place}", list(bad.values()))
        complaints[place] = _complain(list(bad), cast("list[str | None]", values))
    return complaints, count


def _number(i: int) -> str:
    """Return column i as a number, NULL where it is none that is finite."""
    number = f"TRY_CAST(k{i} AS DOUBLE)"
    return f"CASE WHEN isfinite({number}) THEN {number} END"


def _complain(names: Sequence[str], values: Sequence[str | None]) -> str:
    bad = [(name, value) for name, value in zip(names, values, strict=True) if value is not None]
    (name, value), *others = bad
    more = f", and {len(others)} more in this row" if others else ""
    return f"column {show_name(name)}: expected a number, got {show(value)}{more}"


def _portions(items: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), COLUMNS_AT_A_TIME):
        yield items[start : start + COLUMNS_AT_A_TIME]
