"""Finds out how the numbers of each column are written, by some of its texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.data.table.numerals import PLAIN, TRUTH, Marks, Numerals, is_number, is_truth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlpcli.data.table.numerals import Notation
    from mlpcli.data.table.reading import Reading

__all__ = ["notations_in"]


def notations_in(
    samples: Mapping[str, Sequence[str]], reading: Reading, delimiter: str
) -> dict[str, Notation]:
    """Return the notation of each column that has one of its own; the others are plain, or text.

    `samples` are texts of each column, none of them missing. What one column says of decimal marks
    counts for all of a file.
    """
    layout = reading.layout
    if not layout.marks:
        needed: frozenset[str] = frozenset()
        odd = [t for t in samples.values() if not all(map(is_number, t))]
        first = Marks(delimiter=delimiter)
        for texts in odd:
            needed |= first.needs(texts)
        if "," in needed:  # then the others count as well
            for texts in samples.values():
                needed |= first.needs(texts) if any("." in text for text in texts) else frozenset()
        marks = Marks(needed=needed, delimiter=delimiter)
    else:
        marks = Marks(layout.decimal, layout.thousands, delimiter=delimiter)
    found = {name: _of(name, texts, reading, marks) for name, texts in samples.items()}
    return {name: notation for name, notation in found.items() if notation is not None}


def _of(name: str, texts: Sequence[str], reading: Reading, marks: Marks) -> Notation | None:
    """Return the notation of one column, None where it is plain or no notation fits."""
    if reading.kinds.get(name) == "text" or reading.underscores:
        return None
    first = reading.notations.get(name)
    if first is not None and (first == TRUTH or all(map(first.fits, texts))):
        return first
    known = reading.kinds.get(name) == "number"
    may_be_true = name in reading.truths if known else name not in reading.as_written
    if may_be_true and is_truth(texts):
        return TRUTH
    found = _numerals(texts, marks)
    if known and found is not None and not _allowed(found, reading, name):
        return None
    return found


def _numerals(texts: Sequence[str], marks: Marks) -> Numerals | None:
    plain, declared = all(map(is_number, texts)), (marks.decimal or marks.thousands) is not None
    if plain and "," not in marks.needed and not declared:
        return None
    found = marks.of(texts)
    if found is None and plain and declared:  # which then tells what does not fit
        return Numerals(marks.decimal or ".", marks.thousands or "")
    return None if found == PLAIN else found


def _allowed(found: Numerals, reading: Reading, name: str) -> bool:
    """Say whether a column may have this unit where it was first read otherwise."""
    if name not in reading.notations:
        return True
    first = reading.notations[name]
    return not found.unit or (isinstance(first, Numerals) and first.unit == found.unit)
