"""Opens data files as one: finds them, looks into each, checks that they fit together."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlpcli.data.table.files import find_files
from mlpcli.data.table.load import load
from mlpcli.data.table.origin import Ledger
from mlpcli.data.table.outlook import look
from mlpcli.data.table.parts import check_types, open_part
from mlpcli.data.table.scan import Scan
from mlpcli.data.table.store import Store, duckdb_errors
from mlpcli.data.table.words import show_name
from mlpcli.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from mlpcli.data.table.outlook import Outlook
    from mlpcli.data.table.parts import Kind, Part
    from mlpcli.data.table.table import Table

__all__ = ["open_scan", "open_table"]

_MOST_LINES = 5


def open_table(
    files: Sequence[str | Path],
    *,
    columns: Sequence[str] | None = None,
    kinds: Mapping[str, Kind] | None = None,
    memory_limit: str | None = None,
    folder: Path | None = None,
    announce: Callable[[Outlook], object] | None = None,
) -> Table:
    """Read paths or globs of CSV (also gzipped) and Parquet as one table, in the order given.

    `columns`: the only ones that are needed; whatever others hold is ignored. `kinds`: columns
    whose kind is known already. `memory_limit`: the most that DuckDB may take (say "4GB"). Rows
    beyond 32 MB go to a temporary file in `folder`. `announce` is called before rows are read.
    Raises DataError: files, names, bad rows; StorageError.
    """
    with _opened(files, columns, memory_limit) as (store, parts, names):
        if announce is not None:
            announce(look(parts, names, store.memory_limit()))
        table = load(store, parts, names, kinds or {}, folder)
        if not table.rows:
            raise DataError(f"{parts[0].path}: no rows below the header")
        return table


def open_scan(files: Sequence[str | Path], kinds: Mapping[str, Kind]) -> Scan:
    """Open paths or globs, as `open_table` does, to read columns of known kinds once.

    Raises DataError where a file or a column is not there; bad rows are found on the way.
    """
    with _opened(files, tuple(kinds), None) as (store, parts, names):
        return Scan(store, parts, Ledger({name: kinds[name] for name in names}))


@contextmanager
def _opened(
    files: Sequence[str | Path], columns: Sequence[str] | None, memory_limit: str | None
) -> Iterator[tuple[Store, list[Part], tuple[str, ...]]]:
    """Find the files and the columns to read; close the store where that, or the block, fails."""
    store = Store(memory_limit)
    try:
        parts = []
        for file in find_files(files, store.scratch):
            with duckdb_errors(file.path):
                parts.append(open_part(store.connection, file))
        names = _choose(parts, columns)
        with duckdb_errors(", ".join(str(part.path) for part in parts)):
            yield store, parts, names
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


def _hint(name: str, names: Sequence[str]) -> str:
    shown = ", ".join(map(show_name, names[:5]))
    return did_you_mean(name, names) or f"; it has {shown}{', ..' if len(names) > 5 else ''}"
