"""What a model said of rows beside what is true, from which every score is computed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.training.label_metrics import LabelMetrics, measure_labels
from mlpcli.training.metrics import Scores, measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.nn.losses import Loss
    from mlpcli.training.model_file import Model

__all__ = ["ScoredLabels", "ScoredRows", "scored"]


@dataclass(frozen=True)
class ScoredRows:
    """What a network said of rows, and what is true: logits and labels (N x K) of K targets.

    `thresholds` are those of the targets; `weight` (N,) is None where all rows weigh the same.
    `answers` says what the labels 0 and 1 of each target stand for, where that is known.
    """

    logits: NDArray[np.float64]
    labels: NDArray[np.floating[Any]]
    names: tuple[str, ...]
    thresholds: tuple[float, ...]
    weight: NDArray[np.floating[Any]] | None = None
    answers: tuple[tuple[str, str], ...] = ()

    def metrics(self, loss: Loss) -> Scores:
        """Return how good the logits are."""
        return measure(self.logits, self.labels, loss, self.thresholds,
                       names=self.names, weight=self.weight)  # fmt: skip

    def take(self, index: NDArray[np.int64]) -> ScoredRows:
        """Return the chosen rows, some of them perhaps more than once."""
        weight = None if self.weight is None else self.weight[index]
        return replace(self, logits=self.logits[index], labels=self.labels[index], weight=weight)


@dataclass(frozen=True)
class ScoredLabels(ScoredRows):
    """The same of one target of K labels, `names`; `labels` is 1 for the label of a row, else 0."""

    loss: Loss = field(kw_only=True)

    @cached_property
    def p(self) -> NDArray[np.float64]:
        """The probability of each label (N x K)."""
        return np.asarray(self.loss.predict(self.logits), np.float64)

    @cached_property
    def rank(self) -> NDArray[np.float64]:
        """What ranks rows by each label (N x K), without the ties of probabilities near 1."""
        return np.asarray(self.loss.rank(self.logits), np.float64)

    def metrics(self, loss: Loss) -> LabelMetrics:
        """Return how good the logits are."""
        return measure_labels(self.logits, self.labels, loss, self.names, self.weight)


def scored(
    model: Model,
    h: NDArray[np.float64],
    y: NDArray[np.floating[Any]],
    thresholds: tuple[float, ...],
    weight: NDArray[np.floating[Any]] | None,
) -> ScoredRows:
    """Return rows by the kind of the model's targets: logits and labels (N x K each)."""
    if model.classes is not None:
        return ScoredLabels(h, y, model.classes.labels, (), weight, loss=model.loss)
    answers = tuple((target.labels[0], target.labels[1]) for target in model.targets)
    return ScoredRows(h, y, model.names, thresholds, weight, answers)
