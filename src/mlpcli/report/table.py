"""Tables of text: drawn at a terminal, in plain columns for a pipe."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlpcli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.table import Table as RichTable

__all__ = ["Table", "aligned", "number"]

_GAP = 2  # between columns
_MARGIN = 3  # that Rich needs at a terminal


def number(value: float | None, digits: str = ".3g") -> str:
    """Return the number, or a dash for none."""
    return "-" if value is None else format(value, digits)


def aligned(
    rows: Sequence[Sequence[str]], names: int, width: int = sys.maxsize, *, together: int = 1
) -> tuple[str, ...]:
    """Return lines of columns, the first `names` to the left, in parts if `width` is too small.

    So many columns stay `together`.
    """
    lengths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return tuple(
        (" " * _GAP)
        .join(row[j].ljust(lengths[j]) if j < names else row[j].rjust(lengths[j]) for j in part)
        .rstrip()
        for part in _parts(lengths, names, width, together)
        for row in rows
    )


def _parts(lengths: Sequence[int], names: int, width: int, together: int = 1) -> list[list[int]]:
    """Return which columns of these lengths to show side by side, each time after the `names`."""
    parts = [[*range(names)]]
    for j in range(names, len(lengths), together):
        group = range(j, min(j + together, len(lengths)))
        if len(parts[-1]) > names and _total(lengths[i] for i in (*parts[-1], *group)) > width:
            parts.append([*range(names)])
        parts[-1] += group
    return parts


def _total(lengths: Iterable[int]) -> int:
    """Return the width of columns side by side."""
    return sum(length + _GAP for length in lengths) - _GAP


@dataclass(frozen=True)
class Table:
    """Rows of text under a header; names first, then `numeric` columns aligned right, or text."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: bool = True

    def plain(self) -> str:
        """Return title, header and rows as aligned columns."""
        names = 1 if self.numeric else len(self.header)
        return "\n".join([printable(self.title), *aligned(self._lines(), names)])

    def pieces(self, width: int) -> list[Table]:
        """Return the table cut into as many as it takes to fit numbers into `width` characters."""
        if not self.numeric:
            return [self]
        lengths = [_width(column) for column in zip(*self._lines(), strict=True)]
        return [
            replace(
                self,
                title=self.title if not k else "",
                header=tuple(self.header[j] for j in part),
                rows=tuple(tuple(row[j] for j in part) for row in self.rows),
            )
            for k, part in enumerate(_parts(lengths, 1, width - _MARGIN))
        ]

    def rich(self) -> RichTable:
        """Return the table for a Rich console."""
        from rich import box
        from rich.table import Table as RichTable
        from rich.text import Text

        header, *rows = self._lines()
        table = RichTable(
            title=Text(printable(self.title)) if self.title else None,
            title_justify="left",
            box=box.SIMPLE_HEAD,
            show_edge=False,
            padding=(0, 1, 0, 0),
        )
        for j, column in enumerate(zip(header, *rows, strict=True)):
            right = j > 0 and self.numeric
            table.add_column(
                Text(column[0]),
                justify="right" if right else "left",
                no_wrap=j == 0,
                overflow="fold",
                min_width=_width(column) if self.numeric else None,
            )
        for row in rows:
            table.add_row(*map(Text, row))
        return table

    def _lines(self) -> list[tuple[str, ...]]:
        return [tuple(map(printable, line)) for line in (self.header, *self.rows)]


def _width(column: tuple[str, ...]) -> int:
    """Return the width of a column whose header may be broken between words."""
    header, *cells = column
    return max(map(len, [*header.split(), *cells]), default=0)
