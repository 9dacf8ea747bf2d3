"""Shows names and values of a table in a message: in quotes, on one line, in UTF-8."""

from __future__ import annotations

LONGEST_VALUE = 40


def show(value: str) -> str:
    """Return a value in quotes, no longer than 40 characters."""
    return show_name(value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…")


def show_name(name: str) -> str:
    """Return a name in quotes and in full, line breaks and the like as escapes."""
    return '"' + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name) + '"'
