"""Notes on what a user should know of their rows before trusting a model made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.columns import is_missing
from mlpcli.data.labels import listed
from mlpcli.data.table import Categorical
from mlpcli.data.target import Classes, nearest_class
from mlpcli.text import show, show_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mlpcli.data.table import Column
    from mlpcli.data.target import AnyTarget

__all__ = ["column_notes", "label_notes", "unseen_notes"]

_MANY_LEVELS = 20
_ENOUGH_ROWS = 40


def column_notes(
    name: str, column: Column, y: NDArray[np.floating[Any]], targets: Sequence[AnyTarget]
) -> list[str]:
    """Return notes on a feature column of the training rows, whose codes are y (N x targets).

    It may be constant, like an identifier, or a target in another form.
    """
    return [f"column {show_name(name)} {note}" for note in _value_notes(column)] + [
        f"column {show_name(name)} tells target {show_name(target.name)} exactly: if it is "
        "the answer in another form, leave it out with data.drop"
        for k, target in enumerate(targets)
        if (_matches if isinstance(target, Classes) else _tells)(column, y[:, k])
    ]


def label_notes(y: NDArray[np.floating[Any]], targets: Sequence[AnyTarget]) -> list[str]:
    """Return a note for each target of which rows, with codes y (N x targets), lack a label."""
    notes = []
    for k, target in enumerate(targets):
        here = np.bincount(nearest_class(y[:, k]), minlength=len(target.labels))
        lacking = [label for label, count in zip(target.labels, here, strict=True) if not count]
        column = show_name(target.name)
        if lacking and len(target.labels) == 2:
            label = target.labels[int(here.argmax())]
            notes.append(f"{len(y)} of {len(y)} rows have {show(label)} as target {column}")
        elif lacking:
            notes.append(f"none of {len(y)} rows has {listed(lacking)} as target {column}")
    return notes


def unseen_notes(unseen: Mapping[str, int], rows: int) -> list[str]:
    """Return a note for each column in which texts occur that training never saw."""
    return [
        f"column {show_name(name)}: {count} of {rows} rows hold a text not seen in training"
        for name, count in unseen.items()
    ]


def _value_notes(column: Column) -> list[str]:
    values = _values(column)
    missing = is_missing(column)
    if missing.any():
        values = values[~missing]
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


def _tells(column: Column, y: NDArray[np.floating[Any]]) -> bool:
    """Whether the column is y itself, or two values of it stand for the two labels one to one."""
    if y.size < _ENOUGH_ROWS:  # in a toy table a coincidence proves nothing
        return False
    values = _values(column)
    if np.unique(values[:_ENOUGH_ROWS]).size > 2 and not np.array_equal(
        values[:_ENOUGH_ROWS], y[:_ENOUGH_ROWS]
    ):
        return False  # as of almost every column; the rest looks at all rows
    if not isinstance(column, Categorical) and np.array_equal(values, y):
        return True
    same = values == values[0]
    other = values[~same]
    one_other = bool(other.size) and bool((other == other[0]).all())
    return one_other and bool(np.array_equal(same, y == y[0])) and not is_missing(column).any()


def _matches(column: Column, codes: NDArray[np.floating[Any]]) -> bool:
    """Whether each value of the column stands for one label, one to one."""
    values, labels = _values(column), np.unique(codes).size
    if codes.size < _ENOUGH_ROWS or is_missing(column).any():
        return False
    if np.unique(values[:_ENOUGH_ROWS]).size > labels:
        return False  # as of almost every column; the rest looks at all rows
    different, index = np.unique(values, return_inverse=True)
    pairs = np.unique(index * (int(codes.max()) + 1) + codes.astype(np.int64))
    return different.size == labels == pairs.size
