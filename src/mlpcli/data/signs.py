"""What of a table that nobody has described yet stands for a missing value, and what is a label."""

from __future__ import annotations

from dataclasses import replace
from itertools import compress
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mlpcli.data.describe import sentinels
from mlpcli.data.table import Categorical, Missing, Reading, Table
from mlpcli.data.table.look import texts_met
from mlpcli.data.table.reading import CODES, MISSING
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mlpcli.data.table import Column

__all__ = ["Signs", "find_signs", "read_columns"]

_LABEL = "None"  # of the usual signs of a missing value the one that is a word


class Signs(NamedTuple):
    """The columns with all that is missing in them as such, and what the signs of it are.

    `missing_values` are signs by column besides the usual ones, `keep_values` usual ones that are
    labels here.
    """

    columns: dict[str, Column]
    missing_values: dict[str, list[str | float]]
    keep_values: tuple[str, ...] = ()


def find_signs(
    table: Table,
    targets: Sequence[str],
    usual: Missing,
    reading: Reading,
    values: Collection[str | float] = (),
) -> Signs:
    """Return the signs in a table that was loaded by `reading`, or with more texts as missing.

    `usual` is missing whatever the table holds, and `values` are no signs of it. A text is a label
    of a target, and no sign, where it is as frequent as another label.
    """
    columns = read_columns(table)
    codes = _codes(table, columns, usual)
    for name in targets:
        codes[name] = [code for code in codes.get(name, []) if not _is_label(columns[name], code)]
    kept = _kept_labels(table, targets, reading) if {*MISSING} <= {*usual.texts} else {}
    if kept:
        codes = _with_kept_as_missing(table, codes, columns.keys() - kept.keys())
    found = {name: [c for c in some if c not in values] for name, some in codes.items()}
    codes = {name: some for name, some in found.items() if some}
    columns |= kept
    columns = {name: _without(column, codes.get(name, [])) for name, column in columns.items()}
    return Signs(columns, codes, (_LABEL,) if kept else ())


def read_columns(table: Table) -> dict[str, Column]:
    """Return each column of a table that is loaded."""
    return {name: table.read([name])[name] for name in table.names}


def _is_label(column: Column, text: str | float) -> bool:
    """Whether a text that may stand for a missing target is a label: the others are no more often.

    It also is where the others would be too few to be told apart.
    """
    if not isinstance(column, Categorical) or text not in column.levels:
        return False
    counts = dict(zip(column.levels, _counts(column), strict=True))
    others = [count for level, count in counts.items() if level not in {_LABEL, *CODES}]
    return len(others) < 2 or counts[str(text)] >= min(others)


def _counts(column: Categorical) -> list[int]:
    counts: list[int] = np.bincount(column.codes + 1, minlength=len(column.levels) + 1).tolist()
    return counts[1:]


def _kept_labels(table: Table, targets: Sequence[str], reading: Reading) -> dict[str, Categorical]:
    """Return the targets of which None, a usual sign of a missing value, is a label."""
    found = {}
    for name in texts_met(_plainly(table, reading.missing.minus([_LABEL])), targets, [_LABEL]):
        own = {name: reading.missing_of(name).minus([_LABEL])}
        try:
            with Table(table.paths, replace(reading, columns=(name,), missing_in=own)) as again:
                column = again.load().read([name])[name]
        except DataError:  # the labels are numbers, and a text is none of them
            continue
        if isinstance(column, Categorical) and _is_label(column, _LABEL):
            found[name] = column
    return found


def _with_kept_as_missing(
    table: Table, codes: dict[str, list[str | float]], others: Collection[str]
) -> dict[str, list[str | float]]:
    """Return the codes, with what is a label of a target for the columns that hold it too."""
    met = texts_met(table, sorted(others), [_LABEL])  # which is no sign to the table any more
    return {name: [*codes.get(name, []), *met.get(name, [])] for name in {**codes, **met}}


def _codes(
    table: Table, columns: dict[str, Column], usual: Missing
) -> dict[str, list[str | float]]:
    """Return what columns hold that seems to stand for missing values, where they do."""
    codes = [text for text in CODES if text in table.reading.missing.texts]
    own = {f"{x:g}": x for some in table.reading.missing_in.values() for x in some.numbers}
    numbers = [name for name, column in columns.items() if not isinstance(column, Categorical)]
    met = texts_met(_plainly(table, usual), numbers, [*codes, *own]) if codes or own else {}
    found = {
        name: _codes_of(column, [own.get(text, text) for text in met.get(name, [])])
        for name, column in columns.items()
    }
    return {name: some for name, some in found.items() if some}


def _codes_of(column: Column, met: Sequence[str | float]) -> list[str | float]:
    if isinstance(column, Categorical):
        return [text for text in column.levels if text in CODES]
    return [*met, *sentinels(column)]


def _without(column: Column, codes: Sequence[str | float]) -> Column:
    """Return a column with some of its numbers or texts as missing values."""
    if not codes:
        return column
    if isinstance(column, Categorical):
        kept = [level not in codes for level in column.levels]
        places = np.where(kept, np.cumsum(kept) - 1, -1)
        levels = tuple(compress(column.levels, kept))
        return Categorical(np.append(places, -1).astype(np.int32)[column.codes], levels)
    return np.where(np.isin(column, [c for c in codes if not isinstance(c, str)]), np.nan, column)


def _plainly(table: Table, usual: Missing) -> Table:
    """Return the table as it would be read if no more were missing than usually is."""
    of_labels = table.reading.as_written & table.reading.missing_in.keys()
    own = {name: table.reading.missing_in[name] for name in of_labels}
    plain = replace(table.reading, missing=usual, missing_in=own)
    table.sources = [replace(source, reading=plain) for source in table.sources]
    return table
