"""The panel of right and wrong answers: of one target a square, of several a line of cells each."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.report.figures import plain
from mlpcli.text import shorten
from mlpcli.training.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcli.report.evaluate import Curves
    from mlpcli.training.metrics import Scores

__all__ = ["draw_counts"]

_MOST_TARGETS = 30  # that can be read
_COUNTED = 15  # so many leave room for a count in each cell
_LONGEST = 16


def draw_counts(axes: Any, targets: Sequence[Curves], metrics: Scores) -> None:
    """Draw how many rows of each label are given each label, as counts and as shares of the label.

    One target's labels are named; of several targets the first 30 are shown.
    """
    assert isinstance(metrics, Metrics)
    if metrics.per_target is None:
        _draw_square(axes, np.reshape(astuple(metrics.confusion), (2, 2)), targets[0])
        return
    shown = dict(list(metrics.per_target.items())[:_MOST_TARGETS])
    counts = np.array([astuple(found.confusion) for found in shown.values()])
    rates = counts / np.maximum(np.add.reduceat(counts, (0, 2), axis=1).repeat(2, axis=1), 1)
    _draw(axes, counts, rates, together=" " if len(shown) <= _COUNTED else None)
    axes.set_xticks(range(4), ["tn", "fp", "fn", "tp"])
    if len(shown) > _COUNTED:
        axes.set_xlabel("the darker, the more of the label's rows")
    names = [plain(shorten(name, 24)) for name in shown]
    axes.set_yticks(range(len(shown)), names, fontsize=9 if len(shown) <= _COUNTED else 6)
    thresholds = {found.threshold for found in shown.values()}
    at = f"at threshold {thresholds.pop():.3g}" if len(thresholds) == 1 else "at each threshold"
    few = f", {len(shown)} of {len(metrics.per_target)}" * (len(shown) < len(metrics.per_target))
    axes.set_title(f"confusion {at}{few}")


def _draw_square(axes: Any, counts: NDArray[np.int64], target: Curves) -> None:
    rates = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    _draw(axes, counts, rates, together="\n")
    names = [plain(shorten(label, _LONGEST)) for label in target.answers]
    axes.set_xticks((0, 1), names)
    axes.set_yticks((0, 1), names, rotation=90, va="center")
    axes.set_xlabel("predicted")
    axes.set_ylabel(f"actual {plain(shorten(target.name, 24))}")
    axes.set_title(f"confusion at threshold {target.threshold:.3g}")


def _draw(
    axes: Any, counts: NDArray[np.int64], rates: NDArray[np.float64], *, together: str | None
) -> None:
    """Shade the cells by rate, with count and rate `together` in each where there is room."""
    axes.imshow(rates, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    if together is None:
        return
    for (i, j), rate in np.ndenumerate(rates):
        axes.text(j, i, f"{counts[i, j]:,}{together}({rate:.1%})", ha="center", va="center",
                  fontsize=9, color="white" if rate > 0.6 else "black")  # fmt: skip
