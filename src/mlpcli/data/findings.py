"""Notices what a user should know of their columns before trusting a model trained on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.data.encoder import is_missing
from mlpcli.data.source import Categorical, Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcli.data.examples import Examples
    from mlpcli.data.target import Target

__all__ = ["findings"]

_MANY_LEVELS = 20


def findings(train: Examples, features: Sequence[str], targets: Sequence[Target]) -> list[str]:
    """Return notes on training rows: dropped rows, constant, leaking, identifier-like columns."""
    notes = []
    if train.dropped:
        notes.append(f"{train.dropped} rows with a missing value are left out (data.missing: drop)")
    for name in features:
        column = train.columns[name]
        notes += [f'column "{name}" {note}' for note in _column_notes(column)]
        notes += [
            f'column "{name}" tells target "{target.name}" exactly: if it is the answer in '
            f"another form, leave it out with data.drop"
            for k, target in enumerate(targets)
            if _same_partition(column, train.y[:, k])
        ]
    return notes


def _column_notes(column: Column) -> list[str]:
    present = ~is_missing(column)
    values = _values(column)[present]
    if not values.size:
        return ["has no value in the training rows"]
    if (values == values[0]).all():
        return ["is constant in the training rows: it teaches nothing"]
    if isinstance(column, Categorical):
        levels = np.unique(values).size
        if levels > _MANY_LEVELS and 2 * levels > values.size:
            found = f"has {levels} different texts in {values.size} rows"
            return [f"{found}: an identifier teaches nothing, leave it out with data.drop"]
    return []


def _values(column: Column) -> NDArray[np.float64] | NDArray[np.int32]:
    return column.codes if isinstance(column, Categorical) else column


def _same_partition(column: Column, y: NDArray[np.float64]) -> bool:
    """Whether two values of the column stand for the two labels one to one."""
    if y.size < 2 * _MANY_LEVELS:  # in a toy table a coincidence proves nothing
        return False
    values = _values(column)
    same = values == values[0]
    other = values[~same]
    one_other = bool(other.size) and bool((other == other[0]).all())
    return one_other and bool(np.array_equal(same, y == y[0])) and not is_missing(column).any()
