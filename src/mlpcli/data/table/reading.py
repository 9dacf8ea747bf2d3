"""How files are read as one table, and what its columns are then."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "BLANKS",
    "MISSING",
    "Categorical",
    "Column",
    "Kind",
    "Reading",
    "is_number",
    "not_utf8",
]

BLANKS = " \t"
MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")

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
class Reading:
    """What the reader of files is told of them; the rest it finds out file by file.

    `columns`: the only ones that are needed (None: all); whatever others hold is ignored.
    `kinds`: columns whose kind is known already. `missing`: what stands for a missing value.
    `delimiters`: those that are tried on a header. `memory_limit`: the most that DuckDB may take
    (say "4GB"). Rows beyond 32 MB go to a temporary file in `folder`, or where the system keeps
    such files.
    """

    columns: tuple[str, ...] | None = None
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    missing: tuple[str, ...] = MISSING
    delimiters: str = ",;\t|"
    memory_limit: str | None = None
    folder: Path | None = None

    @classmethod
    def only(cls, kinds: Mapping[str, Kind]) -> Reading:
        """Return how to read columns whose kinds are all known, and no others."""
        return cls(tuple(kinds), kinds)

    def present(self, cells: list[str]) -> list[str]:
        """Return the cells that hold a value, without surrounding blanks."""
        texts = (cell.strip(BLANKS) for cell in cells)
        return [text for text in texts if text not in self.missing]


def is_number(text: str) -> bool:
    """Say whether a value looks like a finite number; a guess that DuckDB's own cast confirms."""
    try:
        return abs(float(text)) < float("inf")
    except ValueError:
        return False


def not_utf8(text: str) -> str:
    """Return what is wrong with a text decoded with `surrogateescape`, or an empty string."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"expected UTF-8, got byte 0x{ord(text[error.start]) - 0xDC00:02x}"
    return ""
