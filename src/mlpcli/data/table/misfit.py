"""What to do about a text in a column of numbers."""

from __future__ import annotations

from mlpcli.data.table.marks import Marks
from mlpcli.data.table.reading import CODES
from mlpcli.text import quoted

__all__ = ["advice"]

_LONGEST = 40


def advice(name: str, value: str, *, lacks: str = "", decided: bool = False) -> str:
    """Return the next step as the end of a message; "" where the value is but a bad number.

    `lacks` ends the value if it is a number without a mark that the column's others have.
    `decided` says that the column was to hold numbers, by a config or as in training.
    """
    if value not in CODES and (value.removesuffix(lacks) != value or _is_float(value)):
        return ""
    if (found := Marks().of({value: 1})) is not None:
        marks = f'data.decimal: "{found.decimal}"'
        if found.thousands:
            marks += f', data.thousands: "{found.thousands}"'
        return (
            f"; if that is {found.value(value):.12g}, write all numbers of the column in one way: "
            f"{marks}"
        )
    if decided:
        return "; if that is a missing value, leave the field empty"
    missing = f"; if that is a missing value, set data.missing_values: [{quoted(value)}]"
    texts = f"; if the column holds texts, set data.types: {{{quoted(name)}: text}}"
    if value in CODES:
        return missing
    return texts if len(value) > _LONGEST else missing + texts


def _is_float(text: str) -> bool:
    """Whether Python reads a number, be it not finite or with underscores."""
    try:
        float(text)
    except ValueError:
        return False
    return True
