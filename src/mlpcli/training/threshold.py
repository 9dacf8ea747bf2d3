"""The threshold on predicted probabilities that makes a score largest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlpcli.nn.activations import sigmoid
from mlpcli.training.metrics import THRESHOLD_SCORES, Confusion
from mlpcli.training.ranking import Ranking

__all__ = ["best_threshold"]

Array = NDArray[np.float64]


def best_threshold(h: Array, y: Array, score: str) -> float:
    """Return the threshold in [0, 1] on sigma(h) that maximises the score on these rows.

    Candidates lie half-way between neighbouring probabilities (or on the upper one, where no
    number lies between); of equally good ones the nearest to 1/2 is taken.
    """
    p = np.asarray(sigmoid(h), np.float64)
    positive = y >= 0.5
    ranking = Ranking.of(p, positive)
    total, positives = p.size, int(positive.sum())
    confusion = Confusion(
        tn=total - positives - ranking.fp,
        fp=ranking.fp,
        fn=positives - ranking.tp,
        tp=ranking.tp,
    )
    values = THRESHOLD_SCORES[score](confusion)
    below = np.append(ranking.cuts[1:], 0.0)
    middle = (ranking.cuts + below) / 2
    cuts = np.where(middle > below, middle, ranking.cuts)
    best = np.flatnonzero(values == values.max())
    return float(cuts[best[np.argmin(np.abs(cuts[best] - 0.5))]])
