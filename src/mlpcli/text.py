"""Text and values from a user's files and commands, made safe to show, and the nearest names."""

from __future__ import annotations

import json
import math
import shlex
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

__all__ = [
    "counted",
    "did_you_mean",
    "finite",
    "in_shell",
    "near_names",
    "one_of",
    "printable",
    "quoted",
    "shorten",
    "show",
    "show_name",
    "show_names",
    "show_ranges",
    "show_value",
    "strict_json",
]

LONGEST = 60
_LONGEST_CELL = 40
_NAMES_SHOWN = 5


def printable(text: str) -> str:
    """Return the text on one line: line breaks, terminal codes and the like as escapes.

    The escapes are those that Python and the double quotes of YAML have in common.
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def counted(number: int, noun: str, ending: str = "s") -> str:
    """Return "1 epoch", or "2 epochs": with the ending of several."""
    return f"{number} {noun}{'' if number == 1 else ending}"


def quoted(value: str | float) -> str:
    """Return a text in the double quotes of YAML, a number as it is."""
    return printable(json.dumps(value, ensure_ascii=False))


def in_shell(word: object) -> str:
    """Return a path or another word as it would be typed in a command: in quotes where need be."""
    text = str(word)
    if text.isprintable():
        return shlex.quote(text)
    return f"$'{''.join(map(_in_dollar_quotes, text))}'"


def _in_dollar_quotes(c: str) -> str:
    """Return a character for $'..' of the shell; a byte of a name that is no UTF-8 as that byte."""
    if c in "\\'":
        return f"\\{c}"
    if c.isprintable():
        return c
    if "\udc80" <= c <= "\udcff":
        return f"\\x{ord(c) - 0xDC00:02x}"
    return ascii(c)[1:-1] if c.isascii() else f"\\U{ord(c):08x}"


def shorten(text: str, longest: int = LONGEST) -> str:
    """Return the text on one line, unprintable characters escaped, its middle left out if long."""
    line = printable(text)
    if len(line) <= longest:
        return line
    half = (longest - 3) // 2
    return f"{line[:half]}...{line[-half:]}"


def show_value(value: Any) -> str:
    """Return a value as it would stand in YAML, on one short line, text in double quotes."""
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    return shorten(json.dumps(value, ensure_ascii=False, default=str))


def strict_json(text: str | bytes) -> Any:
    """Return the value of a JSON text; ValueError for what is none, nan and inf among it."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is no number of JSON")

    def read(digits: str) -> float:
        number = float(digits)
        return number if math.isfinite(number) else refuse(digits)

    try:
        return json.loads(text, parse_constant=refuse, parse_float=read)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def finite(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with null for what JSON cannot say: nan and inf."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in document.items()
    }


def show(value: str) -> str:
    """Return a value of a table in quotes, no longer than 40 characters."""
    return show_name(value if len(value) <= _LONGEST_CELL else value[: _LONGEST_CELL - 1] + "…")


def show_name(name: str) -> str:
    """Return a name in quotes and in full."""
    return f'"{printable(name)}"'


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``', did you mean "x"?'`` for the nearest of the known names, or an empty string.

    The nearest is one that differs by case alone, be it by all letters, or that looks the same: e
    with an accent is one character or two.
    """
    from difflib import get_close_matches
    from unicodedata import normalize

    known = list(known)
    composed = normalize("NFC", name)
    for other in known:
        if other != name and normalize("NFC", other) == composed:
            return (
                f', did you mean "{other}"? It looks the same and is of other characters (NFC, NFD)'
            )
    alike = [other for other in known if other.casefold() == name.casefold()]
    nearest = alike or get_close_matches(name, known, n=1)
    return f', did you mean "{nearest[0]}"?' if nearest else ""


def one_of(name: str, known: Collection[str]) -> str:
    """Return the nearest of a few names as a question, or else all of them."""
    return did_you_mean(name, known) or f"; expected one of {', '.join(known)}"


def near_names(name: str, names: Sequence[str]) -> str:
    """Return the nearest of many names as a question, or else the first of them."""
    return did_you_mean(name, names) or f"; it has {show_names(names, _NAMES_SHOWN)}"


def show_names(names: Sequence[str], most: int) -> str:
    """Return names as messages show them, at most so many."""
    return ", ".join([*map(show_name, names[:most]), *[".."] * (len(names) > most)])


def show_ranges(numbers: Sequence[int], letter: str = "") -> str:
    """Return W1, W3-W5 of ascending numbers: runs of three and more by their ends."""
    runs: list[list[int]] = []
    for i in numbers:
        if runs and runs[-1][-1] == i - 1:
            runs[-1].append(i)
        else:
            runs.append([i])
    parts = []
    for run in runs:
        names = [f"{letter}{i}" for i in run]
        parts += [f"{names[0]}-{names[-1]}"] if len(names) > 2 else names
    return ", ".join(parts)
