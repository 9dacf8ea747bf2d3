"""Predicts every row once by a model that has not seen it: honest scores from little data."""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, product
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config import to_portable_document, to_yaml
from mlpcli.data.dataset import Dataset, open_material
from mlpcli.data.split import fold_numbers, share_out
from mlpcli.errors import DataError, Interrupted
from mlpcli.files import atomic_file
from mlpcli.parallel import core_count, limit_blas
from mlpcli.processes import map_processes
from mlpcli.training.fold_folder import fold_folder_for
from mlpcli.training.folds import FoldTask, train_fold
from mlpcli.training.interval import fold_interval
from mlpcli.training.metrics import SCORES
from mlpcli.training.out_of_fold import prediction_lines
from mlpcli.training.run import Observer, nearest_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from mlpcli.config import Config
    from mlpcli.data.columns import Index
    from mlpcli.data.dataset import Material
    from mlpcli.training.fold_folder import FoldFolder
    from mlpcli.training.folds import Fold
    from mlpcli.training.interval import Interval

__all__ = ["CrossvalResult", "FoldObserver", "Plan", "crossval"]

SCHEMA = "mlp.crossval/1"
_WORTH_PROCESSES = 0.75  # seconds of work each; for less they take longer to start than they save


@dataclass(frozen=True)
class Plan:
    """What a cross-validation is about to do: `folds` of so many `rows`, for each of the `seeds`.

    `done` of them are there already; `note` says which part of the config has no say.
    """

    rows: int
    folds: int
    seeds: tuple[int, ...]
    done: int
    note: str | None

    @property
    def total(self) -> int:
        """How many models there are in all."""
        return self.folds * len(self.seeds)


class FoldObserver(Observer):
    """Follows a cross-validation and does nothing; `batch_done` may ask to stop, as in training."""

    def planned(self, plan: Plan) -> None:
        """Take note of the plan, once before the first fold."""

    def fold_done(self, fold: Fold) -> None:
        """Take note of a fold done."""


@dataclass(frozen=True)
class CrossvalResult:
    """All folds, by seed and number, and of each score the mean with its interval (None: no value).

    `predictions` is a CSV file: a line per row and seed, by the model that has not seen the row.
    `seconds` is wall time of all that this call did.
    """

    folds: tuple[Fold, ...]
    metrics: Mapping[str, Interval | None]
    predictions: Path
    seconds: float

    @property
    def diverged(self) -> tuple[Fold, ...]:
        """The folds whose training diverged."""
        return tuple(fold for fold in self.folds if fold.stopped == "diverged")

    def notes(self) -> list[str]:
        """Return what is worth knowing of the rows, and of how many folds it holds."""
        found = Counter(note for fold in self.folds for note in fold.notes)
        total = len(self.folds)
        return [note if n == total else f"{note} ({n} of {total} folds)"
                for note, n in found.items()]  # fmt: skip

    def to_document(self) -> dict[str, Any]:
        """Return the JSON document of `mlp crossval --json`."""
        return {
            "schema": SCHEMA,
            "folds": [fold.to_document() for fold in self.folds],
            "metrics": {score: _document(found) for score, found in self.metrics.items()},
            "predictions": str(self.predictions),
            "notes": self.notes(),
        }


def _document(found: Interval | None) -> dict[str, Any]:
    if found is None:
        nothing = dict.fromkeys(("mean", "low", "high"))
        return {**nothing, "reason": "no fold has this score"}
    ends = {"mean": found.mean, "low": found.low, "high": found.high}
    alone = {"reason": "one fold alone has this score"} if found.low is None else {}
    return {**ends, **alone}


def crossval(
    config: Config,
    *,
    folds: int = 5,
    seeds: int = 1,
    jobs: int | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    force: bool = False,
    observer: FoldObserver | None = None,
) -> CrossvalResult:
    """Share the training table out into folds, and predict each by a model of the others.

    Encoder, weights of labels and threshold are fitted anew each time, on the other folds alone. Of
    those `data.validation` takes its share; `data.test` has no say, since the fold is the test.
    With several `seeds`, counted on from `training.seed`, all of that is repeated. At most `jobs`
    processes work at a time (None: one per core); the result does not depend on it.

    The folder is `out`, or that of a training run with "-crossval" behind. Folds that are done are
    kept there, and are not done again. Raises as `train` does; Interrupted after the observer asks
    to stop.
    """
    started = time.perf_counter()
    observer = observer or FoldObserver()
    folder = fold_folder_for(config, out)
    folder.check(resume=resume, force=force)
    nearest = nearest_folder(folder.path)
    with open_material(config, folder=nearest, announce=observer.loading) as material:
        tables = (material.whole.table, *(part.table for part in material.given.values()))
        folder.refuse_inputs(path for table in tables for path in table.paths)
        work = _Work(config, material, folds, folder)
        chosen = range(config.training.seed, config.training.seed + seeds)
        work.prepare(chosen, force=force)
        folder.start(to_yaml(material.config), force=force)
        observer.planned(work.plan(chosen))
        with limit_blas(1):
            work.run(observer, jobs or core_count())
        done = tuple(fold for _, fold in sorted(work.done.items()))
        with atomic_file(folder.predictions) as file:
            for line in prediction_lines(done, material):
                file.write(line.encode())
    metrics = {score: fold_interval(score, _values(done, score), folds) for score in SCORES}
    seconds = time.perf_counter() - started
    result = CrossvalResult(done, metrics, folder.predictions, seconds)
    folder.write_report(result.to_document())
    return result


def _stop(observer: FoldObserver, until: float, index: int) -> int | None:
    """Return a signal to stop after a batch: the observer's, or -1 where it has got too late."""
    return observer.batch_done(index) or (-1 if time.monotonic() > until else None)


def _values(folds: Iterable[Fold], score: str) -> list[float]:
    found = (fold.metrics[score] for fold in folds)
    return [value for value in found if value is not None]


class _Work:
    """The folds of a table, those that are done and those to do."""

    def __init__(self, config: Config, material: Material, folds: int, folder: FoldFolder) -> None:
        self.config, self.material, self.folds, self.folder = config, material, folds, folder
        self.done: dict[tuple[int, int], Fold] = {}
        self.open: list[tuple[int, int]] = []
        self.fold_of: dict[int, Index] = {}

    def prepare(self, seeds: Iterable[int], *, force: bool) -> None:
        """Share out the rows for each seed, and look for folds that are done already."""
        for seed in seeds:
            config = self.material.config.with_seed(seed)
            self.fold_of[seed] = fold_numbers(self.material.whole, config, self.folds)
        for seed, number in product(seeds, range(1, self.folds + 1)):
            found = None if force else self.folder.read(seed, number, self._settings(seed))
            if found is None:
                self.open.append((seed, number))
            else:
                self.done[seed, number] = found

    def plan(self, seeds: Iterable[int]) -> Plan:
        """Return what is about to be done."""
        rows, test = len(self.material.whole), self.config.data.test
        note = None if test is None else "data.test is not used: each fold is the test of its model"
        return Plan(rows, self.folds, tuple(seeds), len(self.done), note)

    def run(self, observer: FoldObserver, jobs: int) -> None:
        """Do what is still to be done, and keep it; raises Interrupted."""
        for fold in self._folds(observer, jobs):
            self.folder.save(fold, self._settings(fold.seed))
            self.done[fold.seed, fold.number] = fold
            observer.fold_done(fold)
        if len(self.done) < self.folds * len(self.fold_of):
            signum = observer.batch_done(0) or 0
            total = self.folds * len(self.fold_of)
            done = f"interrupted after {len(self.done)} of {total} folds"
            raise Interrupted(signum, f"{done}; go on with --resume ({self.folder.path})")

    def _folds(self, observer: FoldObserver, jobs: int) -> Iterator[Fold]:
        """Yield folds as they are done: here, and from where that takes long on in processes."""
        tasks, started, total = self._tasks(), time.monotonic(), len(self.open)
        for done, task in enumerate(tasks):
            left, spent = total - done, time.monotonic() - started
            shared = left > 1 < jobs and not task.dataset.in_file
            if not (shared and done and spent / done * left > 2 * _WORTH_PROCESSES):
                until = started + _WORTH_PROCESSES if shared and not done else math.inf
                fold = train_fold(task, partial(_stop, observer, until))
                if fold is not None:
                    yield fold
                    continue
                if observer.batch_done(0):
                    return
            rest, count = chain([task], tasks), min(jobs, left)
            for found in map_processes(train_fold, rest, count, lambda: observer.batch_done(0)):
                assert found is not None, "nothing stops a fold in a process"
                yield found
            return

    def _tasks(self) -> Iterator[FoldTask]:
        """Yield what is to be done, encoded one by one as it is asked for."""
        for seed, number in self.open:
            config = self.material.config.with_seed(seed)
            held_out = self.fold_of[seed] == number - 1
            rows = np.flatnonzero(held_out)
            try:
                dataset = self._dataset(config, rows, np.flatnonzero(~held_out))
            except DataError as error:
                where = f"fold {number} of {self.folds}, seed {seed}"
                raise DataError(*(f"{where}: {line}" for line in error.lines)) from error
            yield FoldTask(replace(dataset, config=config), number, rows)

    def _dataset(self, config: Config, held_out: Index, others: Index) -> Dataset:
        """Return the encoded rows of a fold: held out as test, the others shared out as ever."""
        whole, data = self.material.whole, config.data.model_copy(update={"test": None})
        shares = share_out(whole.take(others), config.model_copy(update={"data": data}))
        return self.material.dataset({**shares, "test": whole.take(held_out)})

    def _settings(self, seed: int) -> dict[str, Any]:
        """Return all that a fold depends on but its number."""
        config = to_portable_document(self.material.config.with_seed(seed))
        return {**config, "folds": self.folds, "data digest": self.material.digest.result()}
