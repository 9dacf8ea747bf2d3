"""Puts one file in DuckDB's words: a SELECT of typed columns, or of all columns as text.

Columns go by position (c0, c1, ..), since DuckDB's own names ignore case.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from mlpcli.data.table.frame import Frame
from mlpcli.data.table.line_ends import mixed_line_ends
from mlpcli.data.table.notation import notations_in
from mlpcli.data.table.numerals import PLAIN, is_code, is_number
from mlpcli.data.table.reading import BLANKS
from mlpcli.data.table.sql import as_text, quote, read_csv, without
from mlpcli.data.table.store import is_numeric
from mlpcli.errors import DataError
from mlpcli.records import dataclass
from mlpcli.text import show_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mlpcli.data.table.files import File
    from mlpcli.data.table.header import Header
    from mlpcli.data.table.numerals import Notation
    from mlpcli.data.table.reading import Kind, Reading

TEXTUAL = ("VARCHAR", "BOOLEAN", "DATE", "TIME", "UUID", "ENUM", "INTERVAL")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Source:
    """One file of a table; `header` is None for Parquet and a frame, `types` are empty for CSV.

    `rows` is how many rows there are, of CSV an estimate by the size of the file. `notes` say how
    it is read. `span` are the first row of Parquet that is wanted, and the one behind the last.
    """

    file: File | Frame
    reading: Reading
    names: tuple[str, ...]
    rows: int
    header: Header | None = None
    types: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    span: tuple[int, int] | None = None

    @property
    def path(self) -> Path:
        """The path as the user gave it, for messages."""
        return self.file.path

    @property
    def where(self) -> str:
        """The place of the names, for messages."""
        return f"{self.path}:{self.header.line}" if self.header else str(self.path)

    @property
    def empty(self) -> str:
        """What is said of a file without rows."""
        return "no rows below the header" if self.header else "no rows"

    @cached_property
    def unnamed(self) -> tuple[int, ...]:
        """The positions of columns without a name that can be left out: row names, and no values.

        Row names stand in front.
        """
        rows = self.header.sample if self.header else []
        return tuple(
            place
            for place, name in enumerate(self.names)
            if not name and (not place or not any("".join(row[place : place + 1]) for row in rows))
        )

    @cached_property
    def places(self) -> Mapping[str, int]:
        """The position of each column that has a name, and of those that are read again."""
        found = {name: place for place, name in reversed([*enumerate(self.names)]) if name}
        places = dict(reversed(found.items()))
        again = self.reading.again.items()
        return places | {second: places[name] for name, second in again if name in places}

    @cached_property
    def direct(self) -> bool:
        """Whether DuckDB finds the first row, and the fields of all, by itself."""
        return self.header is None or (self.header.plain and not self._blank_lines_unsure)

    @property
    def _blank_lines_unsure(self) -> bool:
        """Whether DuckDB may take a line end for a blank line, which is a row of one column.

        It goes by one kind of line ends, and finds a row between the CR and the LF of another.
        """
        if len(self.names) != 1:
            return False
        with self.text.open() as stream:
            return mixed_line_ends(stream)

    @cached_property
    def notations(self) -> Mapping[str, Notation]:
        """How the numbers of each column are written, where that is not plain, by the sample."""
        return self._notations(self.reading)

    @cached_property
    def notations_alone(self) -> Mapping[str, Notation]:
        """How they would be read if no other table had been before."""
        return self._notations(replace(self.reading, notations={}, kinds={}))

    def _notations(self, reading: Reading) -> Mapping[str, Notation]:
        if self.header is None:
            return {}
        samples = {name: Counter(texts) for name in self.places if (texts := self.sample(name))}
        return notations_in(samples, reading, self.header.delimiter)

    def select(self, kinds: Mapping[str, Kind]) -> str:
        """Return a SELECT of these columns as DOUBLE and VARCHAR, missing values as NULL.

        It fails at a number that is none, or is written otherwise than the sample.
        """
        columns = ", ".join(self._column(name, kind) for name, kind in kinds.items())
        return f"SELECT {columns} FROM {self._rows(kinds)}"  # noqa: S608

    def notation(self, name: str) -> Notation:
        """Return how numbers are written; in Parquet as they were where the column was first."""
        found = self.notations if self.header else self.reading.notations
        return found.get(name, PLAIN)

    def votes(self, name: str) -> tuple[int, int]:
        """Return how many values the sample has in this column, and how many are numbers."""
        if self.header is None:
            return 1, int(not self.holds_text(name))
        present = self.sample(name)
        if self.notations.get(name, PLAIN) != PLAIN:
            return len(present), len(present)
        return len(present), 0 if is_code(present) else sum(map(is_number, present))

    def sample(self, name: str) -> list[str]:
        """Return the first values in this column that are not missing; none of Parquet."""
        rows = [] if self.header is None else self.header.sample
        place = self.places[name]
        return self.reading.present(name, [row[place] for row in rows if place < len(row)])

    def signs_of_missing(self, name: str) -> set[str]:
        """Return what stands for a missing value in the first rows of a column."""
        rows, place = self.header.sample if self.header else [], self.places[name]
        cells = {row[place].strip(BLANKS) for row in rows if place < len(row)}
        return {cell for cell in cells if cell in self.reading.missing_of(name)}

    def holds_text(self, name: str) -> bool:
        """Say whether the file itself says that a column holds text; true and false may be."""
        if self.header is not None:
            return False
        found = self.types[self.places[name]]
        truth = found == "BOOLEAN" and name not in self.reading.as_written
        return not (truth or is_numeric(found))

    def refuse_types(self, names: Iterable[str]) -> None:
        """Raise DataError for a Parquet column that holds neither numbers nor text."""
        for name in names if self.types else ():
            found = self.types[self.places[name]]
            if not is_numeric(found) and (found.endswith("]") or not found.startswith(TEXTUAL)):
                raise DataError(
                    f"{self.path}: column {show_name(name)}: expected numbers or text, got {found}"
                )

    @cached_property
    def careful(self) -> bool:
        """Whether numbers with underscores, which DuckDB takes for numbers, may be in the file.

        A gzip file is not searched: to unpack it takes longer than to be careful.
        """
        if self.header is None or self.reading.underscores:
            return False
        if self.text.format == "gzip":
            return True
        with self.text.body.open("rb") as stream:
            for _ in range(self.header.skip):
                stream.readline()
            while block := stream.read(_BLOCK):
                if b"_" in block:
                    return True
        return False

    def _column(self, name: str, kind: Kind) -> str:
        column, missing = f"c{self.places[name]}", self.reading.missing_of(name)
        if kind == "text":
            return as_text(f"{column}::VARCHAR", missing)
        if self._typed(name):
            return without(f"{column}", missing)
        if self.types and self.types[self.places[name]] != "VARCHAR":
            return without(f"nullif({column}::DOUBLE, 'nan'::DOUBLE)", missing)
        notation = self.notation(name)
        plain = notation == PLAIN and self.header is not None and self._shared(name)
        return without(notation.number(column if plain else as_text(column, missing)), missing)

    def _typed(self, name: str) -> bool:
        """Whether DuckDB makes a number of the field while it reads."""
        plain = self.header is not None and self.notation(name) == PLAIN
        as_number_alone = plain and self._shared(name) and name not in self.reading.again
        return as_number_alone and not self.careful

    def _shared(self, name: str) -> bool:
        """Whether a column has the missing values of all others."""
        return self.reading.missing_of(name).texts == self.reading.missing.texts

    def _rows(self, kinds: Mapping[str, Kind]) -> str:
        if self.header is None:
            names = ", ".join(f"c{place}" for place in range(len(self.names)))
            if isinstance(self.file, Frame):
                return f"frame AS t({names})"
            if self.span is None:
                return f"read_parquet({quote(self.file.body)}) AS t({names})"
            start, stop = self.span
            numbered = f"read_parquet({quote(self.file.body)}, file_row_number = true)"
            return f"{numbered} AS t({names}, n) WHERE n >= {start} AND n < {stop}"
        typed = {self.places[name] for name, kind in kinds.items()
                 if kind == "number" and self._typed(name)}  # fmt: skip
        types = ["DOUBLE" if place in typed else "VARCHAR" for place in range(len(self.names))]
        return read_csv(self.text.body, types, self.header, self.text.format, self._nulls(kinds))

    @property
    def text(self) -> File:
        """The file, which is one of text."""
        assert not isinstance(self.file, Frame)
        return self.file

    def _nulls(self, kinds: Iterable[str]) -> tuple[str, ...]:
        """Return the texts that are missing in every column."""
        others = [self.reading.missing_of(name).texts for name in kinds]
        return tuple(
            text for text in self.reading.missing.texts if all(text in some for some in others)
        )
