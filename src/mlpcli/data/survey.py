"""Looks a table over before anything is decided: what each column holds, and what may be 1."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.data.columns import is_missing
from mlpcli.data.labels import Label, distinct
from mlpcli.data.table import Categorical, Column, Reading, Table
from mlpcli.data.target import Classes, OneAgainstRest, fit_target
from mlpcli.errors import DataError
from mlpcli.text import near_names, show, show_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["ColumnSurvey", "Survey", "survey"]

_FEW = 6


@dataclass(frozen=True)
class ColumnSurvey:
    """What one column holds: `summary` in words, and how many values are missing."""

    name: str
    missing: int
    summary: str


@dataclass(frozen=True)
class Survey:
    """A table seen as training data for one target.

    `positive` is the label to count as 1, None where the target's own rule finds it. `labels` are
    those of a target of three and more, which has neither positive nor negative.
    """

    rows: int
    features: tuple[ColumnSurvey, ...]
    target: ColumnSurvey
    positive: Label | None
    negative: Label | None
    labels: tuple[Label, ...] = ()


def survey(file: str | Path, target: str) -> Survey:
    """Read the table and describe it; raises DataError if it or its target cannot be used.

    Of two texts the rarer one is proposed as positive.
    """
    with Table([file], Reading(as_written=frozenset([target]))).load() as table:
        if target not in table.names:
            guess = near_names(target, table.names)
            raise DataError(f"{file}: no column {show_name(target)}{guess}")
        if len(table.names) == 1:
            raise DataError(f"{file}: no feature column is left beside {show_name(target)}")
        columns = {name: _describe(name, table.read([name])[name]) for name in table.names}
        labels = table.read([target])[target]
        features = tuple(column for name, column in columns.items() if name != target)
        seen = Survey(table.rows, features, columns[target], None, None)
        return _with_labels(seen, labels)


def _with_labels(seen: Survey, column: Column) -> Survey:
    """Return what was seen with the labels that its target column has."""
    positive = None
    try:
        fitted = fit_target(seen.target.name, column, None, None, alone=True)
    except DataError:
        if len(distinct(column)) != 2:
            raise
        positive = _rarer(column)
        fitted = fit_target(seen.target.name, column, positive, None, alone=True)
    if isinstance(fitted, Classes):
        return replace(seen, labels=fitted.values)
    assert not isinstance(fitted, OneAgainstRest)
    return replace(
        seen, positive=None if positive is None else fitted.positive, negative=fitted.negative
    )


def _describe(name: str, column: Column) -> ColumnSurvey:
    missing = int(is_missing(column).sum())
    if isinstance(column, Categorical):
        levels: Sequence[str] = column.levels
        some = ", ".join(map(show, levels[:_FEW])) + (", .." if len(levels) > _FEW else "")
        plural = "s" if len(levels) > 1 else ""
        return ColumnSurvey(name, missing, f"{len(levels)} text{plural}: {some}")
    present = column[~np.isnan(column)]
    if not present.size:
        return ColumnSurvey(name, missing, "no value")
    low, high = f"{present.min():.6g}", f"{present.max():.6g}"
    summary = f"number, {low} to {high}" if low != high else f"number, always {low}"
    return ColumnSurvey(name, missing, summary)


def _rarer(column: Column) -> Label | None:
    """Return the label that occurs least, of equals the first; None where there is none."""
    if isinstance(column, Categorical):
        counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
        return column.levels[int(np.argmin(counts))] if counts.size else None
    values, counts = np.unique(column[~np.isnan(column)], return_counts=True)
    return float(values[np.argmin(counts)]) if counts.size else None
