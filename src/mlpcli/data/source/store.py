"""Holds the DuckDB connection to its rules: no network, no noise, one line per error."""

from __future__ import annotations

import shutil
import tempfile
from bisect import bisect_right
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, cast

import duckdb

from mlpcli.errors import DataError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mlpcli.data.source.parts import Kind

TYPES = {"number": "DOUBLE", "text": "VARCHAR"}


@dataclass
class Stored:
    """What the table `data` holds: kinds by column, rows by file, files read by way of a copy."""

    kinds: dict[str, Kind]
    rows: list[int] = field(default_factory=list)
    copied: set[int] = field(default_factory=set)

    def places(self, rows: Sequence[int]) -> list[tuple[int, int]]:
        """Return (file, row in that file) for some rows of the table, all 0-based."""
        starts = list(accumulate(self.rows, initial=0))
        files = [bisect_right(starts, row) - 1 for row in rows]
        return [(file, row - starts[file]) for file, row in zip(files, rows, strict=True)]


class Store:
    """An in-memory DuckDB database and the folder for what does not fit into memory."""

    def __init__(self, memory_limit: str | None) -> None:
        try:
            self.scratch = Path(tempfile.mkdtemp(prefix="mlp-"))
        except OSError as error:
            raise StorageError(f"no folder for temporary files: {error.strerror}") from error
        self.connection = duckdb.connect(
            config={
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "preserve_insertion_order": True,
                "temp_directory": str(self.scratch / "spilled"),
            }
        )
        self.connection.execute("SET enable_progress_bar = false")
        if memory_limit is not None:
            self._limit(memory_limit)

    def close(self) -> None:
        """Free memory and remove temporary files."""
        self.connection.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def insert(self, table: str, select: str, kinds: Iterable[Kind]) -> int:
        """Append rows to a table, made on the first call; return their number."""
        columns = ", ".join(f"k{i} {TYPES[kind]}" for i, kind in enumerate(kinds))
        self.connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
        return cast("int", self.first(f"INSERT INTO {table} {select}")[0])

    def first(self, query: str) -> tuple[object, ...]:
        """Return the first row of a result."""
        return cast("tuple[object, ...]", self.connection.execute(query).fetchone())

    def _limit(self, memory_limit: str) -> None:
        try:
            self.connection.execute("SET memory_limit = ?", [memory_limit])
        except duckdb.Error as error:
            self.close()
            raise DataError(
                f'memory_limit: expected a size such as "4GB" or "512MB", got "{memory_limit}"'
            ) from error


@contextmanager
def duckdb_errors(what: object) -> Iterator[None]:
    """Turn an error of DuckDB's into one line of ours."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise DataError(
            f"{what}: out of memory; raise data.memory_limit or free space for temporary files"
        ) from error
    except duckdb.Error as error:
        if "No space left" in str(error):
            raise StorageError(f"{what}: no space left for temporary files") from error
        raise DataError(f"{what}: {str(error).partition(chr(10))[0]}") from error
