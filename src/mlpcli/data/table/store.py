"""Holds the DuckDB connection to its rules: no network, no noise, one line per error."""

from __future__ import annotations

import re
import shutil
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

import duckdb

from mlpcli.errors import DataError, StorageError
from mlpcli.files import temporary_errors
from mlpcli.limits import address_space, require_addresses
from mlpcli.parallel import core_count
from mlpcli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Store", "duckdb_errors", "is_numeric"]

_MEMORY_OF_A_THREAD = 1 << 27  # bytes, of a limit
_LEAST_ADDRESSES = 1 << 30  # bytes, with one thread
_NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")
_OF_A_FILE = re.compile(r"""['"][^'"\n]*/mlp-[^'"/\n]+/[^'"\n]*['"]""")
"""What DuckDB says of a file that it opened, by the name that a link to it has."""
_NOTHING = '"NULL"'
"""What DuckDB calls the type of a column of Arrow that holds no value at all."""


class Store(ExitStack):
    """An in-memory DuckDB database, a folder for links and copies, and what else to close.

    `close` frees memory and removes temporary files. It has a thread for each core, or so many, and
    its folder lies where the system keeps such, or in another one.
    """

    def __init__(
        self, memory_limit: str | None, threads: int | None = None, within: Path | None = None
    ) -> None:
        super().__init__()
        require_addresses(_LEAST_ADDRESSES, "reading a table")
        self.frames: dict[str, object] = {}
        with temporary_errors("temporary files"):
            self.scratch = Path(tempfile.mkdtemp(prefix="mlp-", dir=within))
        self.callback(shutil.rmtree, self.scratch, ignore_errors=True)
        self._most_memory = memory_limit
        self._threads = threads if address_space() is None else 1

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The database. To make it takes 15 ms, and whoever asks for names alone needs none."""
        connection = duckdb.connect(
            config={
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "preserve_insertion_order": True,
                "temp_directory": str(self.scratch / "spilled"),
                **({} if self._threads is None else {"threads": self._threads}),
            }
        )
        self.callback(connection.close)
        connection.execute("SET enable_progress_bar = false")
        # To look for them takes quadratic time over columns, and saves a sixth of a narrow table's.
        connection.execute("SET disabled_optimizers = 'common_subexpressions'")
        if self._most_memory is not None:
            self._limit(connection, self._most_memory)
        return connection

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of its own, as one does one thing at a time; it sees all views."""
        cursor = self.connection.cursor()
        for name, frame in self.frames.items():
            cursor.register(name, frame)
        return cursor

    def view(self, name: str, frame: object) -> None:
        """Let queries read an Arrow stream by this name."""
        self.frames[name] = frame
        self.connection.register(name, frame)

    def memory_limit(self) -> int:
        """Return the limit in bytes: the given one or DuckDB's own, which is 80 % of the memory."""
        return _memory_limit(self.connection)

    def insert(self, table: str, select: str) -> int:
        """Append rows to a table; return their number."""
        return cast("int", self.first(f"INSERT INTO {table} {select}")[0])

    def first(self, query: str) -> tuple[object, ...]:
        """Return the first row of a result."""
        return cast("tuple[object, ...]", self.connection.execute(query).fetchone())

    def _limit(self, connection: duckdb.DuckDBPyConnection, memory_limit: str) -> None:
        try:
            connection.execute("SET memory_limit = ?", [memory_limit])
        except duckdb.Error as error:
            self.close()
            raise DataError(
                f'memory_limit: expected a size such as "4GB" or "512MB", got "{memory_limit}"'
            ) from error
        with suppress(duckdb.OutOfMemoryException):  # so little that the first row will say so
            most = max(1, _memory_limit(connection) // _MEMORY_OF_A_THREAD)
            # More of them would make it a matter of luck whether the memory is enough.
            connection.execute(f"SET threads = {min(most, core_count())}")


def _memory_limit(connection: duckdb.DuckDBPyConnection) -> int:
    found = connection.execute("SELECT current_setting('memory_limit')").fetchone()
    number, unit = str(found[0] if found else "").split()  # such as "18.8 GiB"
    units = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
    return int(float(number) * 1024 ** units.index(unit))


def is_numeric(name: str) -> bool:
    """Say whether a type of DuckDB's holds numbers, or nothing."""
    return name == _NOTHING or (
        name.removeprefix("U").startswith(_NUMERIC) and not name.endswith("]")
    )


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
            place = tempfile.gettempdir()
            raise StorageError(f"{what}: no space left for temporary files in {place}") from error
        if _OF_A_FILE.search(str(error)) and "CSV" not in str(error):
            line = "cannot be read: damaged, or cut short; fetch or write it again"
            raise DataError(f"{what}: {line}") from error
        raise DataError(f"{what}: {printable(str(error).partition(chr(10))[0])}") from error
