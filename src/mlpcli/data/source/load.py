"""Moves files into one typed DuckDB table, in row order, and settles what each column is.

First guess the kinds from the top rows and read with them, at full speed. If a single value
disagrees, read everything as text, count what is a number, and convert; so a kind never depends
on which rows were sampled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from mlpcli.data.source.misfits import ask_columns, is_number_column
from mlpcli.data.source.store import Stored
from mlpcli.data.source.texts import load_as_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlpcli.data.source.parts import Kind, Part
    from mlpcli.data.source.store import Store


def load(
    store: Store, parts: Sequence[Part], names: Sequence[str], forced: Mapping[str, Kind]
) -> Stored:
    """Fill the table `data` with columns k0, k1, .. DOUBLE or VARCHAR, NULL where missing.

    Raises DataError with the first bad rows.
    """
    guess = Stored({name: forced.get(name) or _guess(parts, name) for name in names})
    if not all(part.direct for part in parts):
        return load_as_text(store, parts, names, forced)
    try:
        for part in parts:
            rows = store.insert("data", part.select(guess.kinds), guess.kinds.values())
            guess.rows.append(rows)
        if _confirmed(store, guess.kinds, forced):
            return guess
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        pass  # some value or some row is not as guessed: look closer
    store.connection.execute("DROP TABLE IF EXISTS data")
    return load_as_text(store, parts, names, forced)


def _guess(parts: Sequence[Part], name: str) -> Kind:
    present, numbers = map(sum, zip(*(part.votes(name) for part in parts), strict=True))
    return "number" if 2 * numbers >= present else "text"


def _confirmed(store: Store, kinds: Mapping[str, Kind], forced: Mapping[str, Kind]) -> bool:
    """Say whether all numbers are finite, and no text column is mostly numbers."""
    tests = [
        f"bool_and(isfinite(k{i}))" if kind == "number" else f"NOT {is_number_column(i)}"
        for i, (name, kind) in enumerate(kinds.items())
        if kind == "number" or name not in forced
    ]
    return False not in ask_columns(store, "data", tests)
