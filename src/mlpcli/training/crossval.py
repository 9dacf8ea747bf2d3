"""Predicts every row once by a model that has not seen it: honest scores from little data."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

from mlpcli.config import to_yaml
from mlpcli.data.frames import config_of
from mlpcli.data.material import open_material
from mlpcli.files import atomic_file
from mlpcli.locks import FolderLock
from mlpcli.parallel import core_count, limit_blas
from mlpcli.records import dataclass
from mlpcli.training.fold_folder import fold_folder_for
from mlpcli.training.fold_work import FoldObserver, FoldWork
from mlpcli.training.interval import fold_interval
from mlpcli.training.metrics import SCORES
from mlpcli.training.out_of_fold import out_of_fold_text
from mlpcli.training.run import nearest_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mlpcli.config import Config
    from mlpcli.data.frames import Data
    from mlpcli.training.folds import Fold
    from mlpcli.training.interval import Interval

__all__ = ["CrossvalResult", "crossval"]

SCHEMA = "mlp.crossval/1"


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

    def __repr__(self) -> str:
        return f"<CrossvalResult of {len(self.folds)} folds, predictions in {self.predictions}>"

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
    config: Config | Mapping[str, Any] | str | Path,
    data: Data = None,
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

    `config` and `data` are as in `train`. The folder is `out`, or that of a training run with
    "-crossval" behind. Folds that are done are kept there, and are not done again. Raises as
    `train` does; Interrupted after the observer asks to stop.
    """
    started = time.perf_counter()
    observer = observer or FoldObserver()
    config = config_of(config, data)
    folder = fold_folder_for(config, out)
    folder.check(resume=resume, force=force)
    nearest = nearest_folder(folder.path)
    with (
        closing(FolderLock(folder.path)) as lock,
        open_material(
            config, data, folder=nearest, announce=observer.loading, counting=observer.counting
        ) as material,
    ):
        lock.take()
        tables = (material.whole.table, *(part.table for part in material.given.values()))
        folder.refuse_inputs(path for table in tables for path in table.paths)
        work = FoldWork(config, material, folds, folder)
        chosen = range(config.training.seed, config.training.seed + seeds)
        work.prepare(chosen, force=force)
        folder.make()
        lock.take()
        folder.check(resume=True, force=force)
        folder.start(to_yaml(material.config, folder.path), force=force)
        observer.planned(work.plan(chosen))
        with limit_blas(1):
            work.run(observer, jobs or core_count())
        done = tuple(fold for _, fold in sorted(work.done.items()))
        with atomic_file(folder.predictions) as file:
            for line in out_of_fold_text(done, material):
                file.write(line.encode())
    metrics = {score: fold_interval(score, _values(done, score), folds) for score in SCORES}
    seconds = time.perf_counter() - started
    result = CrossvalResult(done, metrics, folder.predictions, seconds)
    folder.write_report(result.to_document())
    return result


def _values(folds: Iterable[Fold], score: str) -> list[float]:
    found = (fold.metrics[score] for fold in folds)
    return [value for value in found if value is not None]
