"""Opened files that fit together: which they are, their rows, and where each of these is."""

from __future__ import annotations

import weakref
from collections import Counter
from contextlib import contextmanager
from itertools import accumulate
from math import sqrt
from typing import TYPE_CHECKING, Self, overload

from mlpcli.data.table.bad_rows import find_lines
from mlpcli.data.table.files import find_files, sha256
from mlpcli.data.table.first_line import looks_like_data
from mlpcli.data.table.header import ROW_NAMES, complaints_of
from mlpcli.data.table.numerals import PLAIN
from mlpcli.data.table.open_source import open_source, open_text
from mlpcli.data.table.reading import Reading
from mlpcli.data.table.shares import shares_of
from mlpcli.data.table.spool import rows_in
from mlpcli.data.table.store import Store, duckdb_errors
from mlpcli.data.table.stream import Misfit, fitting
from mlpcli.data.table.titles import titles_hint
from mlpcli.errors import DataError
from mlpcli.text import near_names, show_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from mlpcli.data.table.frame import Frame
    from mlpcli.data.table.numerals import Notation
    from mlpcli.data.table.query import Source
    from mlpcli.data.table.reading import Kind
    from mlpcli.data.table.spool import Block, Spool
    from mlpcli.data.table.stream import Array, Texts

__all__ = ["Origin"]

_ALL = Reading()
_MOST_LINES = 5
_LOOKED_AT = 1000
_SMALL = 1 << 20  # bytes, unpacked, and values of a file that is read at once


class Origin:
    """One or several files that are read as one; close it, or use it in a `with` statement.

    `files` are paths or globs of CSV (also gzipped) and Parquet, or one table in memory; their rows
    in the order given.
    `kinds` are those of the columns that are read, in the first file's order: known, or a guess by
    the first rows. `counts` are the numbers of rows read, by file; `copied` are the files that
    were read by way of a copy without bad rows. `rewritten` are columns whose notation
    all rows told, and those `whole` are of integers; rows up to `handed_out` cannot be read
    otherwise any more. Raises DataError where files are not there, or do not fit together.
    """

    handed_out = 0

    def __init__(self, files: Sequence[str | Path | Frame], reading: Reading = _ALL) -> None:
        self.reading = reading
        self.counts: list[int] = []
        self.copied: set[int] = set()
        self.sources: list[Source] = []
        self.rewritten: dict[str, Notation] = {}
        self.whole: set[str] = set()
        self.store = Store(reading.memory_limit)
        self._digest = ""
        self._alone = self._told = False
        self._finalizer = weakref.finalize(self, self.store.close)
        with self._closed_on_error():
            for file in find_files(files, self.store.scratch):
                with duckdb_errors(file.path):
                    self.sources.append(open_source(self.store, file, reading))
            names = _choose(self.sources, reading)
            self.kinds = {name: self._kind(name) for name in names}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Free memory and remove temporary files; a second call does nothing."""
        self._finalizer()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, as the user named them."""
        return tuple(source.path for source in self.sources)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that are read, in the first file's order."""
        return tuple(self.kinds)

    @property
    def all_names(self) -> tuple[str, ...]:
        """Names of all columns of the first file, those that are not read too."""
        return tuple(self.sources[0].places)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found out of the files, beyond what they say themselves."""
        notes = [note for source in self.sources for note in source.notes]
        notes += self.headless if self.reading.layout.header is None else ()
        if self.reading.columns is None:
            notes += [note for source in self.sources for note in _unnamed(source)]
        return tuple(dict.fromkeys(notes))

    @property
    def notations(self) -> dict[str, Notation]:
        """How the numbers of columns are written where not plainly, in the first such file."""
        found = {**self.reading.notations}
        for source in reversed(self.sources):
            found |= source.notations
        found |= self.rewritten
        return {name: found[name] for name in self.names if self.kinds[name] == "number"
                and found.get(name, PLAIN) != PLAIN}  # fmt: skip

    @property
    def headless(self) -> tuple[str, ...]:
        """Say of text files whose first line looks like a row what to do."""
        headers = ((source.where, source.header) for source in self.sources)
        return tuple(
            f"{where}: the line of names looks like a row; if it is one, set data.header to false"
            for where, header in headers
            if header and looks_like_data(header.names, header.sample)
        )

    @property
    def signs_of_missing(self) -> tuple[str, ...]:
        """What stands for a missing value in the first rows of text files."""
        cells = (source.signs_of_missing(name) for source in self.sources for name in self.names)
        return tuple(sorted(set().union(*cells)))

    @property
    def rows(self) -> int:
        """How many rows there are, or, of a scan, have been read."""
        return sum(self.counts)

    @property
    def digest(self) -> str:
        """SHA-256 of the files' bytes in order, in hex, as `cat FILES | sha256sum` prints it.

        Raises DataError where a file has changed since it was opened. A thread that is at it ends
        when another one closes the files.
        """
        if not self._digest:
            files = (source.file for source in self.sources)
            self._digest = sha256(files, lambda: self._finalizer.alive)
        return self._digest

    def expected_rows(self) -> int:
        """Return about how many rows there are, before they are read."""
        return sum(source.rows for source in self.sources)

    def expected_inputs(self, name: str) -> int:
        """Return about how many inputs a column makes, by the first rows: one, or one per text."""
        if self.kinds[name] == "number":
            return 1
        texts = [text for source in self.sources for text in self._first_texts(source, name)]
        return _expected_levels(texts, self.expected_rows())

    def _first_texts(self, source: Source, name: str) -> list[str]:
        """Return the texts of the first rows of a file; what is typed has no sample of its own."""
        if source.header is not None:
            return source.sample(name)
        select = f"SELECT t FROM ({source.select({name: 'text'})} LIMIT {_LOOKED_AT}) AS s(t)"  # noqa: S608
        rows = self.store.connection.execute(f"{select} WHERE t IS NOT NULL").fetchall()
        return [text for (text,) in rows]

    def locate(self, row: int) -> tuple[Path, int]:
        """Return the file and the 1-based line on which a 0-based row begins.

        For Parquet it is the 1-based row of the file. Reads the file again: for error messages.
        """
        ((file, line),) = self.lines([row])
        return self.sources[file].path, line

    def lines(self, rows: Sequence[int]) -> list[tuple[int, int]]:
        """Return number of file and line of some rows in ascending order."""
        found = []
        ends = list(accumulate(self.counts, initial=0))
        for number, source in enumerate(self.sources[: len(self.counts)]):
            mine = [row - ends[number] for row in rows if ends[number] <= row < ends[number + 1]]
            lines = find_lines(source, self.names, mine, copied=number in self.copied)
            found += [(number, line) for line in lines]
        return found

    @overload
    def direct_blocks(self, texts: Mapping[str, Texts | None]) -> Iterator[list[Array]]: ...
    @overload
    def direct_blocks(self, texts: Mapping[str, Texts | None], spool: Spool) -> Iterator[Block]: ...
    def direct_blocks(
        self, texts: Mapping[str, Texts | None], spool: Spool | None = None
    ) -> Iterator[Block]:
        """Yield columns of the kinds that are expected, some of them in the spool, and count rows.

        Raises Misfit where a file holds something else.
        """
        self.counts = []
        for number, block in self._numbered_blocks(texts, spool):
            self.counts += [0] * (number + 1 - len(self.counts))
            self.counts[number] += rows_in(block)
            yield block
        self.counts += [0] * (len(self.sources) - len(self.counts))

    def _numbered_blocks(
        self, texts: Mapping[str, Texts | None], spool: Spool | None
    ) -> Iterator[tuple[int, Block]]:
        """Yield blocks with the number of their file, read by all ranks of the job if large."""
        if not self._alone and (shares := shares_of(self.sources, self.kinds, self.store)):
            try:
                yield from shares.blocks(self.store, texts, spool)
            except Misfit:
                self._alone = True
                raise
            return
        for number, source in enumerate(self.sources):
            small = max(source.file.bytes, source.rows * len(self.kinds)) < _SMALL
            select = source.select(self.kinds)
            for block in fitting(self.store.cursor(), select, [*texts.values()], small=small):
                yield number, block

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        try:
            with duckdb_errors(", ".join(map(str, self.paths))):
                yield
        except BaseException:
            self.close()
            raise

    def without_ranks(self) -> bool:
        """Say, once, if what did not fit was read by other ranks, and may fit where it is whole."""
        new = self._alone and not self._told
        self._told = self._alone
        return new

    def other_encoding(self) -> bool:
        """Open text files again that are in another encoding than their tops; say if any was."""
        again = []
        for source in self.sources:
            found = source
            if source.header is not None and self.reading.layout.encoding is None:
                found = open_text(source.text, self.reading, whole=True)
            again.append(found if found.file != source.file else source)
        changed = again != self.sources
        self.sources = again
        return changed

    def certain(self, name: str) -> Kind | None:
        """Return what a column is known to be, None where its values decide."""
        if any(source.holds_text(name) for source in self.sources):
            return self.reading.kinds.get(name, "text")
        if self.reading.layout.marks and any(name in source.notations for source in self.sources):
            return self.reading.kinds.get(name, "number")
        return self.reading.kinds.get(name)

    def _kind(self, name: str) -> Kind:
        """Return what a column is known to be, or most probably is."""
        if known := self.certain(name):
            return known
        votes = (source.votes(name) for source in self.sources)
        present, numbers = map(sum, zip(*votes, strict=True))
        return "number" if 2 * numbers >= present else "text"


def _expected_levels(texts: Sequence[str], rows: int) -> int:
    """Return about how many different texts so many rows have, by those of some.

    Texts that are there once count sqrt(rows / n) times: the estimator GEE of Charikar, Chaudhuri,
    Motwani and Narasayya (2000), Towards estimation error guarantees for distinct values.
    """
    counts = Counter(texts)
    once = sum(count == 1 for count in counts.values())
    share = max(1.0, rows / len(texts)) if texts else 1.0
    return len(counts) - once + round(sqrt(share) * once)


def _choose(sources: Sequence[Source], reading: Reading) -> tuple[str, ...]:
    """Return the columns to read, in the first file's order; raise DataError if one lacks."""
    first, *others = sources
    columns = reading.columns
    every = tuple(name for name in first.places if name not in reading.drop)
    wanted = every if columns is None else tuple(dict.fromkeys(columns))
    lines = [
        f"{source.path}: no column {show_name(name)}"
        f"{titles_hint(source, [name]) or near_names(name, [*source.places])}"
        for source in sources
        for name in wanted
        if name not in source.places
    ]
    if columns is None:
        lines += [
            f"{source.path}: column {show_name(name)} is not in {first.path}"
            for source in others
            for name in source.places
            if name not in first.places and name not in reading.drop
        ]
    for source in sources:
        nameless = columns is None and source.names.count("") > len(source.unnamed)
        lines += complaints_of(source.where, source.names, {*wanted, *([""] * nameless)})
    if lines:
        more = len(lines) - _MOST_LINES
        rest = [f"{first.path}: {more} more columns do not fit"] if more > 0 else []
        raise DataError(*lines[:_MOST_LINES], *rest)
    among = set(wanted)
    names = tuple(name for name in first.places if name in among)
    for source in sources:
        source.refuse_types(names)
    return names


def _unnamed(source: Source) -> list[str]:
    """Return a note on each column without a name that is left out."""
    what = {0: ROW_NAMES}
    return [
        f"{source.path}: {what.get(place, f'column {place + 1} has neither name nor values')}"
        for place in source.unnamed
    ]
