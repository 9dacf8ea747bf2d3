"""Loads every column as text and converts afterwards: slower, but it sees each bad value.

Where DuckDB cannot even cut the file into fields, `copy_good_rows` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from mlpcli.data.source.faults import Fault, bad_rows, copy_good_rows, find_lines
from mlpcli.data.source.misfits import ask_columns, find_misfits, is_number_column
from mlpcli.data.source.parts import as_text, read_csv
from mlpcli.data.source.store import TYPES, Stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlpcli.data.source.parts import Kind, Part
    from mlpcli.data.source.store import Store


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
    columns = (f"k{i}::{TYPES[kind]}" for i, kind in enumerate(kinds))
    select = f"SELECT {', '.join(columns)} FROM texts"  # noqa: S608
    store.insert("data", select, kinds)
    store.connection.execute("DROP TABLE texts")
    return stored


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
    source = read_csv(copy, ["VARCHAR"] * len(names), ",", "none", skip=1)
    rows = store.insert("texts", f"SELECT {columns} FROM {source}", kinds.values())  # noqa: S608
    copy.unlink()
    return rows, faults, left_out


def _settle(store: Store, names: Sequence[str], forced: Mapping[str, Kind]) -> dict[str, Kind]:
    numeric = ask_columns(store, "texts", [is_number_column(i) for i in range(len(names))])
    return {
        name: forced.get(name) or ("number" if yes else "text")
        for name, yes in zip(names, numeric, strict=True)
    }


def _misfits(store: Store, parts: Sequence[Part], stored: Stored) -> tuple[list[Fault], int]:
    """Return the first rows with no number where one is expected, and how many there are."""
    rows, count = find_misfits(store, stored.kinds)
    places = stored.places(list(rows))
    faults = []
    for i, part in enumerate(parts):
        mine = [(row, text) for (k, row), text in zip(places, rows.values(), strict=True) if k == i]
        lines = find_lines(part, list(stored.kinds), [row for row, _ in mine], i in stored.copied)
        faults += [Fault(i, line, text) for line, (_, text) in zip(lines, mine, strict=True)]
    return faults, count
