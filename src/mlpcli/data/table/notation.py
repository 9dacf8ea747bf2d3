"""Finds out how the numbers of each column are written, by some of its texts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mlpcli.data.table.marks import Marks
from mlpcli.data.table.numerals import PLAIN, TRUTH, Numerals, is_code, is_number, is_truth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlpcli.data.table.numerals import Notation
    from mlpcli.data.table.reading import Reading

__all__ = ["notations_in"]

COMMA = Numerals(",")


def notations_in(
    samples: Mapping[str, Mapping[str, int]], reading: Reading, delimiter: str
) -> dict[str, Notation]:
    """Return the notation of each column that has one of its own; the others are plain, or text.

    `samples` are texts of each column, none of them missing, with how often they are there. What
    one column says of decimal marks counts for all of a file.
    """
    marks = Marks(reading.layout.decimal, reading.layout.thousands, delimiter=delimiter)
    if not reading.layout.marks:
        marks = replace(marks, needed=_needed(samples, reading, marks))
    found = {name: _of(name, texts, reading, marks) for name, texts in samples.items()}
    return {name: notation for name, notation in found.items() if notation is not None}


def _needed(
    samples: Mapping[str, Mapping[str, int]], reading: Reading, marks: Marks
) -> frozenset[str]:
    """Return the decimal marks that columns cannot do without.

    Points that are plain numbers count where commas are about, in the file or by what is known.
    """
    odd = [texts for texts in samples.values() if not all(map(is_number, texts))]
    needed = frozenset[str]().union(*map(marks.needs, odd))
    learnt = {each.decimal for each in reading.notations.values() if isinstance(each, Numerals)}
    if "," in needed | learnt:
        pointed = [texts for texts in samples.values() if any("." in text for text in texts)]
        needed = needed.union(*map(marks.needs, pointed))
    return needed


def _of(name: str, texts: Mapping[str, int], reading: Reading, marks: Marks) -> Notation | None:
    """Return the notation of one column, None where it is plain or no notation fits."""
    if reading.kinds.get(name) == "text" or reading.underscores:
        return None
    first = reading.notations.get(name)
    if first == TRUTH:
        return first
    fits = isinstance(first, Numerals) and all(map(first.fits, texts))
    if isinstance(first, Numerals) and fits and not marks.contradict(first, texts):
        return first
    known = reading.kinds.get(name) == "number"
    may_be_true = name in reading.truths if known else name not in reading.as_written
    if may_be_true and is_truth(texts):
        return TRUTH
    found = _numerals(texts, marks, first.decimal if isinstance(first, Numerals) else None)
    if known and found is not None and not _allowed(found, first):
        return None
    return found


def _numerals(texts: Mapping[str, int], marks: Marks, learnt: str | None) -> Numerals | None:
    plain = all(map(is_number, texts))
    if plain and "," not in {*marks.needed, learnt} and marks.declared is None:
        return None
    if marks.needed == {","} and all(map(COMMA.fits, texts)):
        return None if is_code([*texts]) else COMMA  # which a late point is none of
    found = marks.of(texts, learnt)
    if found is None and plain:  # which then tells what does not fit
        return marks.declared
    return None if found == PLAIN else found


def _allowed(found: Numerals, first: Notation | None) -> bool:
    """Say whether a column may have this unit where it was first read otherwise."""
    if first is None:
        return True
    return not found.unit or (isinstance(first, Numerals) and first.unit == found.unit)
