"""Opens data files as one table: finds them, reads each, checks that they fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.data.source.files import find_files
from mlpcli.data.source.load import load
from mlpcli.data.source.parts import check_types, open_part
from mlpcli.data.source.store import Store, duckdb_errors
from mlpcli.data.source.table import Table
from mlpcli.data.source.words import show_name
from mlpcli.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlpcli.data.source.parts import Kind, Part
    from mlpcli.data.source.store import Stored

__all__ = ["open_table"]

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
