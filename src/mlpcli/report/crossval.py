"""A cross-validation: the mean of each score with its interval, and the scores of each fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.report.table import Table, number
from mlpcli.training.metrics import SCORES

if TYPE_CHECKING:
    from mlpcli.training.crossval import CrossvalResult
    from mlpcli.training.folds import Fold

__all__ = ["crossval_tables", "crossval_words"]


def crossval_tables(result: CrossvalResult) -> list[Table]:
    """Return a table of means and intervals, and one of the folds."""
    total = len(result.folds)
    title = f"{total} folds in {result.seconds:.2f} s: the mean of each score"
    rows = []
    for score, found in result.metrics.items():
        cells = (None, None, None) if found is None else (found.mean, found.low, found.high)
        rows.append((score, *(number(cell, ".4f") for cell in cells)))
    means = Table(title, ("metric", "mean", "95 % low", "high"), tuple(rows))
    return [means, _fold_table(result.folds)]


def _fold_table(folds: tuple[Fold, ...]) -> Table:
    """Return a line per fold; the seed stands in front of the number where there are several."""
    several = len({fold.seed for fold in folds}) > 1
    rows = [
        (
            f"{fold.seed}/{fold.number}" if several else str(fold.number),
            str(len(fold.rows)),
            *(number(fold.metrics[score], ".4f") for score in SCORES),
        )
        for fold in folds
    ]
    return Table("each fold", ("seed/fold" if several else "fold", "rows", *SCORES), tuple(rows))


def crossval_words(result: CrossvalResult) -> list[str]:
    """Return what the numbers mean, and where the predictions are."""
    meaning = (
        "The interval is that of the mean over folds, by Student's t, widened after Nadeau and "
        "Bengio for the training rows that folds share."
    )
    return [meaning, f"Each row, predicted by a model that has not seen it: {result.predictions}"]
