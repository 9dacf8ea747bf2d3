"""Predictions as columns of text, and lines of CSV: as files and reports hold them."""

from __future__ import annotations

import csv
import io
from dataclasses import field
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.target import classes_of
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from mlpcli.data.table import Column
    from mlpcli.data.target import AnyTarget

__all__ = ["Prediction", "csv_lines", "label_columns", "output_names", "prediction_columns"]

_DIGITS = {"float32": "%.9g"}  # as many as such a number holds; float64 gets the fewest that do


@dataclass(frozen=True)
class Prediction:
    """Probabilities and logits (N x K) of one block, and which rows (N,) lack no value for them.

    `kept` are the columns of the table that are to be handed on.
    """

    p: NDArray[np.float64]
    known: NDArray[np.bool_]
    logits: NDArray[np.float64]
    kept: Mapping[str, Column] = field(default_factory=dict)


def prediction_columns(
    found: Prediction, thresholds: Sequence[float], targets: Sequence[AnyTarget], dtype: str
) -> dict[str, list[str]]:
    """Return probability and label of each target as text, N of each, by the names of the columns.

    A target of three and more labels has a probability for each, in their order, and its likeliest
    label. A probability has the digits that the dtype of the network can hold. A row for which
    nothing can be predicted has empty fields.
    """
    chosen = classes_of(targets)
    columns: list[list[str]] = []
    if chosen is not None:
        columns += [_digits(p, dtype) for p in found.p.T]
        columns.append([chosen.labels[c] for c in found.logits.argmax(axis=1).tolist()])
    else:
        for target, threshold, p in zip(targets, thresholds, found.p.T, strict=True):
            answers = (p >= threshold).tolist()
            columns += [_digits(p, dtype), [target.labels[positive] for positive in answers]]
    for row in np.flatnonzero(~found.known).tolist():
        for column in columns:
            column[row] = ""
    return dict(zip(output_names(targets), columns, strict=True))


def output_names(targets: Sequence[AnyTarget]) -> list[str]:
    """Return the names of the columns that a prediction has."""
    chosen = classes_of(targets)
    if chosen is not None:
        return [*(f"{chosen.name}={label}" for label in chosen.labels), "prediction"]
    prefixes = [""] if len(targets) == 1 else [f"{target.name}_" for target in targets]
    return [f"{prefix}{what}" for prefix in prefixes for what in ("probability", "prediction")]


def label_columns(
    codes: NDArray[np.floating[Any]], targets: Sequence[AnyTarget]
) -> dict[str, list[str]]:
    """Return the true label of each target as text, N of each, of codes (N x targets)."""
    columns = {}
    for target, column in zip(targets, codes.T, strict=True):
        name = "label" if len(targets) == 1 else f"{target.name}_label"
        texts = (
            map(repr, column.tolist())
            if target.soft
            else (target.labels[code] for code in column.astype(np.int64).tolist())
        )
        columns[name] = [*texts]
    return columns


def _digits(p: NDArray[np.float64], dtype: str) -> list[str]:
    form = _DIGITS.get(dtype)
    return [*map(repr if form is None else form.__mod__, p.tolist())]


def csv_lines(rows: Iterable[Iterable[str]]) -> str:
    """Return lines of CSV, with quotes where a cell needs them."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
