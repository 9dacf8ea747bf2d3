"""How the numbers of a column are written: 3.14, 3,14, 1,234.5, 12%, $5, or true and false.

A notation is found by the texts of a column, and is then an SQL expression. Percent signs count:
12% is 0.12. Where a text fits several notations the rest of the file decides, see `marks`.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

__all__ = [
    "PLAIN",
    "TRUTH",
    "Notation",
    "Numerals",
    "Truth",
    "is_number",
    "is_truth",
    "notation_from",
]

PERCENT = "%"
BRACKETS = "()"
_CURRENCY = re.compile("[A-Z]{3}")  # ISO 4217


def is_number(text: str) -> bool:
    """Say whether a value looks like a finite number; a guess that DuckDB's own cast confirms."""
    try:
        return abs(float(text)) < float("inf") and "_" not in text
    except ValueError:
        return False


@dataclass(frozen=True)
class Numerals:
    """Numbers with this decimal mark, this mark between thousands and this unit, if any.

    A unit is a sign or a word, such as kg. `negative` are the brackets of books, where (5) is -5.
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""
    negative: str = ""

    @property
    def words(self) -> str:
        """In words, what a text of the column means."""
        if self == PLAIN:
            return "numbers, where 1.234 is 1.234"
        whole = f"1{self.thousands}234" if self.thousands else "12"
        if self.unit == PERCENT:
            return f"numbers, where {whole}% is {'12.34' if self.thousands else '0.12'}"
        meaning = "1234.5" if self.thousands else "12.5"
        written = self._with_unit(f"{whole}{self.decimal}5")
        if self.negative:
            return f"numbers, where ({written}) is -{meaning}"
        return f"numbers, where {written} is {meaning}"

    def fits(self, text: str) -> bool:
        """Say whether a text is such a number."""
        if self == PLAIN:
            return is_number(text)
        return bool(self._compiled.fullmatch(text)) and is_number(self._bare(text))

    def takes(self, text: str) -> bool:
        """Say whether a text may be a number of such a column, which lacks the unit at most."""
        return self.fits(text) or (bool(self.unit) and is_number(text))

    @property
    def stranger(self) -> str:
        """What a plain number among these lacks, which therefore is none of them; "" if nothing."""
        return "" if self.unit not in {"", PERCENT} else f" without {self.unit or self.decimal}"

    def value(self, text: str) -> float:
        """Return the number that a text is, which must fit."""
        number = float(self._bare(text))
        return number / 100 if self.unit == PERCENT else number

    def _bare(self, text: str) -> str:
        if self == PLAIN:
            return text
        for mark in (self.unit, " ", "\u00a0", self.thousands):
            text = text.replace(mark, "") if mark else text
        if self.negative:
            text = text.replace("(", "-").replace(")", "")
        return text.replace(self.decimal, ".")

    def number(self, text: str, cast: str = "CAST") -> str:
        """Return an SQL expression for the number that a text is; `cast` says what if it is none.

        CAST raises and TRY_CAST returns NULL.
        """
        if self == PLAIN:  # to DuckDB 1_1 is 11
            return f"{cast}(replace({text}, '_', '?') AS DOUBLE)"
        marks = "".join(map(re.escape, sorted({" ", "\u00a0", self.thousands} - {""})))
        unwanted = f"{re.escape(self.unit)}|[{marks}]" if self.unit else f"[{marks}]"
        bare = f"regexp_replace({text}, '{_quoted(unwanted)}', '', 'g')"
        if self.negative:
            bare = f"replace(replace({bare}, '(', '-'), ')', '')"
        bare = f"replace({bare}, '{self.decimal}', '.')"
        fits = f"regexp_full_match({text}, '{_quoted(self._pattern)}')"
        number = f"{cast}(CASE WHEN {fits} THEN {bare} ELSE '?' || {text} END AS DOUBLE)"
        return f"({number} / 100)" if self.unit == PERCENT else number

    def to_document(self) -> dict[str, Any]:
        """Return the notation as JSON values."""
        return asdict(self)

    @property
    def _by_word(self) -> bool:
        return self.unit[:1].isalpha()

    @property
    def _leads(self) -> bool:
        """Whether the unit may stand in front: a sign, or a currency; Q1 and row 1 are names."""
        return not self._by_word or _CURRENCY.fullmatch(self.unit) is not None

    def _with_unit(self, number: str) -> str:
        return f"{number} {self.unit}" if self._by_word else f"{self.unit}{number}"

    @cached_property
    def _pattern(self) -> str:
        decimal, group, unit = map(re.escape, (self.decimal, self.thousands, self.unit))
        whole = rf"(?:[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}})+|[0-9]+)" if group else "[0-9]+"
        number = rf"(?:{whole}(?:{decimal}[0-9]*)?|{decimal}[0-9]+)(?:[eE][+-]?[0-9]+)?"
        gap = "[ \u00a0]?"
        behind = f"{number}{gap}{unit}" if unit else number
        ahead = f"{unit}{gap}" if unit and self._leads else ""
        ways = [f"[+-]?{behind}"] + [f"[+-]?{ahead}[+-]?{number}"] * bool(ahead)
        if self.negative:
            inside = [rf"\({behind}\)"]
            ways += inside + [rf"\({ahead}{number}\)", rf"{ahead}\({number}\)"] * bool(ahead)
        return "|".join(ways)

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self._pattern)


@dataclass(frozen=True)
class Truth:
    """True and false in any spelling, as 1 and 0."""

    stranger: ClassVar[str] = ", neither true nor false"

    @property
    def words(self) -> str:
        """In words, what a text of the column means."""
        return "true and false, as 1 and 0"

    def fits(self, text: str) -> bool:
        """Say whether a text is true or false."""
        return text.lower() in _TRUTH

    def number(self, text: str, cast: str = "CAST") -> str:
        """Return an SQL expression for 1 or 0; `cast` says what if the text is neither."""
        cases = " ".join(f"WHEN '{word}' THEN '{value}'" for word, value in _TRUTH.items())
        return f"{cast}(CASE lower({text}) {cases} ELSE '?' || {text} END AS DOUBLE)"

    def to_document(self) -> dict[str, Any]:
        """Return the notation as JSON values."""
        return {value: [w for w, v in _TRUTH.items() if v == value] for value in ("1", "0")}


Notation: TypeAlias = Numerals | Truth

PLAIN, TRUTH = Numerals(), Truth()
_TRUTH = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1", "1.0"), "1"),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0", "0.0"), "0"),
    **dict.fromkeys(("wahr", "vrai", "verdadero", "vero", "waar"), "1"),
    **dict.fromkeys(("falsch", "faux", "falso", "onwaar"), "0"),
}  # the words that spreadsheets write, in some languages
_SURELY = ({"true"}, {"false"}, {"t", "f"}, {"wahr"}, {"falsch"}, {"vrai"}, {"faux"},
           {"verdadero"}, {"falso"}, {"vero"}, {"waar"}, {"onwaar"})  # fmt: skip
"""Words of which a column of true and false has those of one set at least."""
_NEVER_ALONE = {"yes", "y", "on", "no", "n", "off"}
"""Words that are labels unless the config says otherwise."""


def notation_from(document: Mapping[str, Any]) -> Notation:
    """Return the notation that `to_document` described; TypeError where it is none."""
    return TRUTH if "1" in document else Numerals(**document)


def is_truth(texts: Collection[str]) -> bool:
    """Say whether a column of these texts holds true and false, and could not mean labels."""
    words = {text.lower() for text in texts}
    certain = any(some <= words for some in _SURELY)
    return certain and words <= _TRUTH.keys() - _NEVER_ALONE


def _quoted(pattern: str) -> str:
    return pattern.replace("'", "''")


def is_code(texts: Sequence[str]) -> bool:
    """Say whether digits are a code: of one width, and at least one begins with 0."""
    width = len(texts[0]) if texts else 0
    same = width > 1 and all(len(text) == width and text.isdigit() for text in texts)
    return same and any(text.startswith("0") for text in texts)
