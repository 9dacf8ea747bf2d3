"""Reads what runs left in their folders: the config and the metrics of each."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from mlpcli.config import Config, DataConfig, to_document
from mlpcli.config.yaml import read_yaml
from mlpcli.errors import ConfigError, UsageError
from mlpcli.records import dataclass
from mlpcli.text import strict_json
from mlpcli.training.metrics import SCORES
from mlpcli.training.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["PastRun", "differing", "read_runs", "sort_runs"]

_PARTS = ("test", "validation", "train")  # the first that a run has says most
_LESS_IS_BETTER = ("loss", "brier", "ece")
_OF_THE_FOLDER = {"training.output"}  # says where a run is, not what it is


class _Broken(Exception):
    """A run folder that lacks something."""


@dataclass(frozen=True)
class PastRun:
    """A run: its folder, its `config` and the `metrics` of its report, as JSON values."""

    path: Path
    config: Mapping[str, Any]
    metrics: Mapping[str, Any]

    @property
    def measured_on(self) -> str:
        """The part of the rows that `score` is about: test, validation, train, or folds."""
        return next((part for part in _PARTS if self.metrics.get(part)), "folds")

    def score(self, name: str) -> float | None:
        """Return a score on the part that says most; of a cross-validation its mean."""
        part = self.metrics.get(self.measured_on)
        found = (self.metrics.get(name) or {}).get("mean") if part is None else part.get(name)
        fine = isinstance(found, int | float) and abs(found) <= sys.float_info.max
        return found if fine else None

    def keys(self) -> dict[str, Any]:
        """Return the config as dotted keys and their values."""
        return dict(_flat(self.config))


def _flat(section: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def read_runs(folders: Iterable[Path]) -> tuple[list[PastRun], list[str]]:
    """Return the runs of some folders by name, and a line for each that is broken or unfinished.

    A folder is a run itself, or has runs in it. Raises UsageError for one that is not there.
    """
    runs, problems = [], []
    for path in (run for folder in folders for run in _candidates(folder)):
        try:
            runs.append(_read(path))
        except _Broken as error:
            problems.append(f"{path}: left out: {error}")
    return runs, problems


def _candidates(folder: Path) -> list[Path]:
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "no such folder"
        raise UsageError(f"{folder}: {what}; expected a folder with runs in it")
    return [path for path in (folder, *sorted(folder.iterdir())) if _is_run(path)]


def _is_run(path: Path) -> bool:
    """Whether a run has begun in this folder, be it broken since."""
    run = RunFolder(path)
    return any(file.is_file() for file in (run.config, run.report, run.history, run.model))


def _read(path: Path) -> PastRun:
    folder = RunFolder(path)
    if not folder.report.is_file():
        raise _Broken(f"no {folder.report.name}, so the run has not ended")
    try:
        report = strict_json(folder.report.read_bytes())
        metrics = report["metrics"]
        parts = [part for part in metrics.values() if not isinstance(part, dict | None)]
        config = read_yaml(folder.config.read_text("utf-8"), folder.config.name).plain()
    except OSError as error:
        raise _Broken(f"{error.filename}: {(error.strerror or str(error)).lower()}") from error
    except ConfigError as error:
        raise _Broken(error.lines[0]) from error
    except (AttributeError, ValueError, KeyError, TypeError) as error:
        raise _Broken(f"{folder.report.name} is not what a run writes") from error
    if parts:
        raise _Broken(f"{folder.report.name} is not what a run writes")
    return PastRun(path, config, metrics)


def differing(runs: Sequence[PastRun]) -> list[str]:
    """Return the dotted keys in which the configs differ, in the order of a config.

    A run of an older version lacks keys that came later: they count as what they are by default.
    """
    default = _defaults()
    keys = [default | run.keys() for run in runs]
    every = dict.fromkeys(key for some in keys for key in some if key not in _OF_THE_FOLDER)
    return [key for key in every if any(some.get(key) != keys[0].get(key) for some in keys)]


def _defaults() -> dict[str, Any]:
    """Return the default of each key but of those that depend on a name, as an optimizer's do."""
    some = Config(data=DataConfig(train=("-",), target=("-",)))
    flat = dict(_flat(to_document(some)))
    named = tuple(key.removesuffix("name") for key in flat if key.endswith(".name"))
    return {
        key: value
        for key, value in flat.items()
        if key not in {"data.train", "data.target"} and not key.startswith(named)
    }


def sort_runs(runs: Sequence[PastRun], score: str) -> list[PastRun]:
    """Return the runs from the best to the worst by a score, those without it last."""
    assert score in SCORES

    def rank(run: PastRun) -> tuple[bool, float]:
        value = run.score(score)
        if value is None:
            return True, 0.0
        return False, value if score in _LESS_IS_BETTER else -value

    return sorted(runs, key=rank)
