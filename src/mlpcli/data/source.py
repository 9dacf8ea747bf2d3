"""Opens data files as one typed table, or says what is wrong with them, line by line.

::

    files ──source_files──▶ links ──source_parts──▶ SELECTs ──source_load──▶ Table
                                      source_header    │ balks: source_texts, source_records
                                                       ▼
                                           source_faults: DataError

What a column is:

- Missing are an empty field, blanks, NA, N/A, NaN, nan, null, NULL, None and "?".
- A number column has at least as many finite numbers as other values that are not missing;
  `007` and `1e-3` are numbers, `inf` and `1,5` are not. A column without any value is a number
  column. In a number column everything else is an error, never a silent missing value.
- All other columns are text: dates, true and false too. Blanks around a text are no part of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.data.source_files import find_files
from mlpcli.data.source_load import load
from mlpcli.data.source_parts import MISSING, Kind, Part, check_types, open_part
from mlpcli.data.source_store import Store, duckdb_errors
from mlpcli.data.source_table import Categorical, Column, Table
from mlpcli.data.source_words import show_name
from mlpcli.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlpcli.data.source_store import Stored

__all__ = ["MISSING", "Categorical", "Column", "Kind", "Table", "open_table"]

_MOST_LINES = 5


def open_table(
    files: Sequence[str | Path],
    *,
    columns: Sequence[str] | None = None,
    kinds: Mapping[str, Kind] | None = None,
    memory_limit: str | None = None,
) -> Table:
    """Read paths or globs of CSV (also gzipped) and Parquet as one table, in the order given.

    `columns`: the only ones that are needed; whatever others hold is ignored. `kinds`: columns
    whose kind is known already, as when a model asks. `memory_limit`: beyond it (say "4GB") the
    table goes to a temporary folder. Raises DataError: files, names, bad rows; StorageError.
    """
    store = Store(memory_limit)
    try:
        parts = []
        for file in find_files(files, store.scratch):
            with duckdb_errors(file.path):
                parts.append(open_part(store.connection, file))
        names = _choose(parts, columns)
        with duckdb_errors(", ".join(str(part.path) for part in parts)):
            stored = load(store, parts, names, kinds or {})
        _check_rows(parts, stored)
        return Table(store, parts, stored)
    except BaseException:
        store.close()
        raise


def _choose(parts: Sequence[Part], columns: Sequence[str] | None) -> tuple[str, ...]:
    """Return the columns to read, in the first file's order; raise DataError if one lacks."""
    first, *others = parts
    wanted = first.names if columns is None else tuple(dict.fromkeys(columns))
    lines = [
        f"{part.path}: no column {show_name(name)}{_hint(name, part.names)}"
        for part in parts
        for name in wanted
        if name not in part.names
    ]
    if columns is None:
        lines += [
            f"{part.path}: column {show_name(name)} is not in {first.path}"
            for part in others
            for name in part.names
            if name not in first.names
        ]
    if lines:
        more = len(lines) - _MOST_LINES
        rest = [f"{first.path}: {more} more columns do not fit"] if more > 0 else []
        raise DataError(*lines[:_MOST_LINES], *rest)
    names = tuple(name for name in first.names if name in wanted)
    for part in parts:
        check_types(part, names)
    return names


def _check_rows(parts: Sequence[Part], stored: Stored) -> None:
    if not sum(stored.rows):
        raise DataError(f"{parts[0].path}: no rows below the header")


def _hint(name: str, names: Sequence[str]) -> str:
    shown = ", ".join(map(show_name, names[:5]))
    return did_you_mean(name, names) or f"; it has {shown}{', ..' if len(names) > 5 else ''}"
