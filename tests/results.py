"""Results for reports to show: epochs, rows that some model scored, gradients that were checked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from buggy_backprop import Plant, buggy
from mlpcli.check.bugs.diagnosis import Diagnosis
from mlpcli.check.run import gradcheck
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.sigmoid import sigmoid
from mlpcli.training.evaluate import Evaluation
from mlpcli.training.loop import EpochRecord
from mlpcli.training.metrics import Metrics, Scores, measure
from mlpcli.training.score_rows import ScoredRows
from planted import CASES

if TYPE_CHECKING:
    from mlpcli.check.result import GradcheckResult


def rows(targets: int = 1, count: int = 300, seed: int = 0) -> tuple[Any, Any]:
    """Logits with ties, none at the edge of a bin, and labels that follow them loosely."""
    rng = np.random.default_rng(seed)
    h = np.round(rng.normal(0, 2, (count, targets)), 1) + 0.01
    y = (rng.uniform(size=h.shape) < sigmoid(h)).astype(np.float64)
    assert 0.2 < y.mean() < 0.8
    return h, y


def evaluation(
    h: Any, y: Any, names: tuple[str, ...] = ("y",), threshold: float = 0.4
) -> Evaluation:
    thresholds = (threshold,) * len(names)
    scores = measure(h, y, LOSSES["bce"], thresholds, names=names)
    return Evaluation(scores, "", (), None, ScoredRows(h, y, names, thresholds))


def of_two(metrics: Scores | None) -> Metrics:
    """The metrics, which are those of targets of two labels."""
    assert isinstance(metrics, Metrics)
    return metrics


def history(epochs: int, layers: int = 2, *, validated: bool = True) -> list[EpochRecord]:
    return [
        EpochRecord(
            e, 1 / e, 1.5 / e if validated else None, None, 0.1 / e,
            tuple(10.0**-k / e for k in range(layers)), 0.1,
        )
        for e in range(1, epochs + 1)
    ]  # fmt: skip


def checked(name: str = "square", *plants: Plant) -> GradcheckResult:
    return gradcheck(CASES[name], buggy(CASES[name], plants))


def doubtful(result: GradcheckResult) -> GradcheckResult:
    """The same with a second opinion that disagrees."""
    opinion = replace(result.check.second_opinion, agrees=False, max_relative_error=0.5)
    return replace(
        result,
        verdict="inconclusive",
        check=replace(result.check, verdict="inconclusive", second_opinion=opinion),
    )


HOSTILE = 'a<b>&"c",d:e%f\ng'


def forgetful(result: GradcheckResult) -> GradcheckResult:
    """The same of a function that is wrong though its numbers are right."""
    found = Diagnosis("depends-on-earlier-rows", (), (), HOSTILE, "forget", None)
    return replace(result, verdict="fail", diagnosis=(found,))
