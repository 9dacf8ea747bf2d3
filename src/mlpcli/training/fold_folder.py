"""The folder of a cross-validation: the folds that are done, and what came of them all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.errors import ModelError, UsageError
from mlpcli.files import refuse_file, refuse_inputs, remove_stale, storage_errors, write_bytes
from mlpcli.training.checkpoint import FREE_TO_CHANGE, differences
from mlpcli.training.folds import read_fold, save_fold
from mlpcli.training.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlpcli.config import Config
    from mlpcli.training.folds import Fold

__all__ = ["FoldFolder", "fold_folder_for"]


class FoldFolder:
    """The files of a cross-validation, all under `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folds = path / "folds"  # a file for each that is done
        self.config = path / "config.yaml"  # resolved
        self.predictions = path / "predictions.csv"
        self.report = path / "report.json"  # what --json prints

    def check(self, *, resume: bool, force: bool) -> None:
        """Raise UsageError if a cross-validation may not be written here.

        One that was interrupted is gone on with in any case: nothing of it is replaced.
        """
        refuse_file(self.path)
        run = RunFolder(self.path)
        if any(file.exists() for file in (run.model, run.checkpoint, run.history)):
            raise UsageError(f"{self.path}: holds a training run; name another folder with --out")
        if force:
            return
        if self.report.exists() and not resume:
            raise UsageError(
                f"{self.path}: already holds a cross-validation; give --force to replace it, "
                "--resume to go on with it, or --out to write elsewhere"
            )
        for file in (self.config, self.predictions) if not self.folds.is_dir() else ():
            if file.exists():
                raise UsageError(f"{file}: exists already; write elsewhere with --out")

    def refuse_inputs(self, inputs: Iterable[str | Path]) -> None:
        """Raise UsageError where a file that is read would be written."""
        refuse_inputs((self.config, self.predictions, self.report), map(Path, inputs))

    def start(self, config: str, *, force: bool) -> None:
        """Write the config; with `force` remove what an old one left, half written in any case."""
        with storage_errors(self.folds):
            self.folds.mkdir(parents=True, exist_ok=True)
        for file in (self.config, self.predictions, self.report, *self._unfinished()):
            remove_stale(file)
        old = [*self.folds.glob("seed*-fold*.safetensors"), self.predictions] if force else []
        for stale in (*old, self.report):
            with storage_errors(stale):
                stale.unlink(missing_ok=True)
        write_bytes(self.config, config.encode(), durable=False)

    def _unfinished(self) -> set[Path]:
        """Return the folds of which there is something half written."""
        pattern = ".seed*-fold*.safetensors.*"
        names = (path.name[1:].rpartition(".")[0] for path in self.folds.glob(pattern))
        return {self.folds / name for name in names}

    def make(self) -> None:
        """Make the folder, if it is not there yet."""
        with storage_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)

    def read(self, seed: int, number: int, settings: Mapping[str, Any]) -> Fold | None:
        """Return a fold that is done, None where there is none or its file is damaged.

        Raises UsageError where it was made with other settings.
        """
        path = self._path(seed, number)
        try:
            fold, old = read_fold(path)
        except ModelError:
            return None
        for key, before, now in differences(old, settings, FREE_TO_CHANGE):
            raise UsageError(
                f"{path}: {key} was {before!r} when this fold was made and is {now!r} now; set it "
                "back, or start anew with --force"
            )
        return fold

    def save(self, fold: Fold, settings: Mapping[str, Any]) -> None:
        """Keep a fold that is done."""
        save_fold(self._path(fold.seed, fold.number), fold, settings)

    def write_report(self, document: Mapping[str, Any]) -> None:
        """Write the result as JSON."""
        text = json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
        write_bytes(self.report, text.encode(errors="backslashreplace"))

    def _path(self, seed: int, number: int) -> Path:
        return self.folds / f"seed{seed}-fold{number}.safetensors"


def fold_folder_for(config: Config, out: str | Path | None) -> FoldFolder:
    """Return the folder asked for, else one beside that of a training run."""
    if out is not None:
        return FoldFolder(Path(out))
    run = config.training.output or Path("runs") / config.name
    return FoldFolder(Path(f"{run}-crossval"))
