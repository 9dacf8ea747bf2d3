"""Reads files as typed columns, in row order, and settles what each column is.

First guess the kinds from the top rows and read with them, at full speed. If a single value
disagrees, read everything as text, count what is a number, and convert; so a kind never depends
on which rows were sampled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import numpy as np

from mlpcli.data.table.misfits import count_numbers
from mlpcli.data.table.origin import Ledger
from mlpcli.data.table.outlook import guess_kind
from mlpcli.data.table.stream import Misfit, stream
from mlpcli.data.table.table import Contents, Table
from mlpcli.data.table.texts import load_as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from mlpcli.data.table.parts import Kind, Part
    from mlpcli.data.table.store import Store
    from mlpcli.data.table.stream import Array, Texts

__all__ = ["direct_blocks", "load", "text_blocks"]

_SMALL = 1 << 20  # bytes, unpacked, and values of a file that is read at once


def load(
    store: Store,
    parts: Sequence[Part],
    names: Sequence[str],
    forced: Mapping[str, Kind],
    folder: Path | None,
) -> Table:
    """Read all rows into a table; rows beyond a few megabytes lie in `folder`, or a temporary one.

    Raises DataError with the first bad rows, and StorageError.
    """
    ledger = Ledger({name: forced.get(name) or guess_kind(parts, name) for name in names})
    contents = _contents(store, ledger, folder)
    if not (all(part.direct for part in parts) and _fits(store, parts, ledger, contents, forced)):
        contents.spool.close()
        ledger = load_as_text(store, parts, names, forced)
        contents = _contents(store, ledger, folder)
        contents.fill(text_blocks(store, ledger, contents.texts))
    store.connection.close()  # which gives DuckDB's memory back
    return Table(store, parts, ledger, contents)


def _contents(store: Store, ledger: Ledger, folder: Path | None) -> Contents:
    contents = Contents(ledger, folder)
    store.own(contents.spool)
    return contents


def _fits(
    store: Store,
    parts: Sequence[Part],
    ledger: Ledger,
    contents: Contents,
    forced: Mapping[str, Kind],
) -> bool:
    """Read with the kinds as guessed; say whether every row and every column is as guessed."""
    try:
        contents.fill(direct_blocks(store, parts, ledger, contents.texts))
    except duckdb.OutOfMemoryException:
        raise
    except (duckdb.Error, Misfit):
        return False
    return all(_is_text(store, contents, name) for name in ledger.kinds if name not in forced)


def direct_blocks(
    store: Store, parts: Sequence[Part], ledger: Ledger, texts: Mapping[str, Texts | None]
) -> Iterator[list[Array]]:
    """Yield columns of the ledger's kinds, and count rows in the ledger.

    Raises duckdb.Error or Misfit where a file holds something else.
    """
    ledger.rows.clear()
    for part in parts:
        ledger.rows.append(0)
        small = max(part.file.bytes, part.rows * len(ledger.kinds)) < _SMALL
        select = part.select(ledger.kinds)
        for block in stream(store.connection, select, list(texts.values()), small=small):
            ledger.rows[-1] += len(block[0])
            yield block


def text_blocks(
    store: Store, ledger: Ledger, texts: Mapping[str, Texts | None]
) -> Iterator[list[Array]]:
    """Yield the columns of what `load_as_text` has loaded."""
    select = ", ".join(
        f"k{i}::DOUBLE" if kind == "number" else f"k{i}"
        for i, kind in enumerate(ledger.kinds.values())
    )
    yield from stream(store.connection, f"SELECT {select} FROM texts", list(texts.values()))  # noqa: S608
    store.connection.execute("DROP TABLE texts")


def _is_text(store: Store, contents: Contents, name: str) -> bool:
    """Say whether a column that was guessed to be text is not mostly numbers."""
    texts = contents.texts[name]
    if texts is None:
        return True
    codes = contents.array(name)
    counts = np.bincount(codes[codes >= 0], minlength=len(texts.levels))
    return 2 * count_numbers(store, texts.levels, counts) < int(counts.sum())
