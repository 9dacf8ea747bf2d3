"""Rows in the order of their predictions: the curves' areas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ranking"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ranking:
    """Distinct probabilities in descending order, with the counts of rows at or above each."""

    cuts: Array
    tp: Array
    fp: Array

    @classmethod
    def of(cls, p: Array, positive: NDArray[np.bool_]) -> Ranking:
        """Return the ranking of predictions `p` (N,), probabilities or logits."""
        order = np.argsort(-p, kind="stable")
        p, positive = p[order], positive[order]
        del order  # of millions of rows each array counts
        last = np.append(np.flatnonzero(p[1:] != p[:-1]), p.size - 1)
        tp = np.cumsum(positive, dtype=np.float64)[last]
        return cls(p[last], tp, last + 1.0 - tp)

    def roc_auc(self) -> float:
        """Return the area under the ROC curve by trapezoids (ties count one half)."""
        tpr = np.concatenate(([0.0], self.tp)) / self.tp[-1]
        fpr = np.concatenate(([0.0], self.fp)) / self.fp[-1]
        return float(np.trapezoid(tpr, fpr))

    def average_precision(self) -> float:
        """Return the sum of precision times the increase of recall, without interpolation."""
        steps = np.diff(self.tp, prepend=0.0) / self.tp[-1]
        return float(np.sum(steps * self.tp / (self.tp + self.fp)))
