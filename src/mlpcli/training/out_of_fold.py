"""What models said of the rows that they had not seen, as CSV: a line per row and seed."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.losses import LOSSES
from mlpcli.training.prediction_text import (
    Prediction,
    csv_lines,
    label_columns,
    output_names,
    prediction_columns,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mlpcli.data.material import Material
    from mlpcli.training.folds import Fold

__all__ = ["out_of_fold_text"]


def out_of_fold_text(folds: Iterable[Fold], material: Material) -> Iterator[str]:
    """Yield a header, then for each seed all rows in order, as the fold says that held them out.

    `folds` are in the order of their seeds. A row's number counts from 1 below the header, over all
    files of the table; rows that `data.missing` leaves out have no line.
    """
    labels = label_columns(material.whole.y, material.targets)
    yield csv_lines([["seed", "fold", "row", *labels, *output_names(material.targets)]])
    for _, some in groupby(folds, key=lambda fold: fold.seed):
        lines = [line for fold in some for line in _lines(fold, material, labels)]
        yield csv_lines(cells for _, cells in sorted(lines))


def _lines(
    fold: Fold, material: Material, labels: Mapping[str, Sequence[str]]
) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that a fold held out, and the cells of its line."""
    said = zip(*_columns(fold, material).values(), strict=True)
    for row, cells in zip(fold.rows.tolist(), said, strict=True):
        where = (fold.seed, fold.number, _number(row, material))
        yield row, [*map(str, where), *(column[row] for column in labels.values()), *cells]


def _columns(fold: Fold, material: Material) -> dict[str, list[str]]:
    config, h = material.config, fold.logits
    p = np.asarray(LOSSES[config.loss.kind or "bce"].predict(h), np.float64)
    found = Prediction(p, np.asarray(np.isfinite(h).all(axis=1)), h)
    return prediction_columns(found, fold.thresholds, material.targets, config.training.dtype)


def _number(row: int, material: Material) -> int:
    rows = material.whole.rows
    return 1 + (row if rows is None else int(rows[row]))
