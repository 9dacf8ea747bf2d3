"""Predictions as CSV text."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from mlpcli.training.predict import csv_line, prediction_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.training.predict import Predictions

__all__ = ["prediction_lines"]


def prediction_lines(predictions: Predictions) -> Iterator[str]:
    """Return text block by block, after a header: probability and label of each target.

    The header comes with the first block: a table that cannot be predicted leaves nothing behind.
    A row for which nothing can be predicted has empty fields, so that line numbers still match the
    input.
    """
    model = predictions.model
    header = True
    for block in predictions:
        columns = prediction_columns(block, model.thresholds, model.targets, model.dtype)
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerows(zip(*columns.values(), strict=True))
        yield (csv_line(columns) if header else "") + buffer.getvalue()
        header = False
