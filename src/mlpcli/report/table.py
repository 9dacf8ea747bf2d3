"""Tables of text: drawn at a terminal, in plain columns for a pipe."""

from __future__ import annotations

import sys
from dataclasses import field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from mlpcli.records import dataclass
from mlpcli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.table import Table as RichTable

    from mlpcli.report.marks import Marks

__all__ = ["Table", "aligned", "number"]

_LONGEST_NUMBER = 14
_GAP = 2  # between columns
_MARGIN = 3  # that Rich needs at a terminal


def number(value: float | None, digits: str = ".3g") -> str:
    """Return the number, or a dash for none; one of very many digits with a power of ten."""
    if value is None:
        return "-"
    text = format(value, digits)
    return text if len(text) <= _LONGEST_NUMBER else format(value, ".4g")


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
        for part in _parts(lengths, names, width, together, last=together)
        for row in rows
    )


def _parts(
    lengths: Sequence[int], names: int, width: int, together: int = 1, *, last: int = 1
) -> list[list[int]]:
    """Return which columns of these lengths to show side by side, each time after the `names`.

    So many stay `together`, and the `last` so many.
    """
    parts, end = [[*range(names)]], len(lengths) - last
    groups = [range(j, min(j + together, end)) for j in range(names, end, together)]
    for group in (*groups, range(max(names, end), len(lengths))):
        if len(parts[-1]) > names and _total(lengths[i] for i in (*parts[-1], *group)) > width:
            parts.append([*range(names)])
        parts[-1] += group
    return parts


def _total(lengths: Iterable[int]) -> int:
    """Return the width of columns side by side."""
    return sum(length + _GAP for length in lengths) - _GAP


@dataclass(frozen=True)
class Table:
    """Rows of text under a header; names first, then `numeric` columns aligned right, or text.

    Cells that are `marks` stand out. `narrower` are tables that say less, for narrow windows; the
    last so many columns stay `together`.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: bool = True
    marks: Marks = field(default_factory=dict)
    narrower: tuple[Table, ...] = ()
    together: int = 1

    def plain(self) -> str:
        """Return title, header and rows as aligned columns."""
        names = 1 if self.numeric else len(self.header)
        return "\n".join([printable(self.title), *aligned(self._lines(), names)])

    def without(self, *columns: str) -> Table:
        """Return the table without these columns."""
        return self._with_columns([j for j, name in enumerate(self.header) if name not in columns])

    def pieces(self, width: int) -> list[Table]:
        """Return the table, or the first narrower one that fits into `width` characters.

        If none does the last is cut into as many as it takes; only numbers are.
        """
        if not self.numeric:
            return [self]
        found = next((one for one in (self, *self.narrower) if one._fits(width)), None)
        if found is not None:
            return [found]
        table = (self, *self.narrower)[-1]
        cut = _parts(table._widths(), 1, width - _MARGIN, last=table.together)
        return [
            replace(table._with_columns(part), title=table.title if not k else "")
            for k, part in enumerate(cut)
        ]

    def _with_columns(self, part: Sequence[int]) -> Table:
        return replace(
            self,
            header=tuple(self.header[j] for j in part),
            rows=tuple(tuple(row[j] for j in part) for row in self.rows),
            narrower=(),
        )

    def _widths(self) -> list[int]:
        return [_width(column) for column in zip(*self._lines(), strict=True)]

    def _fits(self, width: int) -> bool:
        return _total(self._widths()) + 1 <= width

    def rich(
        self, styles: Mapping[str, str] = MappingProxyType({}), width: int = sys.maxsize
    ) -> RichTable:
        """Return the table for a Rich console, what is marked in the style of its meaning.

        Where numbers have to share `width` characters, headers are broken and no number is.
        """
        from rich import box
        from rich.table import Table as RichTable
        from rich.text import Text

        header, *rows = lines = self._lines()
        tight = self.numeric and _total(map(_longest, zip(*lines, strict=True))) + 1 > width
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
                width=_width(column) if tight else None,
            )
        for row in rows:
            meanings = (self.marks.get(cell.strip(), "") for cell in row)
            styled = (styles.get(meaning, "") for meaning in meanings)
            table.add_row(*map(Text, row, styled))
        return table

    def _lines(self) -> list[tuple[str, ...]]:
        return [tuple(map(printable, line)) for line in (self.header, *self.rows)]


def _longest(column: tuple[str, ...]) -> int:
    return max(map(len, column))


def _width(column: tuple[str, ...]) -> int:
    """Return the width of a column whose header may be broken between words."""
    header, *cells = column
    return max(map(len, [*header.split(), *cells]), default=0)
