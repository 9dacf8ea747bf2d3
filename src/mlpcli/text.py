"""Text and values from a user's files and commands, made safe to show."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from mlpcli.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["near_names", "printable", "quoted", "shorten", "show", "show_name", "show_value"]

LONGEST = 60
_LONGEST_CELL = 40
_NAMES_SHOWN = 5


def printable(text: str) -> str:
    """Return the text on one line: line breaks, terminal codes and the like as escapes."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def quoted(value: str | float) -> str:
    """Return a text in the double quotes of YAML, a number as it is."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)


def shorten(text: str, longest: int = LONGEST) -> str:
    """Return the text on one line, unprintable characters escaped, its middle left out if long."""
    line = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
    if len(line) <= longest:
        return line
    half = (longest - 3) // 2
    return f"{line[:half]}...{line[-half:]}"


def show_value(value: Any) -> str:
    """Return a value as it would stand in YAML, on one short line, text in double quotes."""
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    return shorten(json.dumps(value, ensure_ascii=False, default=str))


def show(value: str) -> str:
    """Return a value of a table in quotes, no longer than 40 characters."""
    return show_name(value if len(value) <= _LONGEST_CELL else value[: _LONGEST_CELL - 1] + "…")


def show_name(name: str) -> str:
    """Return a name in quotes and in full."""
    return f'"{printable(name)}"'


def near_names(name: str, names: Sequence[str]) -> str:
    """Return the nearest of the names as a question, or else the first of them."""
    shown = ", ".join(map(show_name, names[:_NAMES_SHOWN]))
    more = ", .." if len(names) > _NAMES_SHOWN else ""
    return did_you_mean(name, names) or f"; it has {shown}{more}"
