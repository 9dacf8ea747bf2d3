"""docs/reliability.md: its tables, each between two marks, as the long runs have counted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["read_rows", "table_of", "write_between"]

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"


def table_of(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def read_rows(name: str) -> list[list[str]]:
    """Return the cells of the table of that name, without its head."""
    _, table, _ = _parts(name)
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def write_between(name: str, text: str) -> None:
    """Put a text in the place of the table of that name."""
    before, _, after = _parts(name)
    PAGE.write_text(before + text + after, encoding="utf-8")


def _parts(name: str) -> tuple[str, str, str]:
    """Return the page up to and with the mark at which a table begins, the table, and the rest."""
    page = PAGE.read_text(encoding="utf-8")
    start = page.index("\n", page.index(f"<!-- {name}: ")) + 1
    stop = page.index(f"<!-- end of {name} -->", start)
    return page[:start], page[start:stop], page[stop:]
