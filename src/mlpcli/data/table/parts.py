"""Puts one file in DuckDB's words: a SELECT of typed columns, or of all columns as text.

Columns go by position (c0, c1, ..), since DuckDB's own names ignore case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mlpcli.data.table.header import BLANKS, Header, check_names, is_number, read_header
from mlpcli.data.table.words import show_name
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import duckdb

    from mlpcli.data.table.files import File

Kind = Literal["number", "text"]

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")
NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")
BUFFER_BYTES = 4_000_000  # DuckDB's own 32 MB, several times over, are no faster
TEXTUAL = ("VARCHAR", "BOOLEAN", "DATE", "TIME", "UUID", "ENUM", "INTERVAL")


@dataclass(frozen=True)
class Part:
    """One file of the table; `header` is None for Parquet, `types` are empty for CSV.

    `rows` is how many rows there are, of CSV an estimate by the size of the file.
    """

    file: File
    names: tuple[str, ...]
    rows: int
    header: Header | None = None
    types: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The path as the user gave it, for messages."""
        return self.file.path

    @property
    def direct(self) -> bool:
        """Whether DuckDB finds the first row by itself: it skips one line and no more."""
        return self.header is None or self.header.plain

    def select(self, kinds: Mapping[str, Kind]) -> str:
        """Return a SELECT of these columns as DOUBLE and VARCHAR, missing values as NULL."""
        places = {name: self.names.index(name) for name in kinds}
        columns = ", ".join(self._cast(places[name], kind) for name, kind in kinds.items())
        if self.header is None:
            names = ", ".join(f"c{i}" for i in range(len(self.names)))
            return f"SELECT {columns} FROM read_parquet({quote(self.file.link)}) AS t({names})"  # noqa: S608
        numbers = {places[name] for name, kind in kinds.items() if kind == "number"}
        return f"SELECT {columns} FROM {self._read_csv(numbers)}"  # noqa: S608

    def votes(self, name: str) -> tuple[int, int]:
        """Return how many values the sample has in this column, and how many are numbers."""
        if self.header is None:
            return 1, int(_is_numeric(self.types[self.names.index(name)]))
        present = self.sample(name)
        return len(present), sum(map(is_number, present))

    def sample(self, name: str) -> list[str]:
        """Return the first values in this column that are not missing; none of Parquet."""
        if self.header is None:
            return []
        place = self.names.index(name)
        cells = [row[place].strip(BLANKS) for row in self.header.sample if place < len(row)]
        return [cell for cell in cells if cell not in MISSING]

    def _cast(self, place: int, kind: Kind) -> str:
        if kind == "text":
            return as_text(f"c{place}::VARCHAR")
        if self.header is None:
            return f"nullif(c{place}::DOUBLE, 'nan'::DOUBLE)"
        return f"c{place}"

    def _read_csv(self, numbers: set[int]) -> str:
        assert self.header is not None
        types = ["DOUBLE" if i in numbers else "VARCHAR" for i in range(len(self.names))]
        packing = "gzip" if self.file.format == "gzip" else "none"
        return read_csv(self.file.link, types, self.header.delimiter, packing, skip=1)


def open_part(connection: duckdb.DuckDBPyConnection, file: File) -> Part:
    """Read the column names of one file; raise DataError where there are none to use."""
    if file.format != "parquet":
        header = read_header(file)
        return Part(file, header.names, max(1, round(file.bytes / header.line_bytes) - 1), header)
    source = f"read_parquet({quote(file.link)})"
    fields = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()  # noqa: S608
    tree = connection.execute(
        f"SELECT name, num_children FROM parquet_schema({quote(file.link)})"  # noqa: S608
    ).fetchall()
    names = tuple(name.strip(BLANKS) for name in _top(tree))
    check_names(str(file.path), names)
    count = f"SELECT num_rows FROM parquet_file_metadata({quote(file.link)})"  # noqa: S608
    ((rows,),) = connection.execute(count).fetchall()
    return Part(file, names, rows, types=tuple(str(field[1]) for field in fields))


def check_types(part: Part, names: Sequence[str]) -> None:
    """Raise DataError for a Parquet column that holds neither numbers nor text."""
    if part.header is None:
        for name in names:
            kind = part.types[part.names.index(name)]
            if not _is_numeric(kind) and (kind.endswith("]") or not kind.startswith(TEXTUAL)):
                raise DataError(
                    f"{part.path}: column {show_name(name)}: expected numbers or text, got {kind}"
                )


def read_csv(path: Path, types: Sequence[str], delimiter: str, packing: str, skip: int) -> str:
    """Return a call of DuckDB's reader that leaves it nothing to guess."""
    columns = ", ".join(f"'c{i}': '{kind}'" for i, kind in enumerate(types))
    missing = ", ".join(map(quote, MISSING))
    return (
        f"read_csv({quote(path)}, auto_detect = false, header = false, skip = {skip}, "
        f"delim = {quote(delimiter)}, quote = '\"', escape = '\"', compression = '{packing}', "
        f"buffer_size = {BUFFER_BYTES}, strict_mode = true, nullstr = [{missing}], "
        f"columns = {{{columns}}})"
    )


def as_text(column: str) -> str:
    """Return an expression for a text without surrounding blanks, NULL for a missing value.

    Not written with IN: DuckDB turns a long IN list into a join, and a join loses the row order.
    """
    missing = quote(f"[{BLANKS}]*({'|'.join(map(re.escape, MISSING))})[{BLANKS}]*")
    text = f"trim({column}, {quote(BLANKS)})"
    return f"CASE WHEN NOT regexp_full_match({column}, {missing}) THEN {text} END"


def quote(text: object) -> str:
    """Return an SQL string literal."""
    return "'" + str(text).replace("'", "''") + "'"


def _is_numeric(kind: str) -> bool:
    return kind.removeprefix("U").startswith(NUMERIC) and not kind.endswith("]")


def _top(tree: list[tuple[Any, ...]]) -> list[str]:
    """Return the names of the top-level columns from Parquet's depth-first schema."""
    names: list[str] = []
    depths = [0]  # how many children are still to come, per level
    for name, children in tree:
        depths[-1] -= 1
        if len(depths) == 2:
            names.append(name)
        if children:
            depths.append(children)
        while len(depths) > 1 and depths[-1] == 0:
            depths.pop()
    return names
