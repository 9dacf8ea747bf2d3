"""Opened files: which they are, what identifies them, and where each of their rows is."""

from __future__ import annotations

import weakref
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Self

from mlpcli.data.table.faults import find_lines
from mlpcli.data.table.files import sha256

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlpcli.data.table.parts import Kind, Part
    from mlpcli.data.table.store import Store

__all__ = ["Ledger", "Origin"]


@dataclass
class Ledger:
    """What was read: kinds by column, rows by file so far, files read by way of a copy."""

    kinds: dict[str, Kind]
    rows: list[int] = field(default_factory=list)
    copied: set[int] = field(default_factory=set)

    def places(self, rows: Sequence[int]) -> list[tuple[int, int]]:
        """Return (file, row in that file) for some rows of all files, 0-based."""
        starts = list(accumulate(self.rows, initial=0))
        files = [bisect_right(starts, row) - 1 for row in rows]
        return [(file, row - starts[file]) for file, row in zip(files, rows, strict=True)]


class Origin:
    """One or several files that fit together; close it, or use it in a `with` statement."""

    def __init__(self, store: Store, parts: Sequence[Part], ledger: Ledger) -> None:
        self.sources: tuple[Path, ...] = tuple(part.path for part in parts)
        self._store = store
        self._parts = parts
        self._ledger = ledger
        self._digest = ""
        self._finalizer = weakref.finalize(self, store.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Free memory and remove temporary files; a second call does nothing."""
        self._finalizer()

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """Kind of each column that is read, in the first file's order."""
        return self._ledger.kinds

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that are read, in the first file's order."""
        return tuple(self._ledger.kinds)

    @property
    def rows(self) -> int:
        """How many rows there are, or, of a scan, have been read."""
        return sum(self._ledger.rows)

    @property
    def digest(self) -> str:
        """SHA-256 of the files' bytes in order, in hex, as `cat FILES | sha256sum` prints it.

        Raises DataError where a file has changed since it was opened. A thread that is at it ends
        when another one closes the files.
        """
        if not self._digest:
            files = (part.file for part in self._parts)
            self._digest = sha256(files, lambda: self._finalizer.alive)
        return self._digest

    def locate(self, row: int) -> tuple[Path, int]:
        """Return the file and the 1-based line on which a 0-based row begins.

        For Parquet it is the 1-based row of the file. Reads the file again: for error messages.
        """
        ((file, place),) = self._ledger.places([row])
        part = self._parts[file]
        (line,) = find_lines(part, self.names, [place], file in self._ledger.copied)
        return part.path, line
