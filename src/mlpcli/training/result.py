"""What a training run came to, as a record and as the JSON document of `mlp train --json`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlpcli.training.divergence import Divergence
    from mlpcli.training.loop import EpochRecord, Stopped
    from mlpcli.training.metrics import Metrics
    from mlpcli.training.model_file import Model

__all__ = ["TrainingResult"]

SCHEMA = "mlp.train/1"


@dataclass(frozen=True)
class TrainingResult:
    """A finished run: the best weights as `model`, stored in `path`, and how good they are.

    `metrics` and `baseline` hold one entry per part (train, validation, test), None for a part
    that does not exist. The baseline predicts the base rate of the training rows for every row.
    `seconds` is wall time of training itself, `history` holds the epochs run by this call.
    """

    model: Model
    path: Path
    epochs_run: int
    best_epoch: int
    stopped: Stopped
    divergence: Divergence | None
    seconds: float
    metrics: Mapping[str, Metrics | None]
    baseline: Mapping[str, Metrics | None]
    history: tuple[EpochRecord, ...]

    def to_document(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return {
            "schema": SCHEMA,
            "epochs_run": self.epochs_run,
            "best_epoch": self.best_epoch,
            "stopped": self.stopped,
            "reason": self.divergence.message() if self.divergence else None,
            "seed": self.model.seed,
            "seconds": round(self.seconds, 3),
            "model": str(self.path),
            "metrics": documents(self.metrics),
            "baseline": documents(self.baseline),
        }


def documents(metrics: Mapping[str, Metrics | None]) -> dict[str, Any]:
    """Return the metrics of each part as JSON values."""
    return {part: m.to_document() if m else None for part, m in metrics.items()}
