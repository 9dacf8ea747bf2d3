"""Text from a user's table or file names, made safe to show."""

from __future__ import annotations

import json

__all__ = ["printable", "quoted"]


def printable(text: str) -> str:
    """Return the text on one line: line breaks, terminal codes and the like as escapes."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def quoted(value: str | float) -> str:
    """Return a text in the double quotes of YAML, a number as it is."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)
