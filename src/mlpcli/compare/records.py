"""What one form does on data: to the gradient of a tensor, and to a run of training."""

from __future__ import annotations

from typing import Literal

from mlpcli.check.verdict.rule import OfTensor
from mlpcli.records import dataclass

__all__ = ["LayerComparison", "TrainingRun"]


@dataclass(frozen=True)
class LayerComparison(OfTensor):
    """One tensor under one form, against `stable` in float64; relative errors 0/0 = 0.

    `max_relative_error` is over finite entries, None for `mse`, which is another loss: only its
    `gradient_norm` can be compared.
    """

    form: str
    layer: int
    parameter: Literal["W", "b"]
    max_relative_error: float | None
    non_finite: int
    gradient_norm: float | None


@dataclass(frozen=True)
class TrainingRun:
    """One run of one form.

    `loss` is the true cross-entropy of its best weights on the validation rows (without any, on
    the training rows), None where it is not finite; `curve` holds the loss by epoch as training saw
    it. `reason` says why a run stopped before its last epoch.
    """

    form: str
    seed: int
    stopped: str
    epochs_run: int
    loss: float | None
    reason: str | None
    curve: tuple[float, ...]
