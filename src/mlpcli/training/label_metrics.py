"""How good the probabilities of three and more labels are, by the definitions of scikit-learn.

The label with the largest logit is predicted. precision, recall and f1 are the means over the
labels that occur, as truth or as prediction, of each label against the rest; roc_auc and pr_auc
those over the labels that some rows have and others do not; balanced_accuracy is the mean recall
of the labels that rows have. brier is the sum over labels, mcc Gorodkin's (2004), and ece compares
the probability of the predicted label with how often it is right (Guo et al. 2017).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.training.confusion import Confusion, Ranking, f1, precision, recall
from mlpcli.training.metrics import Calibration, Scores, not_finite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlpcli.nn.losses import Loss

__all__ = ["LabelMetrics", "LabelScores", "measure_labels"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Truth = NDArray[np.floating[Any]]
_PIECE = 1 << 16  # rows at a time, so that what is worked in stays small
_RANKED = ("roc_auc", "pr_auc")


@dataclass(frozen=True)
class LabelScores:
    """One label against the rest: `rows` have it, `predicted` are given it.

    roc_auc and pr_auc are None where all rows have it, or none has. `ece` is that of its own
    probability, over all rows.
    """

    rows: int
    predicted: int
    precision: float
    recall: float
    f1: float
    brier: float
    ece: float
    roc_auc: float | None = None
    pr_auc: float | None = None

    @property
    def occurs(self) -> bool:
        """Whether any row has the label or is given it."""
        return self.rows + self.predicted > 0


@dataclass(frozen=True)
class LabelMetrics(Scores):
    """The scores of one target of K labels; row c of `confusion` (K x K) counts rows of label c.

    Its columns are the labels that were predicted. `per_label` is in the same order. Both are empty
    where an output is not finite.
    """

    labels: tuple[str, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    per_label: Mapping[str, LabelScores] = field(default_factory=dict)

    def _details(self) -> tuple[dict[str, Any], dict[str, Any]]:
        first = {"labels": list(self.labels), "confusion": [list(row) for row in self.confusion]}
        return first, {"per_label": {k: asdict(scores) for k, scores in self.per_label.items()}}


def measure_labels(
    h: Array, y: Truth, loss: Loss, labels: Sequence[str], weight: Truth | None = None
) -> LabelMetrics:
    """Return the metrics of logits `h` (N x K) against y (N x K), 1 for the label of a row.

    Row weights (N,), not all 0, enter the loss alone. N must be at least 1.
    """
    if reason := not_finite(h):
        return LabelMetrics(len(h), reason=reason, labels=tuple(labels))
    truth, guess = y.argmax(axis=1), h.argmax(axis=1)
    counts = np.bincount(truth * len(labels) + guess, minlength=len(labels) ** 2)
    counts = counts.reshape(len(labels), len(labels))
    p, rank = np.empty(h.shape), np.empty(h.shape)
    total = 0.0
    for start in range(0, len(h), _PIECE):
        rows = slice(start, start + _PIECE)
        p[rows], rank[rows] = loss.predict(h[rows]), loss.rank(h[rows])
        losses = loss.value(h[rows], y[rows].astype(np.float64)).sum(axis=1)
        total += float(losses.sum() if weight is None else losses @ weight[rows])
    per_label = _each(labels, p, rank, truth, counts)
    means, reason = _means(per_label)
    return LabelMetrics(
        rows=len(h),
        loss=total / (len(h) if weight is None else float(weight.sum(dtype=np.float64))),
        accuracy=float(np.trace(counts) / len(h)),
        ece=Calibration.of(p.max(axis=1), (truth == guess).astype(np.float64)).error,
        mcc=_mcc(counts),
        reason=reason,
        labels=tuple(labels),
        confusion=tuple(map(tuple, counts.tolist())),
        per_label=MappingProxyType(per_label),
        **means,
    )


def _each(
    labels: Sequence[str], p: Array, rank: Array, truth: Index, counts: Index
) -> dict[str, LabelScores]:
    """Return the scores of each label, by probabilities and ranks (N x K) and the truth (N,)."""
    tp, has, given = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    c = Confusion(len(p) - has - given + tp, given - tp, has - tp, tp)
    ratios = np.column_stack([score(c) for score in (precision, recall, f1)])
    return {
        label: LabelScores(
            int(has[k]),
            int(given[k]),
            *map(float, ratios[k]),
            **_scored(p[:, k], rank[:, k], truth == k),
        )
        for k, label in enumerate(labels)
    }


def _scored(p: Array, rank: Array, positive: NDArray[np.bool_]) -> dict[str, Any]:
    """Return brier, ece, roc_auc and pr_auc of one label by its probabilities and ranks (N,)."""
    ece = Calibration.of(p, positive.astype(np.float64)).error
    scores = {"brier": float(((p - positive) ** 2).mean()), "ece": ece}
    if not 0 < np.count_nonzero(positive) < positive.size:
        return scores
    ranking = Ranking.of(rank, positive)
    return {**scores, "roc_auc": ranking.roc_auc, "pr_auc": ranking.average_precision}


def _means(per_label: dict[str, LabelScores]) -> tuple[dict[str, float | None], str | None]:
    """Return the scores that are made of those of the labels, and why some are None or partial."""
    occur = [scores for scores in per_label.values() if scores.occurs]
    means = {n: _mean([getattr(s, n) for s in occur]) for n in ("precision", "recall", "f1")}
    means["balanced_accuracy"] = _mean([s.recall for s in occur if s.rows])
    means["brier"] = sum(scores.brier for scores in per_label.values())
    means |= {n: _mean([getattr(s, n) for s in per_label.values()]) for n in _RANKED}
    lacking = [name for name, scores in per_label.items() if scores.roc_auc is None]
    if not lacking:
        return means, None
    more = f", .. ({len(lacking)} labels)" if len(lacking) > 5 else ""
    why = f"{', '.join(lacking[:5])}{more}: roc_auc and pr_auc need rows with and without the label"
    return means, why


def _mean(values: Sequence[float | None]) -> float | None:
    """Return the mean of those values that there are."""
    some = [value for value in values if value is not None]
    return sum(some) / len(some) if some else None


def _mcc(counts: Index) -> float:
    """Return the correlation of truth and prediction, 0 where either is always the same."""
    C = counts.astype(np.float64)
    truth, guess, n = C.sum(axis=1), C.sum(axis=0), C.sum()
    root = np.sqrt(n * n - truth @ truth) * np.sqrt(n * n - guess @ guess)
    return float((np.trace(C) * n - truth @ guess) / root) if root else 0.0
