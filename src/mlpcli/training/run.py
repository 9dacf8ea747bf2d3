"""Trains the network that a config describes, on its data, into a run folder."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config import to_portable_document, to_yaml
from mlpcli.data.frames import config_of
from mlpcli.data.material import load_dataset
from mlpcli.errors import Interrupted
from mlpcli.files import files_named
from mlpcli.locks import FolderLock
from mlpcli.nn.step import thread_count
from mlpcli.parallel import limit_blas
from mlpcli.ranks import job
from mlpcli.text import counted
from mlpcli.training.build import layer_sizes, new_loop, require_trainable, rows_per_step
from mlpcli.training.checkpoint import read_checkpoint, save_checkpoint
from mlpcli.training.confusion import best_threshold
from mlpcli.training.hints import threshold_hints
from mlpcli.training.joint import in_step, team_for
from mlpcli.training.model_file import Model, save_model
from mlpcli.training.observer import Observer
from mlpcli.training.part_metrics import baseline_metrics, part_logits, part_metrics, row_logits
from mlpcli.training.result import TrainingResult, documents
from mlpcli.training.run_folder import RunFolder, run_folder_for
from mlpcli.version import software

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from mlpcli.config import Config
    from mlpcli.data.dataset import Dataset
    from mlpcli.data.frames import Data
    from mlpcli.training.loop import EpochRecord, Loop

__all__ = ["nearest_folder", "train", "trained_model"]


_SECONDS_BETWEEN_CHECKPOINTS = 0.5  # less would cost more time than it could ever save


def train(
    config: Config | Mapping[str, Any] | str | Path,
    data: Data = None,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    force: bool = False,
    observer: Observer | None = None,
) -> TrainingResult:
    """Train as the config says, write the run folder, and return what came of it.

    A dict, or the path of a config, is read as `load_config` does. `data` takes the place of
    `data.train`: a path, or a table in memory (an Arrow stream as of pandas, polars, pyarrow and
    DuckDB, or a dict of columns).

    The folder is `out`, or `training.output`, or runs/NAME in the current folder. A run that is
    there already is replaced with `force`, gone on with by `resume`, and refused otherwise.
    A run that diverges is a result, with `stopped` "diverged" and the best weights before that.

    Raises DataError, UsageError (also where another process writes into the folder), ModelError (a
    damaged checkpoint or history), StorageError, and Interrupted once
    a checkpoint is saved, if the observer asks to stop.
    """
    config = config_of(config, data)
    require_trainable(config)
    folder = run_folder_for(config, out)
    tables = [path for pattern in config.tables for path in files_named(pattern)]
    with closing(FolderLock(folder.path)) as lock, closing(folder):
        lock.take()
        folder.check(resume=resume, force=force, inputs=tables)

        def begin() -> None:
            """Take the lock of a folder that was not there: others may have begun meanwhile."""
            folder.make()
            lock.take()
            folder.check(resume=resume, force=force, inputs=tables)

        return _train(config, data, folder, begin, observer or Observer(), resume=resume)


def _train(
    config: Config,
    data: Any,
    folder: RunFolder,
    begin: Callable[[], None],
    observer: Observer,
    *,
    resume: bool,
) -> TrainingResult:
    """Train into a folder that may be written into once `begin` has been called."""
    kept = read_checkpoint(folder.checkpoint) if resume else None
    nearest = nearest_folder(folder.path)
    dataset = load_dataset(
        config, data, folder=nearest, announce=observer.loading, counting=observer.counting
    )
    config = dataset.config
    dataset = replace(dataset, notes=(*dataset.notes, *_clipped_note(config, dataset)))
    batch_size = rows_per_step(config.training, len(dataset.train))
    asked = config.training.threads or (kept.threads if kept else None)
    threads = thread_count(asked, layer_sizes(config, dataset), batch_size)
    ranks = job()
    with limit_blas(1), closing(team_for(ranks, config, threads)) as team:
        loop = new_loop(config, dataset, team, kept.kernel if kept else None)
        if kept:
            notes = kept.notes(loop.engine.kernel, team.size)
            dataset = replace(dataset, notes=(*dataset.notes, *notes))
        run = _Run(config, dataset, loop, folder)
        if kept:
            kept.restore(loop, run.document, dataset.digest)
        begin()
        folder.start(
            to_yaml(config, folder.path), epochs_done=loop.position.epoch if kept else None
        )
        observer.started(dataset, loop, team.size)
        often = observer.often and _heeds(observer)
        with in_step(ranks, loop, dataset, kept, run.document, often=often) as run.dataset:
            started = time.perf_counter()
            history = run.epochs(observer)
            return run.conclude(history, time.perf_counter() - started)


def _heeds(observer: Observer) -> bool:
    """Return whether an observer may have anything to say."""
    return type(observer) is not Observer


def nearest_folder(path: Path) -> Path:
    """Return the folder at `path`, or the first one above it that exists already."""
    return next(folder for folder in (path, *path.absolute().parents) if folder.is_dir())


def _clipped_note(config: Config, dataset: Dataset) -> list[str]:
    """Return a note where the user asked for larger batches than there are rows."""
    size, rows = config.training.batch_size, len(dataset.train)
    if size <= rows or "batch_size" not in config.training.model_fields_set:
        return []
    return [f"training.batch_size {size} is more than the {rows} training rows: all are one batch"]


@dataclass
class _Run:
    """A run under way: what is trained, and the folder that keeps it."""

    config: Config
    dataset: Dataset
    loop: Loop
    folder: RunFolder

    def __post_init__(self) -> None:
        self.document = to_portable_document(self.config)

    def epochs(self, observer: Observer) -> tuple[EpochRecord, ...]:
        """Run the epochs, with a line of history each and a checkpoint every so many."""
        history = []
        saved = time.monotonic()
        stop = observer.batch_done if _heeds(observer) else None
        for record in self.loop.records(stop, often=observer.often):
            history.append(record)
            self.folder.append(record)
            if _due(self.config.training.checkpoint_every, record.epoch, time.monotonic() - saved):
                self._save_checkpoint(durable=False)
                saved = time.monotonic()
            observer.epoch_done(record)
        if self.loop.stopped != "diverged":
            hurried = self.loop.signal and job().size > 1  # mpirun kills in a quarter of a second
            self._save_checkpoint(durable=not hurried)
        if self.loop.signal:
            at, file = self.loop.position, self.folder.checkpoint
            batches = counted(at.batch, "batch", "es")
            done = f"interrupted after {counted(at.epoch, 'epoch')} and {batches}"
            raise Interrupted(self.loop.signal, f"{done}; go on with --resume ({file})")
        return tuple(history)

    def _save_checkpoint(self, *, durable: bool) -> None:
        digest = self.dataset.digest
        self.folder.sync_history()
        save_checkpoint(self.folder.checkpoint, self.loop, self.document, digest, durable=durable)

    def conclude(self, history: tuple[EpochRecord, ...], seconds: float) -> TrainingResult:
        """Restore the best weights, choose the threshold, measure, write model and report."""
        loop, dataset = self.loop, self.dataset
        parts = dataset.parts()
        loop.network.theta[:] = loop.position.best_theta
        logits = part_logits(loop.network, parts, loop.team, loop.engine.kernel)
        model = trained_model(self.config, dataset, loop, logits["validation"])
        metrics = part_metrics(model, parts, logits)
        hints = threshold_hints(metrics, self.config, dataset.targets)
        hints = hints if loop.note is None else (loop.note, *hints)
        model = replace(model, metrics=documents(metrics), notes=(*dataset.notes, *hints))
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
            hints=hints,
        )
        self.folder.write_report(result.to_document())
        return result


def _due(every: int | str, epoch: int, seconds: float) -> bool:
    """Return whether to save after an epoch, so many seconds after the last time."""
    if isinstance(every, str):
        return seconds >= 60 * float(every.removesuffix("min"))
    return epoch % every == 0 and seconds >= _SECONDS_BETWEEN_CHECKPOINTS


def trained_model(
    config: Config, dataset: Dataset, loop: Loop, h: NDArray[np.float64] | None = None
) -> Model:
    """Return the model of the best weights of a loop that has ended, its metrics still to come.

    `h` are the logits of the validation rows by these weights, if they are known.
    """
    loop.network.theta[:] = loop.position.best_theta
    return Model(
        network=loop.network,
        encoder=dataset.encoder,
        targets=dataset.targets,
        thresholds=_thresholds(config, dataset, loop, h),
        config=to_portable_document(config),
        metrics={},
        seed=config.training.seed,
        data_digest=dataset.digest,
        reading=dataset.reading,
        versions=software() | {"threads": loop.team.size, "kernel": loop.engine.kernel},
    )


def _thresholds(
    config: Config, dataset: Dataset, loop: Loop, h: NDArray[np.float64] | None
) -> tuple[float, ...]:
    """Return the threshold of each target, chosen by the validation rows where the config says."""
    threshold, targets = config.training.threshold, dataset.targets
    if isinstance(threshold, float):
        return () if dataset.classes else (threshold,) * len(targets)
    rows = dataset.validation
    assert rows is not None, "the config refuses threshold.maximize without validation rows"
    if h is None:
        h = row_logits(loop.network, rows, kept=loop.engine.kernel)
    if not np.isfinite(h).all():  # a run that diverged; nothing can be chosen by such rows
        return (0.5,) * len(targets)
    columns = zip(h.T, rows.y.T, strict=True)
    return tuple(best_threshold(*column, threshold.maximize) for column in columns)
