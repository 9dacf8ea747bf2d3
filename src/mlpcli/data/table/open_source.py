"""Looks at the top of one file: which columns it has, and how it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlpcli.data.table.encoding import UTF8, find_encoding, looks_utf8
from mlpcli.data.table.frame import Frame
from mlpcli.data.table.header import read_header
from mlpcli.data.table.query import Source
from mlpcli.data.table.reading import BLANKS
from mlpcli.data.table.sql import quote

if TYPE_CHECKING:
    from mlpcli.data.table.files import File
    from mlpcli.data.table.reading import Reading
    from mlpcli.data.table.store import Store

__all__ = ["open_source", "open_text"]

_HEAD = 1 << 16


def open_source(store: Store, file: File | Frame, reading: Reading) -> Source:
    """Read the column names of one file; raise DataError where there are none to use."""
    if isinstance(file, Frame):
        return _open_frame(store, file, reading)
    if file.format != "parquet":
        return open_text(file, reading)

    def ask(what: str, function: str) -> list[tuple[Any, ...]]:
        return store.connection.execute(f"{what} FROM {function}({quote(file.body)})").fetchall()

    types = tuple(str(field[1]) for field in ask("DESCRIBE SELECT *", "read_parquet"))
    tree = ask("SELECT name, num_children", "parquet_schema")
    names = tuple(name.strip(BLANKS) for name in _top(tree))
    ((rows,),) = ask("SELECT num_rows", "parquet_file_metadata")
    return Source(file, reading, names, rows, types=types)


def _open_frame(store: Store, frame: Frame, reading: Reading) -> Source:
    """Let DuckDB see a table in memory; there is one at most, called `frame` there."""
    store.view("frame", frame)
    fields = store.connection.execute("DESCRIBE frame").fetchall()
    types = tuple(str(field[1]) for field in fields)
    return Source(frame, reading, frame.names, frame.rows, types=types)


def open_text(file: File, reading: Reading, *, whole: bool = False) -> Source:
    """Read the top of a CSV file, from a copy in UTF-8 if it is in another encoding.

    Only `whole` looks for the encoding of a file that begins as UTF-8.
    """
    encoding, notes = reading.layout.encoding or UTF8, []
    if reading.layout.encoding is None:
        with file.open() as stream:
            start = stream.read(_HEAD)
        if whole or not looks_utf8(start):
            with file.open() as stream:
                encoding = find_encoding(stream)
        if encoding != UTF8:
            notes.append(f"is read as {encoding}; if letters are wrong, set data.encoding")
    if encoding.lower().replace("_", "-") not in {UTF8, "utf8", "utf-8-sig"}:
        file = file.in_utf8(encoding)
    header = read_header(file, reading)
    rows = max(1, round(file.bytes / header.line_bytes) - header.skip)
    notes = [f"{file.path}: {note}" for note in (*notes, *header.notes)]
    return Source(file, reading, header.names, rows, header, notes=tuple(notes))


def _top(tree: list[tuple[Any, ...]]) -> list[str]:
    """Return the names of the top-level columns from Parquet's depth-first schema."""
    fields = iter(tree[1:])  # the first is the root

    def skip(children: int | None) -> None:
        for _ in range(children or 0):
            skip(next(fields)[1])

    names = []
    for name, children in fields:
        names.append(name)
        skip(children)
    return names
