"""Finds out in which encoding a text file is, and copies it as UTF-8, which DuckDB reads.

UTF-16 is known by its byte order mark or by its zero bytes. A file that is not UTF-8 anywhere
beyond ASCII is taken for Windows-1252, the encoding of Excel's CSV; one that is UTF-8 here and not
there is damaged, and its bad rows are told.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["UTF8", "WINDOWS", "find_encoding", "looks_utf8", "transcode"]

UTF8, WINDOWS = "utf-8", "cp1252"
_BLOCK = 1 << 20
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def looks_utf8(start: bytes) -> bool:
    """Say whether the first bytes of a file are UTF-8; the last character may be cut."""
    try:
        codecs.getincrementaldecoder(UTF8)().decode(start)
    except UnicodeDecodeError:
        return False
    return not start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and b"\0" not in start


def find_encoding(stream: BinaryIO) -> str:
    """Return the encoding of a text: UTF-8 also where nothing else is certain."""
    start = stream.read(_BLOCK)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    for first, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if (
            start
            and start[first::2].count(0) > len(start) // 4
            and not start[1 - first :: 2].count(0)
        ):
            return name
    decoder = codecs.getincrementaldecoder(UTF8)("surrogateescape")
    foreign = False
    while start:
        if start.isascii() and not decoder.getstate()[0]:  # as most blocks are; decoding copies
            start = stream.read(_BLOCK)
            continue
        text = decoder.decode(start)
        if not text.isascii():
            beyond = {character for character in text if character > "\x7f"}
            bad = {character for character in beyond if "\udc80" <= character <= "\udcff"}
            if beyond - bad - {"\ufeff"}:
                return UTF8
            undefined = {c for c in bad if not _in_windows(c)}
            if undefined:
                return UTF8
            foreign = foreign or bool(bad)
        start = stream.read(_BLOCK)
    return WINDOWS if foreign else UTF8


def transcode(stream: BinaryIO, encoding: str, copy: Path) -> None:
    """Write a text as UTF-8; UnicodeError where it is not in that encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with copy.open("wb") as target:
        while block := stream.read(_BLOCK):
            target.write(decoder.decode(block).encode())
        target.write(decoder.decode(b"", final=True).encode())


def _in_windows(surrogate: str) -> bool:
    try:
        bytes([ord(surrogate) - 0xDC00]).decode(WINDOWS)
    except UnicodeDecodeError:
        return False
    return True
