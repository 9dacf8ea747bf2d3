"""Finds the numerals that the texts of a column are, and what a file says of their marks."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from mlpcli.data.table.numerals import BRACKETS, PERCENT, Numerals
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["SIGNS", "Marks"]

SIGNS: tuple[str, ...] = (PERCENT, *"$€£¥₹₽₩")
GROUPS = ("", ",", ".", " ", "\u00a0", "\u202f", "'", "’")
_MOST = 0.9
"""The share of texts that numerals must fit, so that the others are mistakes, or missing values."""
_AMOUNT = r"[.,]?[0-9][0-9.,'’\s]*(?:[eE][+-]?[0-9]+)?"
_WORD = r"(?:°|[^\W\d_])[^\s\d().,]"
_WORDED = re.compile(  # 0x and 1x are labels
    rf"\(?[+-]?(?:{_AMOUNT}({_WORD}{{1,11}})|{_AMOUNT}(?<=\s)({_WORD}{{0,11}})"
    rf"|([A-Z]{{3}})\s?[+-]?[.,]?[0-9].*)\)?"
)
_DIGIT = re.compile("[0-9]")


@dataclass(frozen=True)
class Marks:
    """What a file, or its reader, says of decimal marks and thousands; None is left to its texts.

    `needed` are the decimal marks that some column cannot do without.
    """

    decimal: str | None = None
    thousands: str | None = None
    needed: frozenset[str] = frozenset()
    delimiter: str = ","

    @property
    def declared(self) -> Numerals | None:
        """The numerals of a column without thousands, where somebody says how they are."""
        if self.decimal is None and self.thousands is None:
            return None
        return _numerals(self._decimals[0], self.thousands or "")

    def of(self, texts: Mapping[str, int], learnt: str | None = None) -> Numerals | None:
        """Return the numerals that texts of a column are, None where most are none.

        `texts` come with how often they are there. `1,234` is a decimal if another column has
        decimal commas and none has decimal points; if neither is there, as it was `learnt` before,
        or else if semicolons part the fields.
        """
        fitting = self._fitting(texts)
        marks = {numerals.decimal for numerals in fitting}
        if len(marks) < 2:
            return fitting[0] if fitting else None
        comma = any("," in text for text in texts)
        by_default = learnt or ("," if comma and self.delimiter == ";" else ".")
        wanted = next(iter(self.needed)) if len(self.needed) == 1 else by_default
        return next((each for each in fitting if each.decimal == wanted), fitting[0])

    def needs(self, texts: Mapping[str, int]) -> frozenset[str]:
        """Return the one decimal mark that fits the texts of a column, or none."""
        marks = frozenset(numerals.decimal for numerals in self._fitting(texts))
        return marks if len(marks) == 1 else frozenset()

    def contradict(self, numerals: Numerals, texts: Mapping[str, int]) -> bool:
        """Say whether the file reads texts, which may be such numerals, by the other decimal."""
        if numerals.decimal in self.needed or len(self.needed) != 1:
            return False
        return any(other.decimal in self.needed for other in self._fitting(texts))

    @property
    def _decimals(self) -> str:
        alone: str = {None: ".,", ".": ","}.get(self.thousands, ".")
        return self.decimal or alone

    def _fitting(self, texts: Mapping[str, int]) -> list[Numerals]:
        """Return the numerals that fit most texts, all of them equally well."""
        total = sum(texts.values())
        if 2 * sum(n for text, n in texts.items() if _DIGIT.search(text)) < total:
            return []
        fits = {each: _count(each, texts) for each in self._possible(texts)}
        most = max(fits.values(), default=0)
        return [each for each, n in fits.items() if n == most] if most >= _MOST * total > 0 else []

    def _possible(self, texts: Mapping[str, int]) -> Iterator[Numerals]:
        """Yield numerals with marks that texts have, or that somebody declares."""
        unit, decimals = _unit(texts), self._decimals
        negative = BRACKETS if any(text.endswith(")") for text in texts) else ""
        groups = [group for group in GROUPS if any(group in text for text in texts)]
        if self.thousands is not None:
            groups = [self.thousands]
        for group, decimal in product(groups, decimals):
            wanted = decimal == decimals[0] or group or unit or any(decimal in t for t in texts)
            if wanted and decimal != group:
                yield _numerals(decimal, group, unit, negative)


def _unit(texts: Mapping[str, int]) -> str:
    """Return the sign or word that most of the texts have besides a number, "" if none."""
    total = sum(texts.values())
    for sign in SIGNS:
        if 2 * sum(n for text, n in texts.items() if sign in text) > total:
            return sign
    words = Counter[str]()
    for text, n in texts.items():
        if match := _WORDED.fullmatch(text):
            words[str(match[match.lastindex or 0])] += n
    word, count = words.most_common(1)[0] if words else ("", 0)
    return word if 2 * count > total else ""


def _count(numerals: Numerals, texts: Mapping[str, int]) -> int:
    return sum(n for text, n in texts.items() if numerals.takes(text))


@cache
def _numerals(decimal: str, thousands: str, unit: str = "", negative: str = "") -> Numerals:
    return Numerals(decimal, thousands, unit, negative)
