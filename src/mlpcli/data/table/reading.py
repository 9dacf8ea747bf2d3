"""How files are read as one table, and what its columns are then."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from mlpcli.data.table.numerals import is_number
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from mlpcli.data.table.numerals import Notation

__all__ = [
    "BLANKS",
    "CODES",
    "MISSING",
    "Categorical",
    "Column",
    "Kind",
    "Layout",
    "Missing",
    "Reading",
    "not_utf8",
]

BLANKS = " \t\u00a0"  # the last is the no-break space, which web pages and Excel leave
MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")
CODES = (".", "-", "--", "*", "#N/A", "#NV", "#VALUE!", "#DIV/0!", "#NUM!", "#NAME?", "#REF!",
         "#NULL!", "<NA>", "n/a", "N.A.", "n.a.", "k.A.", "na", "Na", "NAN", "NaT", "\\N", "nil",
         "(null)", "missing", "Missing", "MISSING")  # fmt: skip
"""Texts that stand for a missing value in many tables, but not in all."""

Kind: TypeAlias = Literal["number", "text"]


@dataclass(frozen=True, eq=False)
class Categorical:
    """A text column: `codes` int32 (N,) index `levels`, each text once; -1 is missing.

    A table's levels are sorted, and those of all its rows, also where only some are read. A scan's
    are those that it has met so far.
    """

    codes: NDArray[np.int32]
    levels: tuple[str, ...]


Column: TypeAlias = "NDArray[np.float64] | Categorical"


@dataclass(frozen=True)
class Missing:
    """What stands for a missing value: texts, and numbers in whatever spelling."""

    texts: tuple[str, ...] = MISSING
    numbers: tuple[float, ...] = ()

    def __contains__(self, text: str) -> bool:
        if text in self.texts:
            return True
        return bool(self.numbers) and is_number(text) and float(text) in self.numbers

    def plus(self, values: Sequence[str | float]) -> Missing:
        """Return what is missing if these values are, too."""
        texts = [value.strip(BLANKS) for value in values if isinstance(value, str)]
        numbers = [float(value) for value in values if not isinstance(value, str)]
        return Missing(
            tuple(dict.fromkeys((*self.texts, *texts))),
            tuple(dict.fromkeys((*self.numbers, *numbers))),
        )

    def minus(self, texts: Sequence[str]) -> Missing:
        """Return what is missing if these texts are values."""
        return replace(self, texts=tuple(text for text in self.texts if text not in texts))


@dataclass(frozen=True)
class Layout:
    """How a text file is laid out, as far as somebody says; None is found out file by file.

    `header` is None for a line of names, False for none (c1, c2, ..), or the names themselves.
    `skip_lines` are lines above that line; a line that begins with `comment` is no row.
    """

    encoding: str | None = None
    header: Literal[False] | tuple[str, ...] | None = None
    delimiter: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    comment: str | None = None
    skip_lines: int = 0

    @property
    def marks(self) -> bool:
        """Whether somebody says how numbers are written."""
        return self.decimal is not None or self.thousands is not None


@dataclass(frozen=True)
class Reading:
    """What the reader of files is told of them; the rest it finds out file by file.

    `columns`: the only ones that are needed (None: all but those of `drop`); whatever others hold
    is ignored.
    `kinds`: columns whose kind is known already. `notations`: how the numbers of a column were
    written where it was first read. `truths`: columns in which true and false stand for 1 and 0;
    `as_written`: columns in which they are labels. `missing`: what stands for a missing value, and
    by column where that differs (`missing_in`). `again`: number columns that are read as texts
    too, and the name of these. `underscores`: 1_1 is 11, as older models take it.
    `memory_limit`: the most that DuckDB may take (say "4GB"). Rows beyond 32 MB go to a temporary
    file in `folder`, or where the system keeps such files.
    """

    columns: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    notations: Mapping[str, Notation] = field(default_factory=dict)
    truths: frozenset[str] = frozenset()
    as_written: frozenset[str] = frozenset()
    missing: Missing = Missing()
    missing_in: Mapping[str, Missing] = field(default_factory=dict)
    again: Mapping[str, str] = field(default_factory=dict)
    layout: Layout = Layout()
    underscores: bool = False
    memory_limit: str | None = None
    folder: Path | None = None

    @classmethod
    def only(cls, kinds: Mapping[str, Kind]) -> Reading:
        """Return how to read columns whose kinds are all known, and no others."""
        return cls(tuple(kinds), kinds=kinds)

    def missing_of(self, name: str) -> Missing:
        """Return what stands for a missing value in a column."""
        return self.missing_in.get(name, self.missing)

    def present(self, name: str, cells: Sequence[str]) -> list[str]:
        """Return the cells of a column that hold a value, without surrounding blanks."""
        missing = self.missing_of(name)
        texts = (cell.strip(BLANKS) for cell in cells)
        return [text for text in texts if text not in missing]


def not_utf8(text: str) -> str:
    """Return what is wrong with a text decoded with `surrogateescape`, or an empty string."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"expected UTF-8, got byte 0x{ord(text[error.start]) - 0xDC00:02x}"
    return ""
