"""Tells a line of names from a row, by what the fields of the first lines are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.data.table.numerals import is_number
from mlpcli.data.table.reading import BLANKS, CODES, MISSING
from mlpcli.errors import DataError
from mlpcli.text import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.data.table.reading import Reading

__all__ = ["looks_like_data", "names_columns", "refuse_numbers"]


def looks_like_data(names: Sequence[str], sample: Sequence[Sequence[str]]) -> bool:
    """Say whether the first line may be a row: it has numbers, and a text that comes again."""
    if not any(map(is_number, names)):
        return False
    columns = zip(*(row for row in sample if len(row) == len(names)), strict=True)
    pairs = list(zip(names, columns, strict=False))
    return any(name in column and not is_number(name) for name, column in pairs) or any(
        is_number(name) and not name.isdigit() for name in names
    )


def refuse_numbers(where: str, names: Sequence[str]) -> None:
    """Raise DataError where the names are numbers, but for 0, 1, 2, .."""
    named = [name for name in names if name]
    if all(map(is_number, named)) and named != [str(i) for i in range(len(named))]:
        raise DataError(
            f"{where}: expected column names, got numbers such as {show(names[0])}; set "
            "data.header to false, or put a line of names at the top"
        )


def names_columns(
    first: Sequence[str], rows: Sequence[Sequence[str]], names: Sequence[str], reading: Reading
) -> bool:
    """Say whether a first record, of what should have no line of names, is one.

    It is the very names that are given, or different texts where some column that is read holds
    numbers alone from then on.
    """
    texts = [text.strip(BLANKS) for text in first]
    if texts == [*names]:
        return True
    if len({*texts}) < len(texts) or any(is_number(t) or t in (*MISSING, *CODES) for t in texts):
        return False
    read = reading.columns or names
    columns = zip(
        names, zip(*(row for row in rows if len(row) == len(names)), strict=True), strict=False
    )
    return any(
        name in read and reading.kinds.get(name) != "text" and _numbers(reading.present(name, some))
        for name, some in columns
    )


def _numbers(texts: Sequence[str]) -> bool:
    return len(texts) > 1 and all(map(is_number, texts))
