"""What a training run came to, as a record and as a JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlpcli.training.divergence import Divergence
    from mlpcli.training.loop import EpochRecord, Stopped
    from mlpcli.training.metrics import Scores
    from mlpcli.training.model_file import Model

__all__ = ["TrainingResult", "documents"]

SCHEMA = "mlp.train/1"


@dataclass(frozen=True)
class TrainingResult:
    """A finished run: the best weights as `model`, stored in `path`, and how good they are.

    `metrics` and `baseline` hold one entry per part (train, validation, test), None for a part
    that does not exist. The baseline predicts the base rate of the training rows for every row.
    `seconds` is wall time of training itself, `history` holds the epochs run by this call, `hints`
    what the metrics suggest.
    """

    model: Model
    path: Path
    epochs_run: int
    best_epoch: int
    stopped: Stopped
    divergence: Divergence | None
    seconds: float
    metrics: Mapping[str, Scores | None]
    baseline: Mapping[str, Scores | None]
    history: tuple[EpochRecord, ...]
    hints: tuple[str, ...] = ()

    def __repr__(self) -> str:
        epochs = f"{self.epochs_run} epochs, best {self.best_epoch}"
        return f"<TrainingResult {self.stopped}: {epochs}, in {self.path}>"

    def to_document(self) -> dict[str, Any]:
        """Return the JSON document of `mlp train --json`."""
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
            "notes": list(self.model.notes),
        }


def documents(metrics: Mapping[str, Scores | None]) -> dict[str, Any]:
    """Return the scores of each part as JSON documents, None for a part that does not exist."""
    return {part: m.to_document() if m else None for part, m in metrics.items()}
