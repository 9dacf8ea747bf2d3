"""The numbers behind the picture of an evaluation, by the definitions of `training.metrics`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.activations import sigmoid
from mlpcli.training.confusion import THRESHOLD_SCORES, Confusion

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Bins", "Curves", "curves_of"]

_BINS = 10
_GRID = np.linspace(0, 1, 201)
_Z95 = 1.959964


@dataclass(frozen=True)
class Bins:
    """Of each bin with rows in it: mean probability, share of positives, its Wilson interval."""

    mean: NDArray[np.float64]
    share: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """One target: probabilities `p`, their classes, and counts over cuts of descending logits.

    `tp` and `fp` start with 0: no row is called positive.
    """

    name: str
    threshold: float
    p: NDArray[np.float64]
    positive: NDArray[np.bool_]
    tp: NDArray[np.float64]
    fp: NDArray[np.float64]

    @property
    def both(self) -> bool:
        """Whether there are rows of both classes."""
        return bool(self.positive.any() and not self.positive.all())

    @property
    def base_rate(self) -> float:
        """The share of positives."""
        return float(self.positive.mean())

    @cached_property
    def tpr(self) -> NDArray[np.float64]:
        """True positive rate (recall) of each cut."""
        return np.asarray(self.tp / self.tp[-1], np.float64)

    @cached_property
    def fpr(self) -> NDArray[np.float64]:
        """False positive rate of each cut."""
        return np.asarray(self.fp / self.fp[-1], np.float64)

    @cached_property
    def precision(self) -> NDArray[np.float64]:
        """Precision of each cut; 1 where no row is called positive, as scikit-learn draws it."""
        called = self.tp + self.fp
        return np.divide(self.tp, called, out=np.ones_like(called), where=called > 0)

    @property
    def roc_auc(self) -> float:
        """Area under the ROC curve by trapezoids."""
        return float(np.trapezoid(self.tpr, self.fpr))

    @property
    def pr_auc(self) -> float:
        """Average precision, without interpolation."""
        return float(np.sum(np.diff(self.tpr) * self.precision[1:]))

    @property
    def grid(self) -> NDArray[np.float64]:
        """The thresholds of `sweep`."""
        return _GRID

    @cached_property
    def _counts(self) -> Confusion:
        """The confusion at every threshold of the grid: positive is p >= threshold."""
        below_positive = np.searchsorted(np.sort(self.p[self.positive]), _GRID)
        below = np.searchsorted(np.sort(self.p), _GRID)
        positives = np.count_nonzero(self.positive)
        tp = positives - below_positive
        fp = self.p.size - below - tp
        return Confusion(tn=below - below_positive, fp=fp, fn=below_positive, tp=tp)

    def sweep(self, score: str) -> NDArray[np.float64]:
        """Return a score at every threshold of the grid."""
        return np.asarray(THRESHOLD_SCORES[score](self._counts), np.float64)

    @property
    def confusion(self) -> tuple[int, int, int, int]:
        """The counts tn, fp, fn, tp at the target's own threshold."""
        guess = self.p >= self.threshold
        pairs = ((~guess, ~self.positive), (guess, ~self.positive),
                 (~guess, self.positive), (guess, self.positive))  # fmt: skip
        tn, fp, fn, tp = (int(np.count_nonzero(a & b)) for a, b in pairs)
        return tn, fp, fn, tp

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
    name: str, h: NDArray[np.float64], y: NDArray[np.floating], threshold: float
) -> Curves:
    """Return the curves of finite logits (N,) against labels (N,), positive from 1/2 on."""
    positive = y >= 0.5
    order = np.argsort(-h, kind="stable")
    last = np.append(np.flatnonzero(np.diff(h[order])), h.size - 1)
    tp = np.cumsum(positive[order])[last].astype(np.float64)
    fp = last + 1.0 - tp
    return Curves(name, threshold, np.asarray(sigmoid(h), np.float64), positive,
                  np.append(0.0, tp), np.append(0.0, fp))  # fmt: skip
