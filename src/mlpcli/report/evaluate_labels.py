"""What there is to say of each of three and more labels, as tables that stay readable for 100."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.report.table import Table, number

if TYPE_CHECKING:
    from mlpcli.training.label_metrics import LabelMetrics

__all__ = ["label_tables", "weakest"]

_MOST_LINES = 20
_WIDEST_MATRIX = 12
_LONGEST = 16
_RATIOS = ("precision", "recall", "f1", "roc_auc", "pr_auc", "brier")


def label_tables(metrics: LabelMetrics) -> list[Table]:
    """Return the scores of each label, and which labels are taken for which others."""
    if not metrics.per_label:
        return []
    few = len(metrics.labels) <= _WIDEST_MATRIX
    return [_label_table(metrics), _matrix(metrics) if few else _mix_ups(metrics)]


def weakest(metrics: LabelMetrics, most: int) -> list[int]:
    """Return the labels (by index, in their order) of least f1; all where they are no more."""
    if len(metrics.labels) <= most:
        return list(range(len(metrics.labels)))
    scores = [s.f1 if s.occurs else 2.0 for s in metrics.per_label.values()]
    return sorted(np.argsort(scores, kind="stable")[:most].tolist())


def _label_table(metrics: LabelMetrics) -> Table:
    shown = weakest(metrics, _MOST_LINES)
    each = list(metrics.per_label.values())
    total = len(metrics.labels)
    title = "each label against the rest"
    if len(shown) < total:
        title += f": the {len(shown)} of {total} with the lowest f1, all are in --json"
    rows = [
        (
            metrics.labels[c],
            str(each[c].rows),
            str(each[c].predicted),
            *(number(getattr(each[c], score), ".4f") for score in _RATIOS),
        )
        for c in shown
    ]
    return Table(title, ("label", "rows", "predicted", *_RATIOS), tuple(rows))


def _matrix(metrics: LabelMetrics) -> Table:
    """Return the whole confusion, a line per true label."""
    rows = [
        (label, *map(str, counts))
        for label, counts in zip(metrics.labels, metrics.confusion, strict=True)
    ]
    short = (_short(label) for label in metrics.labels)
    return Table("rows by label, columns by prediction", ("label", *short), tuple(rows))


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"


def _mix_ups(metrics: LabelMetrics) -> Table:
    """Return the commonest wrong answers, most rows first."""
    counts = np.array(metrics.confusion)
    wrong = counts - np.diag(counts.diagonal())
    order = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_LINES].tolist()
    cells = [divmod(cell, len(counts)) for cell in order]
    rows = [
        (
            metrics.labels[c],
            metrics.labels[k],
            str(wrong[c, k]),
            f"{wrong[c, k] / counts[c].sum():.1%}",
        )
        for c, k in cells
        if wrong[c, k]
    ]  # a label that no row has cannot be mistaken
    title = f"commonest mistakes, {wrong.sum()} of {counts.sum()} rows are wrong"
    return Table(title, ("label", "predicted", "rows", "of the label"), tuple(rows))
