"""Right and wrong answers at a threshold, or at every one: counts, their scores, the ROC curve.

A ratio whose denominator is 0 (precision without a predicted positive, ...) is 0, as in
scikit-learn.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.nn.sigmoid import sigmoid
from mlpcli.records import dataclass

__all__ = ["THRESHOLD_SCORES", "Confusion", "Ranking", "best_threshold", "sweep"]

Array = NDArray[np.float64]
Classes = NDArray[np.bool_]


@dataclass(frozen=True)
class Confusion:
    """Counts of true and false negatives and positives; arrays where thresholds are arrays."""

    tn: Any = 0
    fp: Any = 0
    fn: Any = 0
    tp: Any = 0

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(
            self.tn + other.tn, self.fp + other.fp, self.fn + other.fn, self.tp + other.tp
        )


def sweep(p: Array, positive: Classes, thresholds: Array) -> Confusion:
    """Return the counts at each threshold: a row is called positive from p >= threshold on."""
    below = np.searchsorted(np.sort(p), thresholds)
    fn = np.searchsorted(np.sort(p[positive]), thresholds)
    tp = np.count_nonzero(positive) - fn
    return Confusion(tn=below - fn, fp=p.size - below - tp, fn=fn, tp=tp)


def _ratio(count: Any, total: Any) -> Any:
    total = np.asarray(total, np.float64)
    return np.divide(count, total, out=np.zeros_like(total), where=total != 0)


def accuracy(c: Confusion) -> Any:
    """Share of right answers."""
    return _ratio(c.tp + c.tn, c.tp + c.tn + c.fp + c.fn)


def balanced_accuracy(c: Confusion) -> Any:
    """Mean recall of the classes that occur."""
    positives, negatives = c.tp + c.fn, c.tn + c.fp
    classes = np.sign(positives) + np.sign(negatives)
    return _ratio(_ratio(c.tp, positives) + _ratio(c.tn, negatives), classes)


def precision(c: Confusion) -> Any:
    """Share of right answers among those called positive."""
    return _ratio(c.tp, c.tp + c.fp)


def recall(c: Confusion) -> Any:
    """Share of the positives that are called so."""
    return _ratio(c.tp, c.tp + c.fn)


def f1(c: Confusion) -> Any:
    """Harmonic mean of precision and recall."""
    return _ratio(2 * c.tp, 2 * c.tp + c.fp + c.fn)


def mcc(c: Confusion) -> Any:
    """Matthews correlation coefficient; products in float64, as counts would overflow."""
    tp, tn, fp, fn = (np.asarray(x, np.float64) for x in (c.tp, c.tn, c.fp, c.fn))
    root = np.sqrt(tp + fp) * np.sqrt(tp + fn) * np.sqrt(tn + fp) * np.sqrt(tn + fn)
    return _ratio(tp * tn - fp * fn, root)


THRESHOLD_SCORES = MappingProxyType(
    {f.__name__: f for f in (accuracy, balanced_accuracy, precision, recall, f1, mcc)}
)


@dataclass(frozen=True)
class Ranking:
    """Rows in descending order of prediction: how many of each class lie at or above each cut.

    The cuts are infinity, above which there is no row, and then the distinct predictions.
    """

    cuts: Array
    tp: Array
    fp: Array

    @classmethod
    def of(cls, predictions: Array, positive: Classes) -> Ranking:
        """Return the ranking of predictions (N,), probabilities or logits, N at least 1."""
        order = np.argsort(-predictions, kind="stable")
        predictions, positive = predictions[order], positive[order]
        del order  # of millions of rows each array counts
        last = np.append(np.flatnonzero(predictions[1:] != predictions[:-1]), predictions.size - 1)
        tp = np.cumsum(positive, dtype=np.float64)[last]
        fp = last + 1.0 - tp
        return cls(np.append(np.inf, predictions[last]), np.append(0.0, tp), np.append(0.0, fp))

    @property
    def tpr(self) -> Array:
        """True positive rate, which is recall, at each cut; needs a positive row."""
        return self.tp / float(self.tp[-1])

    @property
    def fpr(self) -> Array:
        """False positive rate at each cut; needs a negative row."""
        return self.fp / float(self.fp[-1])

    @property
    def precision(self) -> Array:
        """Precision at each cut; 1 where no row is called positive, as scikit-learn draws it."""
        called = self.tp + self.fp
        return np.divide(self.tp, called, out=np.ones_like(called), where=called > 0)

    @property
    def roc_auc(self) -> float:
        """Area under the ROC curve by trapezoids (ties count one half)."""
        return float(np.trapezoid(self.tpr, self.fpr))

    @property
    def average_precision(self) -> float:
        """Sum of precision times the increase of recall, without interpolation."""
        tp, called = self.tp[1:], (self.tp + self.fp)[1:]
        return float(np.sum(np.diff(self.tp) / self.tp[-1] * tp / called))

    @property
    def confusion(self) -> Confusion:
        """The counts at each cut."""
        return Confusion(self.fp[-1] - self.fp, self.fp, self.tp[-1] - self.tp, self.tp)


def best_threshold(h: Array, y: Array, score: str) -> float:
    """Return the threshold in [0, 1] on sigma(h) that maximises the score on these rows.

    Candidates lie half-way between neighbouring probabilities (or on the upper one, where no
    number lies between); of equally good ones the nearest to 1/2 is taken.
    """
    ranking = Ranking.of(np.asarray(sigmoid(h), np.float64), y >= 0.5)
    values = THRESHOLD_SCORES[score](ranking.confusion)[1:]
    above, below = ranking.cuts[1:], np.append(ranking.cuts[2:], 0.0)
    middle = (above + below) / 2
    cuts = np.where(middle > below, middle, above)
    best = np.flatnonzero(values == values.max())
    return float(cuts[best[np.argmin(np.abs(cuts[best] - 0.5))]])
