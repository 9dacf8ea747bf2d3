"""A table that is in memory already: chunks of Arrow, which DuckDB reads where they lie."""

from __future__ import annotations

import hashlib
from dataclasses import field
from typing import TYPE_CHECKING, Any, ClassVar

from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import duckdb

    from mlpcli.data.table.reading import Kind
    from mlpcli.data.table.stream import Raw

__all__ = ["Frame"]


@dataclass(frozen=True, eq=False)
class Frame:
    """Chunks of one Arrow schema, with what messages call the table: `<DataFrame>`.

    `schema` and `chunks` are nanoarrow's, of a struct with a child per column. Columns go by
    position (c0, c1, ..) where DuckDB sees them, as its own names ignore case; `names` are theirs.
    """

    path: Path
    names: tuple[str, ...]
    schema: Any = field(repr=False)
    chunks: Sequence[Any] = field(repr=False)
    format: ClassVar[str] = "arrow"

    def __str__(self) -> str:
        return str(self.path)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(len(chunk) for chunk in self.chunks)

    @property
    def bytes(self) -> int:
        """About the size of the content; what is small is read at once, by another way."""
        return 8 * self.rows * len(self.names)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return all chunks as a stream; nothing is copied, and it may be asked for again."""
        from nanoarrow.c_array_stream import CArrayStream

        stream = CArrayStream.from_c_arrays([*self.chunks], self.schema, validate=False)
        return stream.__arrow_c_stream__(requested_schema)

    def digest_into(self, digest: hashlib._Hash, wanted: Callable[[], bool]) -> bool:
        """Add names and values to a digest; return False, and stop, once not `wanted`.

        The same values have the same digest, whoever holds them and in whatever chunks.
        """
        import duckdb

        with duckdb.connect() as connection:
            connection.register("frame", self)
            found = _digests(connection, wanted)
        for name, one in zip(self.names, found or (), strict=found is not None):
            digest.update(f"{name}\0{one}\n".encode())
        return found is not None


def _digests(connection: duckdb.DuckDBPyConnection, wanted: Callable[[], bool]) -> list[str] | None:
    """Return the digest of each column: numbers as float64, all else as text; None: not wanted."""
    from mlpcli.data.table.store import is_numeric
    from mlpcli.data.table.stream import raw_blocks

    fields = connection.execute("DESCRIBE frame").fetchall()
    kinds: list[Kind] = ["number" if is_numeric(str(field[1])) else "text" for field in fields]
    types = {"number": "DOUBLE", "text": "VARCHAR"}
    columns = ", ".join(f"c{i}::{types[kind]}" for i, kind in enumerate(kinds))
    hashes = [hashlib.sha256(kind.encode()) for kind in kinds]
    for block in raw_blocks(connection, f"SELECT {columns} FROM frame", kinds):  # noqa: S608
        if not wanted():
            return None
        for one, raw in zip(hashes, block, strict=True):
            one.update(_content(raw))
    return [one.hexdigest() for one in hashes]


def _content(raw: Raw) -> bytes:
    """Return the values of a column as bytes: equal for equal values alone."""
    import numpy as np

    if isinstance(raw, tuple):
        values, _ = raw
        return np.where(np.isnan(values), np.nan, values).tobytes()
    return b"".join(b"%d:%b" % (len(text), text) for text in raw)
