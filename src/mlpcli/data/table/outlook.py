"""What a look at the top of files promises, before any row is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlpcli.data.table.parts import Kind, Part

__all__ = ["Outlook", "guess_kind", "look"]


@dataclass(frozen=True)
class Outlook:
    """About how many rows there are, and inputs by column: one of a number, one per text seen.

    `memory_limit` is in bytes, the given one or 80 % of the memory.
    """

    sources: tuple[Path, ...]
    rows: int
    inputs: Mapping[str, int]
    memory_limit: int


def look(parts: Sequence[Part], names: Sequence[str], memory_limit: int) -> Outlook:
    """Return what the first rows of the parts promise of the whole."""
    inputs = {
        name: 1
        if guess_kind(parts, name) == "number"
        else len({text for part in parts for text in part.sample(name)})
        for name in names
    }
    sources = tuple(part.path for part in parts)
    return Outlook(sources, sum(part.rows for part in parts), inputs, memory_limit)


def guess_kind(parts: Sequence[Part], name: str) -> Kind:
    """Return what a column most probably is."""
    present, numbers = map(sum, zip(*(part.votes(name) for part in parts), strict=True))
    return "number" if 2 * numbers >= present else "text"
