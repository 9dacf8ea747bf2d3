"""One fold of a cross-validation: a model that has not seen some rows, and what it says of them."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from mlpcli.errors import ModelError
from mlpcli.parallel import Team, limit_blas
from mlpcli.records import dataclass
from mlpcli.training.build import new_loop
from mlpcli.training.part_metrics import row_logits
from mlpcli.training.run import trained_model
from mlpcli.training.score_rows import scored
from mlpcli.training.tensor_file import read_tensors, write_tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from mlpcli.data.columns import Index
    from mlpcli.data.dataset import Dataset

__all__ = ["Fold", "FoldTask", "read_fold", "save_fold", "train_fold"]

SCHEMA = "mlp.fold/1"


@dataclass(frozen=True)
class FoldTask:
    """A fold to be done: its `dataset`, whose test rows are the `rows` (N,) that are held out.

    `number` counts from 1 within the seed, which is that of the dataset's config.
    """

    dataset: Dataset
    number: int
    rows: Index


@dataclass(frozen=True)
class Fold:
    """A fold that is done: the logits (N x K) of the `rows` (N,) that it held out.

    Rows are numbered from 0 among those that are not left out for a missing value. `thresholds` are
    those of the model, `metrics` the document of its scores; `reason` says why training diverged.
    """

    seed: int
    number: int
    rows: NDArray[np.int64]
    logits: NDArray[np.float64]
    thresholds: tuple[float, ...]
    metrics: Mapping[str, Any]
    stopped: str
    epochs_run: int
    notes: tuple[str, ...] = ()
    reason: str | None = None

    def to_document(self) -> dict[str, Any]:
        """Return what the JSON document of `mlp crossval --json` says of the fold."""
        return {
            "fold": self.number,
            "seed": self.seed,
            "rows": len(self.rows),
            "stopped": self.stopped,
            "reason": self.reason,
            "epochs_run": self.epochs_run,
            "metrics": dict(self.metrics),
        }


def train_fold(task: FoldTask, stop: Callable[[int], int | None] = lambda _: None) -> Fold | None:
    """Train on the fold's training rows and measure on those held out; None if `stop` ended it.

    The bytes of the result depend on neither the process nor what else is running: BLAS has one
    thread, and steps as many as `training.threads` says, else one.
    """
    dataset, config = task.dataset, task.dataset.config
    assert dataset.test is not None
    with limit_blas(1), closing(Team(config.training.threads or 1)) as team:
        loop = new_loop(config, dataset, team)
        for _ in loop.records(stop, often=False):
            pass
        if loop.stopped == "interrupted":
            return None
        model = trained_model(config, dataset, loop)
        h = row_logits(model.network, dataset.test, kept=loop.engine.kernel)
    rows = scored(model, h, dataset.test.y, model.thresholds, dataset.test.weight)
    assert loop.stopped is not None
    return Fold(
        seed=config.training.seed,
        number=task.number,
        rows=task.rows,
        logits=h,
        thresholds=model.thresholds,
        metrics=rows.metrics(model.loss).to_document(),
        stopped=loop.stopped,
        epochs_run=loop.position.epoch,
        notes=dataset.notes,
        reason=loop.divergence.message() if loop.divergence else None,
    )


_SCALARS = ("seed", "number", "thresholds", "metrics", "stopped", "epochs_run", "notes", "reason")


def save_fold(path: Path, fold: Fold, settings: Mapping[str, Any]) -> None:
    """Write a fold, and the settings that it was made with; StorageError if that cannot be."""
    metadata = {name: getattr(fold, name) for name in _SCALARS}
    tensors = {"rows": fold.rows, "logits": fold.logits}
    write_tensors(path, SCHEMA, tensors, {**metadata, "settings": settings}, durable=False)


def read_fold(path: Path) -> tuple[Fold, Mapping[str, Any]]:
    """Return a fold and its settings; ModelError where there is none, or it is damaged."""
    tensors, metadata = read_tensors(path, SCHEMA)
    try:
        scalars = {name: metadata[name] for name in _SCALARS}
        lists = {name: tuple(scalars[name]) for name in ("thresholds", "notes")}
        fold = Fold(rows=tensors["rows"], logits=tensors["logits"], **{**scalars, **lists})
        return fold, metadata["settings"]
    except (KeyError, TypeError) as error:
        raise ModelError(f"{path}: not a fold that mlp crossval wrote: {error!r}") from error
