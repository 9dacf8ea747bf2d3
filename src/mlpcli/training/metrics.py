"""How good predicted probabilities are, by the definitions of scikit-learn.

A score that needs both classes is None where the rows have one, and every score is where a logit is
not finite: no number could be honest. Labels strictly between 0 and 1 count as given for loss,
brier and ece, and as y >= 1/2 for everything that needs a class.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.names import SCORES
from mlpcli.nn.sigmoid import sigmoid
from mlpcli.training.confusion import THRESHOLD_SCORES, Confusion, Ranking

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlpcli.nn.losses import Loss

__all__ = ["BINS", "SCORES", "Calibration", "Metrics", "Scores", "measure", "not_finite"]

Array = NDArray[np.float64]
Labels = NDArray[np.floating[Any]]

BINS = 10
_PIECE = 1 << 18  # rows at a time, so that what is worked in stays small


@dataclass(frozen=True)
class Scores:
    """All scores of one table of predictions; `reason` says why a score is None."""

    rows: int
    loss: float | None = None
    accuracy: float | None = None
    balanced_accuracy: float | None = None
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    roc_auc: float | None = None
    pr_auc: float | None = None
    brier: float | None = None
    ece: float | None = None
    mcc: float | None = None
    reason: str | None = None

    def to_document(self) -> dict[str, Any]:
        """Return the metrics as JSON values, what may be absent only where it says more."""
        scores = {"rows": self.rows, **{score: getattr(self, score) for score in SCORES}}
        reason = {} if self.reason is None else {"reason": self.reason}
        first, last = self._details()
        return {**scores, **first, **reason, **last}

    @abstractmethod
    def _details(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what else a document has before and after the reason."""


@dataclass(frozen=True)
class Metrics(Scores):
    """The scores of targets of two labels; `per_target` only where they are several.

    With several targets each score is the mean over the targets that have it, and the confusion
    counts are sums.
    """

    confusion: Confusion = field(default_factory=Confusion)
    threshold: float | None = None
    per_target: MappingProxyType[str, Metrics] | None = None

    def _details(self) -> tuple[dict[str, Any], dict[str, Any]]:
        first = {"confusion": asdict(self.confusion), "threshold": self.threshold}
        targets = self.per_target
        if targets is None:
            return first, {}
        return first, {"per_target": {k: m.to_document() for k, m in targets.items()}}


@dataclass(frozen=True)
class Calibration:
    """Probabilities in bins of equal width, those with rows in them: rows, mean, what was true.

    `bins` are their numbers, from 0 to `BINS` - 1. `share` is the mean label: the share of
    positives where labels are 0 and 1.
    """

    bins: NDArray[np.int64]
    rows: NDArray[np.int64]
    mean: Array
    share: Array

    @classmethod
    def of(cls, p: Array, y: Array) -> Calibration:
        """Return how well probabilities (N,) agree with labels (N,)."""
        bins = _bins(p)
        rows, ps, ys = (np.bincount(bins, weights, BINS) for weights in (None, p, y))
        some = rows > 0
        return cls(np.flatnonzero(some), rows[some], ps[some] / rows[some], ys[some] / rows[some])

    @property
    def error(self) -> float:
        """The expected calibration error: the mean gap of the rows' bins (Guo et al. 2017)."""
        return float(np.abs(self.share - self.mean) @ self.rows / self.rows.sum())


def _bins(p: Array) -> NDArray[np.int64]:
    """Return the bin of each probability; 1 is in the last one."""
    return np.minimum((p * BINS).astype(np.int64), BINS - 1)


@dataclass
class _Sums:
    """Sums over rows for the scores that need no order of the rows; loss is weighted.

    `gaps` are those of the expected calibration error, bin by bin (Guo et al. 2017).
    """

    loss: float = 0.0
    weight: float = 0.0
    squares: float = 0.0
    gaps: Array = field(default_factory=lambda: np.zeros(BINS))
    guessed: int = 0
    right: int = 0

    def add(self, h: Array, y: Array, weight: Array | None, loss: Loss, threshold: float) -> None:
        """Count rows in."""
        p = np.asarray(sigmoid(h), np.float64)
        losses = loss.value(h, y)
        self.loss += float(losses.sum() if weight is None else losses @ weight)
        self.weight += p.size if weight is None else float(weight.sum())
        self.squares += float(((p - y) ** 2).sum())
        self.gaps += np.bincount(_bins(p), y - p, BINS)
        guess = p >= threshold
        self.guessed += int(np.count_nonzero(guess))
        self.right += int(np.count_nonzero(guess & (y >= 0.5)))


def not_finite(h: Array) -> str | None:
    """Return why logits (N, ..) have no honest score: some are not finite; None if all are."""
    finite = np.isfinite(h).reshape(len(h), -1).all(axis=1)
    broken = np.count_nonzero(~finite)
    return f"the network's output is not finite for {broken} of {len(h)} rows" if broken else None


def _measure_one(
    h: Array, y: Labels, weight: Labels | None, loss: Loss, threshold: float
) -> Metrics:
    if reason := not_finite(h):
        return Metrics(h.size, threshold=threshold, reason=reason)
    sums = _Sums()
    for start in range(0, h.size, _PIECE):
        piece = slice(start, start + _PIECE)
        some = None if weight is None else weight[piece].astype(np.float64)
        sums.add(h[piece], y[piece].astype(np.float64), some, loss, threshold)
    positive = y >= 0.5
    positives = int(np.count_nonzero(positive))
    fp, fn = sums.guessed - sums.right, positives - sums.right
    confusion = Confusion(h.size - sums.right - fp - fn, fp, fn, sums.right)
    scores: dict[str, Any] = {n: float(f(confusion)) for n, f in THRESHOLD_SCORES.items()}
    both = 0 < positives < h.size
    ranking = Ranking.of(h, positive)  # by logit: probabilities tie where they round to 1
    return Metrics(
        rows=h.size,
        loss=sums.loss / sums.weight,
        roc_auc=ranking.roc_auc if both else None,
        pr_auc=ranking.average_precision if both else None,
        brier=sums.squares / h.size,
        ece=float(np.abs(sums.gaps).sum() / h.size),
        confusion=confusion,
        threshold=threshold,
        reason=None if both else "roc_auc and pr_auc need rows of both classes",
        **scores,
    )


def measure(
    h: Array,
    y: Labels,
    loss: Loss,
    thresholds: Sequence[float],
    *,
    names: Sequence[str],
    weight: Labels | None = None,
) -> Metrics:
    """Return the metrics of logits `h` (N x K) against labels `y` (N x K), K targets `names`.

    Row weights (N,), not all 0, enter the loss alone. N must be at least 1. Takes about 50 bytes
    per row.
    """
    return _mean(
        {
            name: _measure_one(h[:, k], y[:, k], weight, loss, thresholds[k])
            for k, name in enumerate(names)
        }
    )


def _mean(targets: Mapping[str, Metrics]) -> Metrics:
    """Return the metrics of the only target, or the mean of several; losses are added, as in J."""
    first, *others = targets.values()
    if not others:
        return first
    found = {
        score: [value for m in targets.values() if (value := getattr(m, score)) is not None]
        for score in SCORES
    }
    means: dict[str, Any] = {s: sum(v) / len(v) if v else None for s, v in found.items()}
    means["loss"] = sum(found["loss"]) if len(found["loss"]) == len(targets) else None
    lacking = [name for name, m in targets.items() if m.reason]
    return Metrics(
        rows=first.rows,
        confusion=sum((m.confusion for m in targets.values()), Confusion()),
        threshold=first.threshold if len({m.threshold for m in targets.values()}) == 1 else None,
        reason=f"{', '.join(lacking)}: {targets[lacking[0]].reason}" if lacking else None,
        per_target=MappingProxyType(targets),
        **means,
    )
