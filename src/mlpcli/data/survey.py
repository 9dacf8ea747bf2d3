"""Looks a table over before anything is decided: what each column holds, and what may be 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.data.encoder import is_missing
from mlpcli.data.source import Categorical, Kind, open_table
from mlpcli.data.target import Label, Target, label_text
from mlpcli.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["ColumnSurvey", "Survey", "survey"]

_FEW = 6


@dataclass(frozen=True)
class ColumnSurvey:
    """What one column holds: `summary` in words, and how many values are missing."""

    name: str
    kind: Kind
    missing: int
    summary: str


@dataclass(frozen=True)
class Survey:
    """A table seen as training data for one target.

    `positive` is the label to count as 1, None where the target's own rule finds it.
    """

    rows: int
    features: tuple[ColumnSurvey, ...]
    target: ColumnSurvey
    positive: Label | None
    negative: Label


def survey(file: str | Path, target: str) -> Survey:
    """Read the table and describe it; raises DataError if it or its target cannot be used.

    Of two texts the rarer one is proposed as positive.
    """
    with open_table([file]) as table:
        if target not in table.names:
            guess = did_you_mean(target, table.names) or f"; it has {', '.join(table.names[:8])}"
            raise DataError(f'{file}: no column "{target}"{guess}')
        columns = {name: _describe(name, table.read([name])[name]) for name in table.names}
        labels = table.read([target])[target]
        positive = None
        try:
            fitted = Target.fit(target, labels, None)
        except DataError:
            positive = _rarer(labels)
            fitted = Target.fit(target, labels, positive)
        features = tuple(column for name, column in columns.items() if name != target)
        return Survey(table.rows, features, columns[target], positive, fitted.negative)


def _describe(name: str, column: object) -> ColumnSurvey:
    if isinstance(column, Categorical):
        missing = int(is_missing(column).sum())
        levels: Sequence[str] = column.levels
        some = ", ".join(levels[:_FEW]) + (", .." if len(levels) > _FEW else "")
        return ColumnSurvey(name, "text", missing, f"{len(levels)} texts: {some}")
    assert isinstance(column, np.ndarray)
    missing = int(np.isnan(column).sum())
    present = column[~np.isnan(column)]
    summary = f"{present.min():.6g} to {present.max():.6g}" if present.size else "no value"
    return ColumnSurvey(name, "number", missing, summary)


def _rarer(column: object) -> Label | None:
    if not isinstance(column, Categorical):
        values, counts = np.unique(np.asarray(column), return_counts=True)
        return label_text(float(values[np.argmin(counts)]))
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
    return column.levels[int(np.argmin(counts))] if counts.size else None
