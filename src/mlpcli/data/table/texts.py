"""Loads every column as text, to be converted afterwards: slow, but it sees each bad value.

Where DuckDB cannot even cut the file into fields, `copy_good_rows` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from mlpcli.data.table.faults import Fault, bad_rows, copy_good_rows, find_lines
from mlpcli.data.table.misfits import ask_columns, find_misfits, is_number_column
from mlpcli.data.table.origin import Ledger
from mlpcli.data.table.parts import as_text, read_csv

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlpcli.data.table.parts import Kind, Part
    from mlpcli.data.table.store import Store


def load_as_text(
    store: Store, parts: Sequence[Part], names: Sequence[str], forced: Mapping[str, Kind]
) -> Ledger:
    """Fill the table `texts` with k0, k1, .. as they are, and say which of them are numbers.

    Raises DataError with the bad rows.
    """
    ledger = Ledger({})
    faults: list[Fault] = []
    total = 0
    for i, part in enumerate(parts):
        rows, found, left_out = _insert(store, part, names)
        ledger.rows.append(rows)
        ledger.copied |= {i} if found is not None else set()
        faults += [Fault(i, line, text) for line, text in (found or {}).items()]
        total += left_out
    ledger.kinds = _settle(store, names, forced)
    misfits, count = _misfits(store, parts, ledger)
    if total + count:
        raise bad_rows(parts, faults + misfits, total + count)
    return ledger


def _insert(
    store: Store, part: Part, names: Sequence[str]
) -> tuple[int, dict[int, str] | None, int]:
    """Append one file; return rows, faults by line (None: DuckDB found none), rows left out."""
    kinds: dict[str, Kind] = dict.fromkeys(names, "text")
    try:
        if part.direct:
            return store.insert_texts(part.select(kinds), len(names)), None, 0
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:  # the fields cannot be told apart, or are not UTF-8
        if part.header is None:
            raise
    copy = store.scratch / "copy"
    faults, left_out = copy_good_rows(part, names, copy)
    columns = ", ".join(as_text(f"c{i}") for i in range(len(names)))
    source = read_csv(copy, ["VARCHAR"] * len(names), ",", "none", skip=1)
    rows = store.insert_texts(f"SELECT {columns} FROM {source}", len(names))  # noqa: S608
    copy.unlink()
    return rows, faults, left_out


def _settle(store: Store, names: Sequence[str], forced: Mapping[str, Kind]) -> dict[str, Kind]:
    numeric = ask_columns(store, "texts", [is_number_column(i) for i in range(len(names))])
    return {
        name: forced.get(name) or ("number" if yes else "text")
        for name, yes in zip(names, numeric, strict=True)
    }


def _misfits(store: Store, parts: Sequence[Part], ledger: Ledger) -> tuple[list[Fault], int]:
    """Return the first rows with no number where one is expected, and how many there are."""
    rows, count = find_misfits(store, ledger.kinds)
    places = ledger.places(list(rows))
    faults = []
    for i, part in enumerate(parts):
        mine = [(row, text) for (k, row), text in zip(places, rows.values(), strict=True) if k == i]
        lines = find_lines(part, list(ledger.kinds), [row for row, _ in mine], i in ledger.copied)
        faults += [Fault(i, line, text) for line, (_, text) in zip(lines, mine, strict=True)]
    return faults, count
