"""Users' names, texts and numbers as C99 writes them; nothing in a name can be taken for code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = [
    "braced",
    "comment",
    "distinct",
    "ended_texts",
    "identifier",
    "number",
    "numbers",
    "quote",
    "texts",
]

_LONGEST_NAME = 40  # of an identifier: a compiler need not tell more than 63 characters apart
_LONGEST_COMMENT = 60
_WIDTH = 90
_SHORT = 60
_HARMLESS = re.compile(r"[A-Za-z0-9_ .,:;=+<>()%-]")  # neither ends a comment nor begins a trigraph
_PLAIN = re.compile(r"[A-Za-z0-9_ .,:;=+<>()/*-]")
_WORDS = """
    asm auto bool break case catch char class const continue default delete do double else enum
    errno explicit export extern false final float for friend goto if inline int linux long
    mutable namespace near new nullptr operator override private protected public register
    restrict return short signed sizeof static stderr stdin stdout struct switch template this
    throw true try typedef typename typeof union unix unsigned using virtual void volatile while
"""
"""Words of C and C++, and macros of common systems."""
_TAKEN = frozenset(_WORDS.split())


def identifier(name: str) -> str:
    """Return a name for C: letters, digits and underscores, and no word of the language."""
    bare = re.sub(r"[^A-Za-z0-9]+", "_", name)[:_LONGEST_NAME].strip("_") or "column"
    own = bare[0].isalpha() and bare not in _TAKEN and any(c.islower() for c in bare)
    return bare if own else f"c_{bare}"  # all capitals is what macros are


def distinct(names: Iterable[str]) -> list[str]:
    """Return an identifier for each name, no two alike."""
    taken: dict[str, None] = {}
    for name in map(identifier, names):
        own, count = name, 1
        while own in taken:
            count += 1
            own = f"{name}_{count}"
        taken[own] = None
    return [*taken]


def comment(text: str) -> str:
    """Return a text for a comment, in quotes: what could end it or join lines is an escape."""
    short = text if len(text) <= _LONGEST_COMMENT else text[:_LONGEST_COMMENT] + ".."
    return "'" + "".join(c if _HARMLESS.fullmatch(c) else f"<{ord(c):x}>" for c in short) + "'"


def quote(text: str) -> str:
    """Return a string literal: UTF-8 bytes, all but plain characters in octal."""
    return '"' + "".join(map(_character, text.encode())) + '"'


def _character(byte: int) -> str:
    return chr(byte) if _PLAIN.fullmatch(chr(byte)) else f"\\{byte:03o}"


def texts(values: Iterable[str]) -> str:
    """Return the initializer of an array of texts."""
    return braced(map(quote, values))


def ended_texts(values: Iterable[str]) -> str:
    """Return the initializer of an array of texts that ends with NULL."""
    return braced([*map(quote, values), "NULL"])


def number(value: float | np.floating[Any]) -> str:
    """Return a constant of the value's own precision, of as many digits as give it back."""
    single = isinstance(value, np.float32)
    digits = f"{float(value):.9g}" if single else repr(float(value))
    whole = digits.lstrip("-").isdigit()
    return f"{digits}{'.0' * whole}{'f' * single}"


def numbers(values: NDArray[np.floating[Any]]) -> str:
    """Return the initializer of an array of numbers."""
    return braced(number(value) for value in values.ravel())


def braced(items: Iterable[str]) -> str:
    """Return items in braces: on one line if it is short, else in several."""
    line, lines = "", []
    for item in items:
        if line and len(line) + len(item) > _WIDTH:
            lines.append(line)
            line = ""
        line += f"{item}, "
    lines.append(line.rstrip().removesuffix(","))
    if len(lines) == 1 and len(line) < _SHORT:
        return f"{{{lines[0]}}}"
    return "\n        ".join(["{", *(line.rstrip() for line in lines)]) + "\n    }"
