"""Trains the network that a config describes, on its data, into a run folder."""

from __future__ import annotations

import platform
import time
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mlpcli.config import to_portable_document, to_yaml
from mlpcli.data.dataset import Dataset, load_dataset
from mlpcli.errors import Interrupted
from mlpcli.nn.network import initial_network
from mlpcli.nn.objective import objective_from
from mlpcli.nn.optimizers import optimizer_from
from mlpcli.nn.schedule import schedule_from
from mlpcli.nn.step import thread_count
from mlpcli.parallel import ALONE, Team, limit_blas
from mlpcli.seeds import Stream, generator
from mlpcli.training.checkpoint import restore_checkpoint, save_checkpoint, threads_of
from mlpcli.training.evaluate import baseline_metrics, rows_logits, rows_metrics
from mlpcli.training.loop import EpochRecord, Loop, Position
from mlpcli.training.model_file import Model, save_model
from mlpcli.training.result import TrainingResult, documents
from mlpcli.training.run_folder import RunFolder, run_folder_for
from mlpcli.training.threshold import best_threshold
from mlpcli.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcli.config import Config
    from mlpcli.data.dataset import Estimate

__all__ = ["Observer", "new_loop", "train"]

_SECONDS_BETWEEN_CHECKPOINTS = 0.5  # less would cost more time than it could ever save


class Observer(Protocol):
    """Follows a run; `mlp train` draws its progress from these calls."""

    def loading(self, estimate: Estimate) -> None:
        """Take note of a table that is about to be read."""

    def started(self, dataset: Dataset, loop: Loop, threads: int) -> None:
        """Take note of the run, once before the first epoch."""

    def batch_done(self, index: int) -> int | None:
        """Take note of a batch done; return the number of a signal to stop at once."""

    def epoch_done(self, record: EpochRecord) -> None:
        """Take note of an epoch done."""


@dataclass
class Silent:
    """An observer that does nothing."""

    def loading(self, estimate: Estimate) -> None:
        """Do nothing."""

    def started(self, dataset: Dataset, loop: Loop, threads: int) -> None:
        """Do nothing."""

    def batch_done(self, index: int) -> int | None:
        """Never ask to stop."""

    def epoch_done(self, record: EpochRecord) -> None:
        """Do nothing."""


def train(
    config: Config,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    force: bool = False,
    observer: Observer | None = None,
) -> TrainingResult:
    """Train as the config says, write the run folder, and return what came of it.

    The folder is `out`, or `training.output`, or runs/NAME in the current folder. A run that is
    there already is replaced with `force`, gone on with by `resume`, and refused otherwise.
    A run that diverges is a result, with `stopped` "diverged" and the best weights before that.

    Raises DataError, UsageError, ModelError (a damaged checkpoint), StorageError, and Interrupted
    once a checkpoint is saved, if the observer asks to stop.
    """
    observer = observer or Silent()
    folder = run_folder_for(config, out)
    folder.check(resume=resume, force=force)
    dataset = load_dataset(config, folder=_nearest(folder.path), announce=observer.loading)
    dataset = replace(dataset, notes=(*dataset.notes, *_clipped_note(config, dataset)))
    batch_size = min(config.training.batch_size, len(dataset.train))
    asked = config.training.threads or (threads_of(folder.checkpoint) if resume else None)
    threads = thread_count(asked, _sizes(config, dataset), batch_size)
    with limit_blas(1), closing(Team(threads)) as team:
        loop = new_loop(config, dataset, team)
        run = _Run(config, dataset, loop, folder, threads)
        if resume:
            restore_checkpoint(folder.checkpoint, loop, run.document, dataset.digest)
        folder.start(to_yaml(config), epochs_done=loop.position.epoch if resume else None)
        observer.started(dataset, loop, threads)
        started = time.perf_counter()
        history = run.epochs(observer)
        return run.conclude(history, time.perf_counter() - started)


def _nearest(path: Path) -> Path:
    """Return the folder at `path`, or the first one above it that exists already."""
    return next(folder for folder in (path, *path.absolute().parents) if folder.is_dir())


def _clipped_note(config: Config, dataset: Dataset) -> list[str]:
    """Return a note where the user asked for larger batches than there are rows."""
    size, rows = config.training.batch_size, len(dataset.train)
    if size <= rows or "batch_size" not in config.training.model_fields_set:
        return []
    return [f"training.batch_size {size} is more than the {rows} training rows: all are one batch"]


def _sizes(config: Config, dataset: Dataset) -> tuple[int, ...]:
    return (dataset.train.width, *config.network.hidden, len(dataset.targets))


def new_loop(config: Config, dataset: Dataset, team: Team = ALONE) -> Loop:
    """Return a training run at its start: fresh weights, nothing written.

    A team of several shares the work of each step; BLAS should then be held to one thread.
    """
    training, sizes = config.training, _sizes(config, dataset)
    weights = generator(training.seed, Stream.WEIGHTS)
    shuffle = generator(training.seed, Stream.SHUFFLE)
    network = initial_network(sizes, config.network, training.dtype, weights)
    optimizer = optimizer_from(training.optimizer)
    return Loop(
        network=network,
        objective=objective_from(config.loss, dataset.train.y),
        optimizer=optimizer,
        state=optimizer.init(network.theta),
        schedule=schedule_from(training),
        train=dataset.train,
        validation=dataset.validation,
        epochs=training.epochs,
        batch_size=min(training.batch_size, len(dataset.train)),
        patience=training.patience,
        position=Position(
            shuffle=dict(shuffle.bit_generator.state),
            squares=np.zeros(len(sizes) - 1),
            best_theta=network.theta.copy(),
        ),
        inputs=dataset.encoder.inputs,
        team=team,
    )


@dataclass
class _Run:
    """A run under way: what is trained, and the folder that keeps it."""

    config: Config
    dataset: Dataset
    loop: Loop
    folder: RunFolder
    threads: int

    def __post_init__(self) -> None:
        self.document = to_portable_document(self.config)

    def epochs(self, observer: Observer) -> tuple[EpochRecord, ...]:
        """Run the epochs, with a line of history each and a checkpoint every so many."""
        signals: list[int] = []

        def stop(index: int) -> bool:
            signum = observer.batch_done(index)
            if signum is not None:
                signals.append(signum)
            return bool(signals)

        history = []
        saved = time.monotonic()
        for record in self.loop.records(stop):
            history.append(record)
            self.folder.append(record)
            due = record.epoch % self.config.training.checkpoint_every == 0
            if due and time.monotonic() - saved >= _SECONDS_BETWEEN_CHECKPOINTS:
                self._save_checkpoint(durable=False)
                saved = time.monotonic()
            observer.epoch_done(record)
        if self.loop.stopped != "diverged":
            self._save_checkpoint(durable=True)
        if self.loop.stopped == "interrupted":
            at, file = self.loop.position, self.folder.checkpoint
            done = f"interrupted after {at.epoch} epochs and {at.batch} batches"
            raise Interrupted(signals[0], f"{done}; go on with --resume ({file})")
        return tuple(history)

    def _save_checkpoint(self, *, durable: bool) -> None:
        digest = self.dataset.digest
        save_checkpoint(self.folder.checkpoint, self.loop, self.document, digest, durable=durable)

    def conclude(self, history: tuple[EpochRecord, ...], seconds: float) -> TrainingResult:
        """Restore the best weights, choose the threshold, measure, write model and report."""
        loop, dataset = self.loop, self.dataset
        loop.network.theta[:] = loop.position.best_theta
        model = self._model()
        parts = dataset.parts()
        metrics = {
            part: rows_metrics(model, rows) if rows else None for part, rows in parts.items()
        }
        model = replace(model, metrics=documents(metrics))
        save_model(model, self.folder.model)
        assert loop.stopped is not None
        result = TrainingResult(
            model=model,
            path=self.folder.model,
            epochs_run=loop.position.epoch,
            best_epoch=loop.position.best_epoch,
            stopped=loop.stopped,
            divergence=loop.divergence,
            seconds=seconds,
            metrics=metrics,
            baseline=baseline_metrics(model, dataset.train, parts),
            history=history,
        )
        self.folder.write_report(result.to_document())
        return result

    def _model(self) -> Model:
        config, dataset = self.config, self.dataset
        model = Model(
            network=self.loop.network,
            encoder=dataset.encoder,
            targets=dataset.targets,
            thresholds=(0.5,) * len(dataset.targets),
            config=self.document,
            metrics={},
            seed=config.training.seed,
            data_digest=dataset.digest,
            versions=_versions(self.threads),
        )
        return replace(model, thresholds=_thresholds(config, model, dataset))


def _thresholds(config: Config, model: Model, dataset: Dataset) -> tuple[float, ...]:
    threshold = config.training.threshold
    if isinstance(threshold, float):
        return (threshold,) * len(model.targets)
    rows = dataset.validation
    assert rows is not None, "the config refuses threshold.maximize without validation rows"
    h = rows_logits(model.network, rows)
    if not np.isfinite(h).all():  # a run that diverged; nothing can be chosen by such rows
        return (0.5,) * len(model.targets)
    return tuple(
        best_threshold(h[:, k], rows.y[:, k].astype(np.float64), threshold.maximize)
        for k in range(len(model.targets))
    )


def _versions(threads: int) -> dict[str, Any]:
    return {
        "mlpcli": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "threads": threads,
    }
