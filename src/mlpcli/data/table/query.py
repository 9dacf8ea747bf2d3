"""Puts one file in DuckDB's words: a SELECT of typed columns, or of all columns as text.

Columns go by position (c0, c1, ..), since DuckDB's own names ignore case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlpcli.data.table.files import LONGEST_LINE
from mlpcli.data.table.header import Header, check_names, read_header
from mlpcli.data.table.reading import BLANKS, is_number
from mlpcli.errors import DataError
from mlpcli.text import show_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import duckdb

    from mlpcli.data.table.files import File
    from mlpcli.data.table.reading import Kind, Reading

NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")
TEXTUAL = ("VARCHAR", "BOOLEAN", "DATE", "TIME", "UUID", "ENUM", "INTERVAL")
BUFFER_BYTES = LONGEST_LINE  # DuckDB's own 32 MB, several times over, are no faster


@dataclass(frozen=True)
class Source:
    """One file of a table; `header` is None for Parquet, `types` are empty for CSV.

    `rows` is how many rows there are, of CSV an estimate by the size of the file.
    """

    file: File
    reading: Reading
    names: tuple[str, ...]
    rows: int
    header: Header | None = None
    types: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The path as the user gave it, for messages."""
        return self.file.path

    @cached_property
    def places(self) -> Mapping[str, int]:
        """The position of each column."""
        return {name: place for place, name in enumerate(self.names)}

    @property
    def direct(self) -> bool:
        """Whether DuckDB finds the first row by itself: it skips one line and no more."""
        return self.header is None or self.header.plain

    def select(self, kinds: Mapping[str, Kind]) -> str:
        """Return a SELECT of these columns as DOUBLE and VARCHAR, missing values as NULL."""
        columns = ", ".join(self._column(self.places[name], kind) for name, kind in kinds.items())
        return f"SELECT {columns} FROM {self._rows(kinds)}"  # noqa: S608

    def votes(self, name: str) -> tuple[int, int]:
        """Return how many values the sample has in this column, and how many are numbers."""
        if self.header is None:
            return 1, int(_is_numeric(self.types[self.places[name]]))
        present = self.sample(name)
        return len(present), sum(map(is_number, present))

    def sample(self, name: str) -> list[str]:
        """Return the first values in this column that are not missing; none of Parquet."""
        rows = [] if self.header is None else self.header.sample
        place = self.places[name]
        return self.reading.present([row[place] for row in rows if place < len(row)])

    def refuse_types(self, names: Iterable[str]) -> None:
        """Raise DataError for a Parquet column that holds neither numbers nor text."""
        for name in names if self.types else ():
            found = self.types[self.places[name]]
            if not _is_numeric(found) and (found.endswith("]") or not found.startswith(TEXTUAL)):
                raise DataError(
                    f"{self.path}: column {show_name(name)}: expected numbers or text, got {found}"
                )

    def _column(self, place: int, kind: Kind) -> str:
        if kind == "text":
            return as_text(f"c{place}::VARCHAR", self.reading)
        return f"c{place}" if self.header else f"nullif(c{place}::DOUBLE, 'nan'::DOUBLE)"

    def _rows(self, kinds: Mapping[str, Kind]) -> str:
        if self.header is None:
            names = ", ".join(f"c{place}" for place in self.places.values())
            return f"read_parquet({quote(self.file.link)}) AS t({names})"
        types = ["DOUBLE" if kinds.get(name) == "number" else "VARCHAR" for name in self.names]
        packing = "gzip" if self.file.format == "gzip" else "none"
        return read_csv(self.file.link, types, self.header.delimiter, packing, self.reading)


def open_source(connection: duckdb.DuckDBPyConnection, file: File, reading: Reading) -> Source:
    """Read the column names of one file; raise DataError where there are none to use."""
    if file.format != "parquet":
        header = read_header(file, reading)
        rows = max(1, round(file.bytes / header.line_bytes) - 1)
        return Source(file, reading, header.names, rows, header)

    def ask(what: str, function: str) -> list[tuple[Any, ...]]:
        return connection.execute(f"{what} FROM {function}({quote(file.link)})").fetchall()

    types = tuple(str(field[1]) for field in ask("DESCRIBE SELECT *", "read_parquet"))
    tree = ask("SELECT name, num_children", "parquet_schema")
    names = tuple(name.strip(BLANKS) for name in _top(tree))
    check_names(str(file.path), names)
    ((rows,),) = ask("SELECT num_rows", "parquet_file_metadata")
    return Source(file, reading, names, rows, types=types)


def read_csv(
    path: Path, types: Sequence[str], delimiter: str, packing: str, reading: Reading
) -> str:
    """Return a call of DuckDB's reader, below a header of one line, that has nothing to guess."""
    columns = ", ".join(f"'c{i}': '{name}'" for i, name in enumerate(types))
    missing = ", ".join(map(quote, reading.missing))
    # Of a packed file the end cannot be looked at before; DuckDB's own buffer judges its lines.
    buffer = f"buffer_size = {BUFFER_BYTES}, " if packing == "none" else ""
    return (
        f"read_csv({quote(path)}, auto_detect = false, header = false, skip = 1, "
        f"delim = {quote(delimiter)}, quote = '\"', escape = '\"', compression = '{packing}', "
        f"{buffer}strict_mode = true, nullstr = [{missing}], "
        f"columns = {{{columns}}})"
    )


def as_text(column: str, reading: Reading) -> str:
    """Return an expression for a text without surrounding blanks, NULL for a missing value.

    Not written with IN: DuckDB turns a long IN list into a join, and a join loses the row order.
    """
    spellings = "|".join(map(re.escape, reading.missing))
    missing = quote(f"[{BLANKS}]*({spellings})[{BLANKS}]*")
    text = f"trim({column}, {quote(BLANKS)})"
    return f"CASE WHEN NOT regexp_full_match({column}, {missing}) THEN {text} END"


def quote(text: object) -> str:
    """Return an SQL string literal."""
    return "'" + str(text).replace("'", "''") + "'"


def _is_numeric(name: str) -> bool:
    return name.removeprefix("U").startswith(NUMERIC) and not name.endswith("]")


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
