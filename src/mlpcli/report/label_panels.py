"""Panels that show all of 2 to 100 labels at once, a line of cells each: confusion, calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.report.figures import plain
from mlpcli.report.wilson import wilson
from mlpcli.training.metrics import BINS, Calibration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.training.label_metrics import LabelMetrics
    from mlpcli.training.score_rows import ScoredLabels

__all__ = ["draw_calibration", "draw_confusion"]

_COUNTED = 15  # so many labels leave room for a count in each cell
_PALE = 0.25


def draw_confusion(axes: Any, metrics: LabelMetrics) -> None:
    """Draw the share of each label's rows that is given each label, with counts where they fit."""
    counts, total = np.array(metrics.confusion), len(metrics.labels)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    if total <= _COUNTED:
        for (c, k), share in np.ndenumerate(shares):
            axes.text(k, c, f"{counts[c, k]:,}", ha="center", va="center", fontsize=9,
                      color="white" if share > 0.6 else "black")  # fmt: skip
    names, size = _names(metrics.labels)
    axes.set_xticks(range(total), names, rotation=90 if total > 6 else 0, fontsize=size)
    axes.set_yticks(range(total), names, fontsize=size)
    axes.set_xlabel("predicted")
    axes.set_ylabel("actual")
    axes.set_title("confusion (shade: share of the row)")


def draw_calibration(axes: Any, rows: ScoredLabels) -> None:
    """Draw, per label and bin of its probability, how far the share of rows with it is off.

    Pale is a gap that so few rows may have by chance: the mean probability is in Wilson's interval.
    """
    total = len(rows.names)
    gaps, pale = np.full((total, BINS), np.nan), np.ones((total, BINS))
    for c in range(total):
        found = Calibration.of(rows.p[:, c], (rows.labels[:, c] > 0).astype(np.float64))
        low, high = wilson(found.share, found.rows)
        gaps[c, found.bins] = found.share - found.mean
        pale[c, found.bins[(low <= found.mean) & (found.mean <= high)]] = _PALE
        if total <= _COUNTED:
            for k, count in zip(found.bins.tolist(), found.rows.tolist(), strict=True):
                dark = abs(gaps[c, k]) * pale[c, k] > 0.6
                axes.text(k, c, f"{count:,}", ha="center", va="center", fontsize=8,
                          color="white" if dark else "black")  # fmt: skip
    image = axes.imshow(gaps, cmap="RdBu", vmin=-1, vmax=1, alpha=pale, aspect="auto")
    bar = axes.figure.colorbar(image, ax=axes, ticks=[-1, 0, 1], pad=0.02)
    bar.ax.set_yticklabels(["claims\ntoo much", "right", "claims\ntoo little"], fontsize=8)
    names, size = _names(rows.names)
    axes.set_yticks(range(total), names, fontsize=size)
    axes.set_xticks(np.arange(BINS + 1) - 0.5, [f"{edge / BINS:.1f}" for edge in range(BINS + 1)])
    axes.set_xlabel("probability of the label")
    counted = "number: rows; " if total <= _COUNTED else ""
    axes.set_title(f"calibration ({counted}pale: may be chance)")


def _names(labels: Sequence[str]) -> tuple[list[str], float]:
    """Return the labels, cut where they are long, and the size in which so many can be read."""
    names = [plain(label if len(label) <= 18 else label[:17] + "…") for label in labels]
    return names, 9 if len(names) <= _COUNTED else max(3.5, 9 * _COUNTED / len(names))
