"""Cuts files into pieces that can be read by themselves: lines of CSV, row groups of Parquet.

A piece begins where a line does. That is told by line breaks alone, so that a file with quotes,
within which there may be others, is one piece.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from itertools import accumulate, pairwise
from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING, NamedTuple

from mlpcli.data.table.files import LONGEST_LINE
from mlpcli.data.table.frame import Frame
from mlpcli.data.table.stream import Misfit
from mlpcli.files import temporary_errors
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mlpcli.data.table.query import Source
    from mlpcli.data.table.store import Store

__all__ = ["Piece", "cut"]

LEAST, MOST = 1 << 24, 1 << 27  # bytes of a piece: for less DuckDB is not worth starting
_HEAD = 1 << 16
_NUMBER = 8  # bytes


class Lines(NamedTuple):
    """Where lines begin, from this byte on and before that one; how each of them ends."""

    start: int
    stop: int
    end: bytes


@dataclass(frozen=True)
class Piece:
    """What to read of file number `file`: all of it, some lines of CSV, or some rows of Parquet.

    `room` is how many bytes its columns can take at most. `large` says that it is more than one
    rank should hold in memory.
    """

    file: int
    room: int
    lines: Lines | None = None
    rows: tuple[int, int] | None = None
    large: bool = False

    @contextmanager
    def of(self, source: Source, scratch: Path) -> Iterator[Source]:
        """Yield the source of the rows of this piece alone, as long as the context lasts.

        Raises Misfit where the lines cannot be told apart.
        """
        if self.lines is None or source.header is None:
            yield replace(source, span=self.rows)
            return
        copy = scratch / "lines"
        _copy_lines(source.text.body, self.lines, copy)
        file = replace(source.text, body=copy)
        yield replace(source, file=file, header=replace(source.header, skip=0))
        copy.unlink()


def cut(sources: Sequence[Source], columns: int, store: Store, readers: int) -> list[Piece]:
    """Return pieces that cover all rows in order, some for each of so many readers.

    There is one at most where the files are too small to be worth it, or not all of them can be
    read by DuckDB alone.
    """
    files = [source for source in sources if not isinstance(source.file, Frame) and source.direct]
    total = sum(_size(source, columns) for source in files)
    if len(files) < len(sources) or total < 2 * LEAST:
        return []
    most = min(MOST, store.memory_limit() // (8 * readers))
    size = max(LEAST, min(most, total // (4 * readers)))
    return [
        piece
        for number, source in enumerate(files)
        for piece in _cut_file(number, source, columns, size, store)
    ]


def _size(source: Source, columns: int) -> int:
    """Return how many bytes a file gives to read, or of Parquet its numbers have."""
    assert not isinstance(source.file, Frame)
    return source.file.bytes if source.header else source.rows * columns * _NUMBER


def _cut_file(
    number: int, source: Source, columns: int, size: int, store: Store
) -> Iterator[Piece]:
    """Yield pieces of about `size` bytes; a field of text takes a byte at least, a number eight."""
    whole = _size(source, columns)
    count = -(-whole // size)
    if source.header is None:
        spans = _row_groups(source, count, store) if count > 2 else [(0, source.rows)]
        for start, stop in spans:
            yield Piece(number, (stop - start) * columns * _NUMBER, rows=(start, stop))
        return
    first, end = _first_line(source) if count > 2 else (0, b"")
    if not end:
        yield Piece(number, (whole + 1) * _NUMBER, large=whole > 2 * MOST)
        return
    places = [first + (whole - first) * i // count for i in range(count + 1)]
    for start, stop in pairwise(places):
        room = (stop - start + LONGEST_LINE) * _NUMBER
        yield Piece(number, room, Lines(start, stop, end))


def _row_groups(source: Source, count: int, store: Store) -> list[tuple[int, int]]:
    """Return first and last row, not included, of about so many pieces of whole row groups."""
    found = store.connection.execute(
        "SELECT DISTINCT row_group_id, row_group_num_rows FROM parquet_metadata(?) ORDER BY ALL",
        [str(source.text.body)],
    )
    ends = [0, *accumulate(rows for _, rows in found.fetchall())]
    wanted = [ends[-1] * i // count for i in range(1, count + 1)]
    cuts = {0, *(next(end for end in ends if end >= place) for place in wanted)}
    return [*pairwise(sorted(cuts))]


def _first_line(source: Source) -> tuple[int, bytes]:
    """Return where the first row begins, and how lines end; b"" where the file is not to be cut.

    In a file of one column a line without anything may be a row.
    """
    assert source.header is not None
    file, header = source.text, source.header
    if file.format != "csv" or header.comment or len(source.names) < 2:
        return 0, b""
    with file.body.open("rb") as stream:
        for _ in range(header.skip):
            stream.readline()
        first, head = stream.tell(), stream.read(_HEAD)
    line, newline, _ = head.partition(b"\n")
    if b'"' in head or not newline:
        return 0, b""
    return first, b"\r\n" if line.endswith(b"\r") else b"\n"


def _copy_lines(body: Path, lines: Lines, copy: Path) -> None:
    """Write the lines that begin within a stretch of a file to another one.

    Raises Misfit for quotes, other ends of lines, and lines too long for DuckDB.
    """
    with body.open("rb") as stream, mmap(stream.fileno(), 0, access=ACCESS_READ) as content:
        start, stop = (_line_from(content, place) for place in (lines.start, lines.stop))
        _require_plain(content, start, stop, lines.end)
        with temporary_errors("a copy of some lines"), copy.open("wb") as target:
            target.write(memoryview(content)[start:stop])


def _line_from(content: mmap, place: int) -> int:
    """Return where the first line begins that is not before a place, and not empty."""
    found = content.find(b"\n", place - 1) + 1 if place else 0
    if place and not found:
        return len(content)
    while content[found : found + 1] in (b"\r", b"\n"):
        found += 1
    return found


def _require_plain(content: mmap, start: int, stop: int, end: bytes) -> None:
    odd = content.find(b'"', start, stop) >= 0 or content[start : start + 3] == b"\xef\xbb\xbf"
    last = content.rfind(b"\n", start, max(start, stop - 1)) + 1 or start
    if odd or stop - last > LONGEST_LINE or not _ends_alike(content, start, stop, end):
        raise Misfit


def _ends_alike(content: mmap, start: int, stop: int, end: bytes) -> bool:
    """Say whether all lines end so, with nothing else that might be the end of one."""
    if end == b"\n":
        return content.find(b"\r", start, stop) < 0
    text = content[start:stop]
    return text.count(b"\r") == text.count(b"\n") == text.count(end)
