"""A picture of an evaluation: what ranks, what is calibrated, and what each threshold would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.report.counts_panel import draw_counts
from mlpcli.report.evaluate import GRID, curves, importance_words
from mlpcli.report.figures import THIN, plain, styles
from mlpcli.report.label_panels import draw_calibration, draw_confusion
from mlpcli.report.wilson import wilson
from mlpcli.text import shorten
from mlpcli.training.label_metrics import LabelMetrics
from mlpcli.training.metrics import Calibration
from mlpcli.training.score_rows import ScoredLabels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from mlpcli.report.evaluate import Curves
    from mlpcli.training.evaluate import Evaluation
    from mlpcli.training.importance import Importance

__all__ = ["evaluation_figure"]

_MOST_COLUMNS = 30
_LEGEND, _HANDLE = 150, 8  # characters: of a line of the legend, and of a sample of a line in it
_SWEPT = ("precision", "recall", "f1", "balanced_accuracy", "mcc")


def evaluation_figure(evaluation: Evaluation, title: str) -> Figure:
    """Return ROC, precision-recall, calibration, threshold sweep, confusion and histogram.

    With several targets there is a line each, for the first eight; of three and more labels the
    whole confusion and calibration, and a line for each of the eight of least f1.
    """
    from matplotlib.figure import Figure

    whole = Figure(figsize=(13.2, 8.2), layout="constrained")
    figure: Any = whole
    if evaluation.importance:
        whole.set_size_inches(17.6, 8.2)
        halves: Any = whole.subfigures(1, 2, width_ratios=(3, 1))
        figure = halves[0]
        _importance(halves[1].subplots(), evaluation.importance)
    _draw(figure, evaluation, title)
    return whole


def _draw(figure: Any, evaluation: Evaluation, title: str) -> None:
    """Draw all but the importance of columns."""
    figure.suptitle(plain(title))
    targets, metrics, rows = curves(evaluation), evaluation.metrics, evaluation.rows
    if isinstance(metrics, LabelMetrics) and isinstance(rows, ScoredLabels) and targets:
        _draw_labels(figure, targets, metrics, rows, title)
        return
    if not targets:
        reason = evaluation.metrics.reason or "nothing to draw"
        figure.text(0.5, 0.5, plain(reason), ha="center", fontsize=12)
        return
    panels = figure.subplots(2, 3).ravel().tolist()
    for axes, (draw, place) in zip(panels, _PANELS, strict=True):
        if draw is None:
            draw_counts(axes, targets, metrics)
        else:
            draw(axes, targets)
        if place and len(targets) == 1 and axes.get_legend_handles_labels()[0]:
            axes.legend(loc=place, fontsize=8, framealpha=0.9)
    if len(targets) > 1:
        lines, names = panels[2].get_legend_handles_labels()
        figure.legend(
            lines, names, loc="outside lower center", ncols=_fitting(names), frameon=False
        )
    total = len(evaluation.rows.names) if evaluation.rows else 0
    if total > len(targets):
        figure.suptitle(f"{plain(title)} (the first {len(targets)} of {total} targets)")


def _fitting(names: Sequence[str]) -> int:
    """Return how many entries of a legend stand side by side under the panels."""
    return max(1, min(8, len(names), _LEGEND // (_HANDLE + max(map(len, names)))))


def _importance(axes: Any, columns: Sequence[Importance]) -> None:
    """Draw the columns that matter most, with their intervals."""
    shown = columns[:_MOST_COLUMNS]
    means = np.array([column.mean for column in shown])
    ends = np.array([[c.mean - c.low, c.high - c.mean] for c in shown]).clip(0)
    names = [plain(shorten(c.column, 24)) for c in shown]
    axes.barh(range(len(shown)), means, xerr=ends.T, color=styles(1)[0]["color"], alpha=0.7)
    axes.set_yticks(range(len(shown)), names, fontsize=8)
    axes.invert_yaxis()
    axes.axvline(0, **THIN)
    axes.set_xlabel(f"{importance_words(columns)} by")
    few = f" ({len(shown)} of {len(columns)} columns)" if len(shown) < len(columns) else ""
    axes.set_title(f"importance{few}")


def _draw_labels(
    figure: Any, targets: Sequence[Curves], metrics: LabelMetrics, rows: ScoredLabels, title: str
) -> None:
    """Draw the confusion and calibration of all labels, and the curves of each against the rest."""
    mosaic = figure.subplot_mosaic([["m", "m", "r", "p"], ["m", "m", "c", "c"]])
    draw_confusion(mosaic["m"], metrics)
    _roc(mosaic["r"], targets)
    _precision_recall(mosaic["p"], targets, base=False)
    draw_calibration(mosaic["c"], rows)
    lines, names = mosaic["r"].get_legend_handles_labels()
    figure.legend(lines, names, loc="outside lower center", ncols=_fitting(names), frameon=False)
    total = len(metrics.labels)
    if total > len(targets):
        few = f"curves of the {len(targets)} of {total} labels with the lowest f1"
        figure.suptitle(f"{plain(title)} ({few})")


def _names(targets: Sequence[Curves]) -> list[str]:
    return [plain(shorten(target.name, 24)) for target in targets]


def _styled(targets: Sequence[Curves]) -> list[tuple[Curves, str, dict[str, Any]]]:
    """Return each target with its name and its style, the same in every panel."""
    return list(zip(targets, _names(targets), styles(len(targets)), strict=True))


def _frame(
    axes: Any, title: str, x: str, y: str, *, low: float = -0.02, high: float | None = 1.02
) -> None:
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(low, high)
    axes.grid(alpha=0.3)


def _ranked(axes: Any, targets: Sequence[Curves]) -> list[tuple[Curves, str, dict[str, Any]]]:
    """Return the targets that have rows of both classes; where none has, say so."""
    both = [line for line in _styled(targets) if line[0].both]
    if not both:
        axes.text(0.5, 0.5, "needs rows of both classes", ha="center", va="center", color="dimgrey")
    return both


def _roc(axes: Any, targets: Sequence[Curves]) -> None:
    axes.plot([0, 1], [0, 1], **THIN)
    for target, name, style in _ranked(axes, targets):
        label = f"{name}: area {target.ranking.roc_auc:.4f}"
        axes.plot(target.ranking.fpr, target.ranking.tpr, label=label, **style)
    _frame(axes, "ROC", "false positive rate", "true positive rate")


def _precision_recall(axes: Any, targets: Sequence[Curves], *, base: bool = True) -> None:
    for target, name, style in _ranked(axes, targets):
        label = f"{name}: area {target.ranking.average_precision:.4f}"
        recall, precision = target.ranking.tpr, target.ranking.precision
        axes.plot(recall, precision, drawstyle="steps-pre", label=label, **style)
        if base:
            axes.axhline(target.positive.mean(), **THIN)
    dotted = " (dotted: base rate)" if base else ""
    _frame(axes, f"precision and recall{dotted}", "recall", "precision")


def _calibration(axes: Any, targets: Sequence[Curves]) -> None:
    axes.plot([0, 1], [0, 1], **THIN)
    for target, name, style in _styled(targets):
        found = Calibration.of(target.p, target.positive.astype(np.float64))
        low, high = wilson(found.share, found.rows)
        spread = [found.share - low, high - found.share] if len(targets) == 1 else None
        axes.errorbar(found.mean, found.share, yerr=spread, marker="o", markersize=4, capsize=3,
                      label=name, **style)  # fmt: skip
    bars = " (bars: 95 %)" if len(targets) == 1 else ""
    _frame(axes, f"calibration{bars}", "mean probability in the bin", "share of positives")


def _sweep(axes: Any, targets: Sequence[Curves]) -> None:
    """Draw every score of one target, or f1 of several, against the threshold."""
    lines = {name: t.sweep["f1"] for name, t in zip(_names(targets), targets, strict=True)}
    title = "f1 by threshold"
    if len(targets) == 1:
        lines = {score.replace("_", " "): targets[0].sweep[score] for score in _SWEPT}
        title = "scores by threshold"
    for (name, values), style in zip(lines.items(), styles(len(lines)), strict=True):
        axes.plot(GRID, values, label=name, **style)
    lowest = min(0.0, *(float(values.min()) for values in lines.values()))
    _frame(axes, title, "threshold", "score", low=lowest - 0.02)
    for threshold in sorted({target.threshold for target in targets}):
        axes.axvline(threshold, **THIN)


def _histogram(axes: Any, targets: Sequence[Curves]) -> None:
    """Draw how often each probability is given: by class, or by target where there are several."""
    edges = np.linspace(0, 1, 31)
    parts = {name: t.p for name, t in zip(_names(targets), targets, strict=True)}
    if len(targets) == 1:
        t = targets[0]
        negative, positive = (f"actual {plain(shorten(name, 20))}" for name in t.answers)
        parts = {negative: t.p[~t.positive], positive: t.p[t.positive]}
    for (name, p), style in zip(parts.items(), styles(len(parts)), strict=True):
        axes.stairs(np.histogram(p, edges)[0], edges, label=name, **style)
    _frame(axes, "probabilities given", "probability", "rows", low=0, high=None)


# Each panel, and where it explains its lines; those of several targets are explained below all.
_PANELS = (
    (_roc, "lower right"),
    (_precision_recall, "lower left"),
    (_calibration, None),
    (_sweep, "lower center"),
    (None, None),  # the confusion, whose counts are those of the metrics
    (_histogram, "upper center"),
)
