"""Predictions as CSV text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.data.table import Categorical
from mlpcli.training.prediction_text import csv_lines, prediction_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.data.table import Column
    from mlpcli.training.predict import Predictions

__all__ = ["prediction_lines"]

_FORMULA = ("=", "+", "-", "@")


def prediction_lines(predictions: Predictions, *, safe: bool = False) -> Iterator[str]:
    """Return text block by block, after a header: probability and label of each target.

    Columns of the table that are kept stand in front, as the texts that they are there. The header
    comes with the first block: a table that cannot be predicted leaves nothing behind. A row for
    which nothing can be predicted has empty fields, so that line numbers still match the input.
    `safe` puts an apostrophe before cells that a spreadsheet would take for a formula.
    """
    model, header = predictions.model, True
    for block in predictions:
        columns = {name: _texts(column) for name, column in block.kept.items()}
        columns |= prediction_columns(block, model.thresholds, model.targets, model.dtype)
        if safe:
            columns = {_safe(name): [*map(_safe, cells)] for name, cells in columns.items()}
        rows = zip(*columns.values(), strict=True)
        yield csv_lines([columns] if header else []) + csv_lines(rows)
        header = False


def _texts(column: Column) -> list[str]:
    assert isinstance(column, Categorical)
    levels = (*column.levels, "")  # code -1, missing, is the last
    return [levels[code] for code in column.codes.tolist()]


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
