"""The few pieces of HTML that the page of a run is made of; whatever is not markup is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from mlpcli.records import dataclass
from mlpcli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlpcli.report.table import Table

__all__ = ["Section", "details", "list_of", "paragraph", "safe", "table_of"]


def safe(text: str) -> str:
    """Return a text, perhaps of a stranger's table, for between tags and in quoted attributes."""
    return escape(printable(text))


def paragraph(text: str, kind: str = "") -> str:
    """Return a sentence as a paragraph, of a `kind` that the style sheet knows."""
    return f'<p class="{kind}">{safe(text)}</p>' if kind else f"<p>{safe(text)}</p>"


def list_of(texts: Iterable[str]) -> str:
    """Return sentences as a list, nothing where there are none."""
    items = "".join(f"<li>{safe(text)}</li>" for text in texts)
    return f"<ul>{items}</ul>" if items else ""


def details(summary: str, inside: str) -> str:
    """Return markup that is folded up until somebody asks for it."""
    return f"<details><summary>{safe(summary)}</summary>{inside}</details>"


def table_of(table: Table) -> str:
    """Return a table with its title as caption, and the first cell of each row as its header."""
    head = "".join(f'<th scope="col">{safe(name)}</th>' for name in table.header)
    rows = "".join(_row(*row) for row in table.rows)
    kind = "numbers" if table.numeric else "words"
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{safe(table.title)}">'
        f'<table class="{kind}"><caption>{safe(table.title)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(first: str, *others: str) -> str:
    cells = "".join(f"<td>{safe(cell)}</td>" for cell in others)
    return f'<tr><th scope="row">{safe(first)}</th>{cells}</tr>'


@dataclass(frozen=True)
class Section:
    """A part of the page: a heading, the anchor that leads to it, and markup."""

    anchor: str
    heading: str
    inside: str

    def markup(self) -> str:
        """Return the section with its heading."""
        return (
            f'<section aria-labelledby="{self.anchor}"><h2 id="{self.anchor}">'
            f"{safe(self.heading)}</h2>{self.inside}</section>"
        )
