"""The measurement of a model on a table: as a table of scores, as JSON, and its curves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.nn.activations import sigmoid
from mlpcli.report.charts import line_chart
from mlpcli.report.table import Table, number
from mlpcli.training.metrics import SCORES, THRESHOLD_SCORES, Confusion
from mlpcli.training.ranking import Ranking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mlpcli.training.evaluate import Evaluation
    from mlpcli.training.metrics import Metrics

__all__ = [
    "GRID",
    "Curves",
    "curves",
    "curves_of",
    "evaluation_chart",
    "evaluation_document",
    "evaluation_table",
    "score_rows",
]

GRID = np.linspace(0, 1, 201)
_BINS = 10
_MOST_TARGETS = 8
_Z95 = 1.959964


def evaluation_table(evaluation: Evaluation, title: str) -> Table:
    """Return the metrics, of each target too where there are several, with intervals if any."""
    metrics, intervals = evaluation.metrics, evaluation.intervals
    name = "all targets" if metrics.per_target else "value"
    columns = {name: metrics, **(metrics.per_target or {})}
    header, rows = ("metric", *columns), score_rows(columns)
    if intervals is not None:
        header = (*header, "95 % interval")
        rows = [(*row, _interval(intervals.get(row[0]))) for row in rows]
    return Table(title, header, tuple(rows))


def score_rows(columns: Mapping[str, Metrics]) -> list[tuple[str, ...]]:
    """Return a row of text per score and count, with a cell per column of metrics."""
    metrics = columns.values()
    rows = [("rows", *(str(m.rows) for m in metrics))]
    rows += [(score, *(number(getattr(m, score), ".4f") for m in metrics)) for score in SCORES]
    for cell in ("tn", "fp", "fn", "tp"):
        rows.append((cell, *(str(getattr(m.confusion, cell)) for m in metrics)))
    rows.append(("threshold", *(number(m.threshold, ".4f") for m in metrics)))
    return rows


def _interval(pair: tuple[float, float] | None) -> str:
    return "" if pair is None else f"{pair[0]:.4f} .. {pair[1]:.4f}"


def evaluation_document(evaluation: Evaluation, model: str, data: str) -> dict[str, Any]:
    """Return the document of `mlp evaluate --json`; `intervals` only where asked for."""
    document: dict[str, Any] = {
        "schema": "mlp.evaluate/1",
        "model": model,
        "data": data,
        "data_digest": evaluation.digest,
        "metrics": evaluation.metrics.to_document(),
        "notes": list(evaluation.notes),
    }
    if evaluation.intervals is not None:
        document["intervals"] = {name: list(pair) for name, pair in evaluation.intervals.items()}
    return document


@dataclass(frozen=True)
class Bins:
    """Of each bin with rows in it: mean probability, share of positives, its Wilson interval."""

    mean: NDArray[np.float64]
    share: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """One target: probabilities `p` (N,), their classes, and its rows ranked by their logits.

    `tpr`, `fpr` and `precision` begin with the cut above which there is no row.
    """

    name: str
    threshold: float
    p: NDArray[np.float64]
    positive: NDArray[np.bool_]
    ranking: Ranking

    @property
    def both(self) -> bool:
        """Whether there are rows of both classes."""
        return bool(self.positive.any() and not self.positive.all())

    @property
    def tpr(self) -> NDArray[np.float64]:
        """True positive rate (recall) of each cut."""
        return np.append(0.0, self.ranking.tp / self.ranking.tp[-1])

    @property
    def fpr(self) -> NDArray[np.float64]:
        """False positive rate of each cut."""
        return np.append(0.0, self.ranking.fp / self.ranking.fp[-1])

    @property
    def precision(self) -> NDArray[np.float64]:
        """Precision of each cut; 1 where no row is called positive, as scikit-learn draws it."""
        return np.append(1.0, self.ranking.tp / (self.ranking.tp + self.ranking.fp))

    def confusion(self, thresholds: Any) -> Confusion:
        """Return the counts at one threshold or at each of several: positive is p >= threshold."""
        fn = np.searchsorted(np.sort(self.p[self.positive]), thresholds)
        below = np.searchsorted(np.sort(self.p), thresholds)
        tp = np.count_nonzero(self.positive) - fn
        return Confusion(tn=below - fn, fp=self.p.size - below - tp, fn=fn, tp=tp)

    @cached_property
    def sweep(self) -> dict[str, NDArray[np.float64]]:
        """Each score that depends on a threshold, at all thresholds of GRID."""
        counts = self.confusion(GRID)
        return {name: np.asarray(score(counts)) for name, score in THRESHOLD_SCORES.items()}

    @cached_property
    def bins(self) -> Bins:
        """Ten bins of equal width, as the expected calibration error has them."""
        which = np.minimum((self.p * _BINS).astype(np.int64), _BINS - 1)
        count = np.bincount(which, minlength=_BINS)
        some = count > 0
        n = count[some].astype(np.float64)
        share = np.bincount(which, weights=self.positive, minlength=_BINS)[some] / n
        mean = np.bincount(which, weights=self.p, minlength=_BINS)[some] / n
        middle = (share + _Z95**2 / (2 * n)) / (1 + _Z95**2 / n)
        half = _Z95 * np.sqrt(share * (1 - share) / n + (_Z95 / (2 * n)) ** 2) / (1 + _Z95**2 / n)
        return Bins(mean, share, np.minimum(middle - half, share), np.maximum(middle + half, share))


def curves_of(
    name: str, h: NDArray[np.float64], y: NDArray[np.float64], threshold: float
) -> Curves:
    """Return the curves of finite logits (N,) against labels (N,), positive from 1/2 on."""
    p, positive = np.asarray(sigmoid(h), np.float64), y >= 0.5
    return Curves(name, threshold, p, positive, Ranking.of(h, positive))


def curves(evaluation: Evaluation) -> list[Curves]:
    """Return the curves of the first eight targets whose logits are all finite."""
    rows = evaluation.rows
    if rows is None:
        return []
    finite = np.flatnonzero(np.isfinite(rows.logits).all(axis=0)).tolist()
    return [
        curves_of(rows.names[k], rows.logits[:, k], rows.labels[:, k], rows.thresholds[k])
        for k in finite[:_MOST_TARGETS]
    ]


def evaluation_chart(evaluation: Evaluation) -> str:
    """Return each target's ROC and its f1 by threshold in text, both axes from 0 to 1."""
    targets, lines = curves(evaluation), {}
    for target in targets:
        name = f"{target.name[:12]} " if len(targets) > 1 else ""
        if target.both:
            lines[f"{name}ROC"] = np.interp(np.linspace(0, 1, 48), target.fpr, target.tpr)
        lines[f"{name}f1"] = target.sweep["f1"]
    return line_chart(lines) if lines else evaluation.metrics.reason or "nothing to draw"
