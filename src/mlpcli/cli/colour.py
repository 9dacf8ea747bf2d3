"""Colour: when a stream gets any, and what each meaning looks like."""

from __future__ import annotations

import os
import re
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal, TextIO, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlpcli.report.marks import Marks

__all__ = ["STYLES", "When", "all_of", "choose", "coloured", "paint"]

When: TypeAlias = Literal["auto", "always", "never"]

STYLES = {
    "good": "bold green",
    "bad": "bold red",
    "open": "bold yellow",
    "name": "bold magenta",
    "error": "red",
    "warning": "yellow",
}
"""Each meaning in the words of Rich."""

_CODES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "magenta": "35"}
_chosen: ContextVar[When] = ContextVar("colour", default="auto")


def choose(when: When) -> None:
    """Set what --color says, for the rest of this command line."""
    _chosen.set(when)


def coloured(stream: TextIO) -> bool:
    """Whether the stream gets colour: by --color, else a terminal does unless NO_COLOR is set."""
    chosen = _chosen.get()
    if chosen == "auto":
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return stream.isatty() and not plain
    return chosen == "always"


def paint(text: str, marks: Marks | Mapping[str, str], stream: TextIO) -> str:
    """Return the text with each marked word in its colour, where the stream gets any."""
    if not marks or not coloured(stream):
        return text
    longest_first = sorted(map(re.escape, marks), key=len, reverse=True)
    words = re.compile(rf"(?<![\w-])(?:{'|'.join(longest_first)})(?![\w-])")
    return words.sub(lambda found: _in_style(found[0], marks[found[0]]), text)


def _in_style(text: str, meaning: str) -> str:
    codes = ";".join(_CODES[word] for word in STYLES[meaning].split())
    return f"\x1b[{codes}m{text}\x1b[0m"


def all_of(text: str, meaning: str, stream: TextIO) -> str:
    """Return the whole text in the colour of a meaning, where the stream gets any."""
    return _in_style(text, meaning) if coloured(stream) else text
