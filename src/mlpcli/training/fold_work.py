"""The work of a cross-validation: which folds are done, and how the others get done."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from functools import partial
from itertools import chain, product
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config import to_portable_document
from mlpcli.data.split import fold_numbers, share_out
from mlpcli.errors import DataError, Interrupted
from mlpcli.processes import map_processes
from mlpcli.ranks import job
from mlpcli.records import dataclass
from mlpcli.training.folds import FoldTask, train_fold
from mlpcli.training.observer import Observer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlpcli.config import Config
    from mlpcli.data.columns import Index
    from mlpcli.data.dataset import Dataset
    from mlpcli.data.material import Material
    from mlpcli.training.fold_folder import FoldFolder
    from mlpcli.training.folds import Fold

__all__ = ["FoldObserver", "FoldWork", "Plan"]

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


class FoldWork:
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
        """Yield folds as they are done, by all ranks of the job if there are others."""
        ranks, tasks = job(), self._tasks()
        for first in tasks:
            rest = chain([first], tasks)
            if ranks.size == 1 or first.dataset.in_file:
                yield from self._in_processes(rest, observer, jobs)
                return
            for found in ranks.map(train_fold, rest, partial(observer.batch_done, 0)):
                assert found is not None, "nothing stops a fold on a rank"
                yield found

    def _in_processes(
        self, tasks: Iterator[FoldTask], observer: FoldObserver, jobs: int
    ) -> Iterator[Fold]:
        """Yield folds as they are done: here, and from where that takes long on in processes."""
        started, total = time.monotonic(), len(self.open)
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


def _stop(observer: FoldObserver, until: float, index: int) -> int | None:
    """Return a signal to stop after a batch: the observer's, or -1 where it has got too late."""
    return observer.batch_done(index) or (-1 if time.monotonic() > until else None)
