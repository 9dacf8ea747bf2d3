"""What models said of the rows that they had not seen, as CSV: a line per row and seed."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.losses import LOSSES
from mlpcli.training.predict import Prediction, csv_line, label_columns, prediction_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlpcli.data.dataset import Material
    from mlpcli.training.folds import Fold

__all__ = ["prediction_lines"]

_WHERE = ("seed", "fold", "row")


def prediction_lines(folds: Iterable[Fold], material: Material) -> Iterator[str]:
    """Yield a header, then for each seed each row in order, as the fold says that held it out.

    `folds` are in the order of their seeds. A row's number counts from 1 below the header, over all
    files of the table; rows that `data.missing` leaves out have no line.
    """
    labels = label_columns(material.whole.y, material.targets)
    header = True
    for _, some in groupby(folds, key=lambda fold: fold.seed):
        lines: dict[int, list[str]] = {}
        for fold in some:
            columns = _columns(fold, material)
            if header:
                yield csv_line([*_WHERE, *labels, *columns])
                header = False
            for place, row in enumerate(fold.rows.tolist()):
                actual = [column[row] for column in labels.values()]
                said = [column[place] for column in columns.values()]
                where = [str(fold.seed), str(fold.number), str(_number(row, material))]
                lines[row] = [*where, *actual, *said]
        yield from (csv_line(lines[row]) for row in sorted(lines))


def _columns(fold: Fold, material: Material) -> dict[str, list[str]]:
    config, h = material.config, fold.logits
    p = np.asarray(LOSSES[config.loss.kind or "bce"].predict(h), np.float64)
    found = Prediction(p, np.asarray(np.isfinite(h).all(axis=1)), h)
    return prediction_columns(found, fold.thresholds, material.targets, config.training.dtype)


def _number(row: int, material: Material) -> int:
    rows = material.whole.rows
    return 1 + (row if rows is None else int(rows[row]))
