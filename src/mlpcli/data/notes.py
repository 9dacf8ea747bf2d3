"""Notes on what a user should know of their rows before trusting a model made of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.columns import is_missing, values_in
from mlpcli.data.labels import is_truth_pair, listed, shown
from mlpcli.data.table import Categorical
from mlpcli.data.target import Classes, Target, nearest_class
from mlpcli.text import show, show_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mlpcli.data.table import Column
    from mlpcli.data.target import AnyTarget

__all__ = ["DROP", "case_notes", "column_notes", "label_notes", "looks_like_dates",
           "looks_like_id", "target_notes", "unseen_notes"]  # fmt: skip

DROP = "leave it out with data.drop"
_MANY_LEVELS = 20
_ENOUGH_ROWS = 40
_ENOUGH_TO_PART = 50
_FIRST = 1000
_EXACT = 2**53  # beyond which float64 does not hold every integer
_LONGEST_ID = 2**64
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})([T ].*)?|"
    r"\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{2,4}|[A-Za-z]{3,9} \d{1,2},? \d{4}"
)


def column_notes(
    name: str,
    column: Column,
    y: NDArray[np.floating[Any]],
    targets: Sequence[AnyTarget],
    remedy: str = DROP,
) -> list[str]:
    """Return notes on a feature column of the training rows, whose codes are y (N x targets).

    It may be constant, like an identifier, dates, or a target in another form. `remedy` says how
    the config at hand leaves a column out.
    """
    notes = [f"column {show_name(name)} {note}" for note in _value_notes(column, remedy)]
    for k, target in enumerate(targets):
        tells = f"tells target {show_name(target.name)} exactly"
        if (_matches if isinstance(target, Classes) else _tells)(column, y[:, k]):
            answer = "is the answer in another form"
            advice = f"if it {answer}, {remedy}" if remedy else f"perhaps it {answer}"
            notes.append(f"column {show_name(name)} {tells}: {advice}")
        elif not isinstance(target, Classes) and _parts(column, y[:, k]):
            notes.append(f"column {show_name(name)} {tells} by a threshold: if it is known only "
                         f"with the answer, {remedy}")  # fmt: skip
    return notes


def target_notes(targets: Sequence[AnyTarget], given: Mapping[str, object]) -> list[str]:
    """Return what was taken as positive where `given`, by target, does not say it."""
    notes = []
    for target in targets:
        guessed = given.get(target.name) is None and not is_truth_pair(target.labels)
        if isinstance(target, Target) and guessed and not target.soft:
            taken = f"{shown(target.positive)} counts as 1, {shown(target.negative)} as 0"
            notes.append(f"target {show_name(target.name)}: {taken}; data.positive changes it")
        notes += case_notes(f"target {show_name(target.name)}", target.labels)
    return notes


def case_notes(what: str, texts: Sequence[str]) -> list[str]:
    """Return a note where texts differ by case, or by blanks within, alone."""
    alike: dict[str, list[str]] = {}
    for text in texts:
        alike.setdefault(" ".join(text.casefold().split()), []).append(text)
    several = [same for same in alike.values() if len(same) > 1]
    if not several:
        return []
    alone = f"{what}: {listed(several[0])} differ by case or blanks alone"
    return [f"{alone} and count as different; write them alike if they mean the same"]


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


def looks_like_id(values: NDArray[np.floating[Any]] | NDArray[np.int32]) -> bool:
    """Say whether numbers, none of them missing, are all different integers close together.

    Or they have more digits than float64 can hold, which is more than anybody measures.
    """
    first = values[:_FIRST]
    if values.size <= _MANY_LEVELS or not (first == np.floor(first)).all():
        return False  # as of almost every column; the rest looks at all rows
    if values_in(first).size < first.size or not (values == np.floor(values)).all():
        return False
    low, high = float(values.min()), float(values.max())
    if max(-low, high) < _LONGEST_ID and float(np.abs(values).min()) > _EXACT:
        return all(float(f"{value:.12g}") != value for value in first[:_MANY_LEVELS].tolist())
    if high - low >= 3 * values.size:
        return False
    return int(np.bincount((values - low).astype(np.int64)).max()) == 1


def looks_like_dates(texts: Sequence[str]) -> bool:
    """Say whether all of some texts are dates."""
    return len(texts) > 1 and all(map(_DATE.fullmatch, texts[:_FIRST]))


def _value_notes(column: Column, remedy: str) -> list[str]:
    values = _values(column)
    missing = is_missing(column)
    if missing.any():
        values = values[~missing]
    if not values.size:
        return ["has no value in the training rows"]
    if (values == values[0]).all():
        return ["is constant in the training rows: it teaches nothing"]
    if not isinstance(column, Categorical):
        row_number = "looks like a row number or an id, which teaches nothing: "
        return [row_number + remedy] if looks_like_id(values) else []
    seen = values_in(values)
    if looks_like_dates([column.levels[code] for code in seen[:_FIRST]]):
        found = f"holds dates, {seen.size} texts with an input each"
        return [f"{found}: give what counts as numbers, or {remedy}"]
    if seen.size > _MANY_LEVELS and 2 * seen.size > values.size:
        found = f"has {seen.size} different texts in {values.size} rows"
        return [f"{found}: an identifier teaches nothing, {remedy}"]
    return case_notes("has texts of which", [column.levels[code] for code in seen[:_FIRST]])


def _values(column: Column) -> NDArray[np.float64] | NDArray[np.int32]:
    return column.codes if isinstance(column, Categorical) else column


def _tells(column: Column, y: NDArray[np.floating[Any]]) -> bool:
    """Whether the column is y itself, or two values of it stand for the two labels one to one."""
    if y.size < _ENOUGH_ROWS:  # in a toy table a coincidence proves nothing
        return False
    values = _values(column)
    if values_in(values[:_ENOUGH_ROWS]).size > 2 and not np.array_equal(
        values[:_ENOUGH_ROWS], y[:_ENOUGH_ROWS]
    ):
        return False  # as of almost every column; the rest looks at all rows
    if not isinstance(column, Categorical) and np.array_equal(values, y):
        return True
    same = values == values[0]
    other = values[~same]
    one_other = bool(other.size) and bool((other == other[0]).all())
    return one_other and bool(np.array_equal(same, y == y[0])) and not is_missing(column).any()


def _parts(column: Column, y: NDArray[np.floating[Any]]) -> bool:
    """Whether all values of one label lie above those of the other, and take several values."""
    if isinstance(column, Categorical) or y.size < _ENOUGH_TO_PART:
        return False
    positive = y == 1
    one, other = column[positive], column[~positive]
    if not one.size or not other.size or np.isnan(column).any():
        return False
    apart = one.min() > other.max() or one.max() < other.min()
    return bool(apart) and bool(((y == 0) | positive).all())  # soft labels are no two sides


def _matches(column: Column, codes: NDArray[np.floating[Any]]) -> bool:
    """Whether each value of the column stands for one label, one to one."""
    values, labels = _values(column), values_in(codes).size
    if codes.size < _ENOUGH_ROWS or is_missing(column).any():
        return False
    if values_in(values[:_ENOUGH_ROWS]).size > labels:
        return False  # as of almost every column; the rest looks at all rows
    different, index = np.unique(values, return_inverse=True)
    pairs = values_in(index * (int(codes.max()) + 1) + codes.astype(np.int64))
    return different.size == labels == pairs.size
