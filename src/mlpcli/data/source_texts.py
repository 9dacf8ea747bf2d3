"""Loads every column as text and converts afterwards: slower, but it sees each bad value.

Where DuckDB cannot even cut the file into fields, `copy_good_rows` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import duckdb

from mlpcli.data.source_faults import SHOWN, Fault, bad_rows, copy_good_rows, find_lines
from mlpcli.data.source_parts import as_text, read_csv
from mlpcli.data.source_store import Stored
from mlpcli.data.source_words import show, show_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlpcli.data.source_parts import Kind, Part
    from mlpcli.data.source_store import Store


def load_as_text(
    store: Store, parts: Sequence[Part], names: Sequence[str], forced: Mapping[str, Kind]
) -> Stored:
    """Fill the table `data` by way of a table of texts; raise DataError with the bad rows."""
    stored = Stored({})
    faults: list[Fault] = []
    total = 0
    for i, part in enumerate(parts):
        rows, found, left_out = _insert(store, part, names)
        stored.rows.append(rows)
        stored.copied |= {i} if found is not None else set()
        faults += [Fault(i, line, text) for line, text in (found or {}).items()]
        total += left_out
    stored.kinds = _settle(store, names, forced)
    misfits, count = _misfits(store, parts, stored)
    if total + count:
        raise bad_rows(parts, faults + misfits, total + count)
    kinds = stored.kinds.values()
    columns = (_number(i) if kind == "number" else f"k{i}" for i, kind in enumerate(kinds))
    select = f"SELECT {', '.join(columns)} FROM texts"  # noqa: S608
    store.insert("data", select, kinds)
    store.connection.execute("DROP TABLE texts")
    return stored


def is_number_column(i: int) -> str:
    """Return a condition: at least half of what is not missing in column i are numbers."""
    return f"2 * count({_number(i)}) >= count(k{i})"


def _number(i: int) -> str:
    """Return column i as a number, NULL where it is none that is finite."""
    number = f"TRY_CAST(k{i} AS DOUBLE)"
    return f"CASE WHEN isfinite({number}) THEN {number} END"


def _insert(
    store: Store, part: Part, names: Sequence[str]
) -> tuple[int, dict[int, str] | None, int]:
    """Append one file; return rows, faults by line (None: DuckDB found none), rows left out."""
    kinds: dict[str, Kind] = dict.fromkeys(names, "text")
    try:
        if part.direct:
            return store.insert("texts", part.select(kinds), kinds.values()), None, 0
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:  # the fields cannot be told apart, or are not UTF-8
        if part.header is None:
            raise
    copy = store.scratch / "copy"
    faults, left_out = copy_good_rows(part, names, copy)
    columns = ", ".join(as_text(f"c{i}") for i in range(len(names)))
    source = read_csv(copy, ["VARCHAR"] * len(names), ",")
    rows = store.insert("texts", f"SELECT {columns} FROM {source}", kinds.values())  # noqa: S608
    copy.unlink()
    return rows, faults, left_out


def _settle(store: Store, names: Sequence[str], forced: Mapping[str, Kind]) -> dict[str, Kind]:
    tests = ", ".join(is_number_column(i) for i in range(len(names)))
    numeric = store.first(f"SELECT {tests} FROM texts")  # noqa: S608
    return {
        name: forced.get(name) or ("number" if yes else "text")
        for name, yes in zip(names, numeric, strict=True)
    }


def _misfits(store: Store, parts: Sequence[Part], stored: Stored) -> tuple[list[Fault], int]:
    """Return the first rows with no number where one is expected, and how many there are."""
    names = [name for name, kind in stored.kinds.items() if kind == "number"]
    bad = [
        f"CASE WHEN {_number(i)} IS NULL THEN k{i} END"
        for i, kind in enumerate(stored.kinds.values())
        if kind == "number"
    ]
    if not bad:
        return [], 0
    where = f"FROM texts WHERE coalesce({', '.join([*bad, 'NULL'])}) IS NOT NULL"
    count = cast("int", store.first(f"SELECT count(*) {where}")[0])
    rows = store.connection.execute(
        f"SELECT rowid, {', '.join(bad)} {where} ORDER BY rowid LIMIT {SHOWN}"
    ).fetchall()
    texts = [_complain(names, values) for _, *values in rows]
    places = stored.places([row for row, *_ in rows])
    faults = []
    for i, part in enumerate(parts):
        mine = [(row, text) for (k, row), text in zip(places, texts, strict=True) if k == i]
        lines = find_lines(part, list(stored.kinds), [row for row, _ in mine], i in stored.copied)
        faults += [Fault(i, line, text) for line, (_, text) in zip(lines, mine, strict=True)]
    return faults, count


def _complain(names: Sequence[str], values: Sequence[str | None]) -> str:
    bad = [(name, value) for name, value in zip(names, values, strict=True) if value is not None]
    (name, value), *others = bad
    more = f", and {len(others)} more in this row" if others else ""
    return f"column {show_name(name)}: expected a number, got {show(value)}{more}"
