"""Tables and sentences as HTML, for notebooks: the same as the text, without scripts or styles."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from mlpcli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlpcli.report.table import Table

__all__ = ["html"]


def html(pieces: Iterable[Table | str]) -> str:
    """Return a fragment: a table for each table, a paragraph for each sentence."""
    return "\n".join(_sentence(p) if isinstance(p, str) else _table(p) for p in pieces)


def _sentence(text: str) -> str:
    return f"<p>{escape(printable(text.strip()))}</p>"


def _table(table: Table) -> str:
    head = _row("th", table.header)
    body = "\n".join(_row("td", row) for row in table.rows)
    caption = f"<caption>{escape(printable(table.title))}</caption>\n" if table.title else ""
    return f"<table>\n{caption}<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _row(tag: str, cells: Iterable[str]) -> str:
    inner = "".join(f"<{tag}>{escape(printable(cell))}</{tag}>" for cell in cells)
    return f"<tr>{inner}</tr>"
