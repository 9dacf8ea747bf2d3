"""The folder of a training run: which files it holds, and when they may be replaced."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.errors import ModelError, UsageError
from mlpcli.files import refuse_file, refuse_inputs, remove_stale, storage_errors, write_bytes
from mlpcli.text import strict_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from io import FileIO

    from mlpcli.config import Config
    from mlpcli.training.loop import EpochRecord

__all__ = ["RunFolder", "run_folder_for"]


class RunFolder:
    """The files of one run, all under `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.model = path / "model.safetensors"  # the best weights
        self.checkpoint = path / "last.ckpt.safetensors"  # where --resume goes on
        self.history = path / "history.jsonl"  # one JSON line per epoch
        self.config = path / "config.yaml"  # resolved
        self.report = path / "report.json"  # what --json prints
        self._history: FileIO | None = None  # open while a run goes on

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them, in the order in which they matter."""
        return self.model, self.checkpoint, self.history, self.config, self.report

    def check(self, *, resume: bool, force: bool, inputs: Iterable[Path] = ()) -> None:
        """Raise UsageError if a run may not be written here, or over one of its `inputs`."""
        refuse_inputs(self.files, inputs)
        refuse_file(self.path)
        if resume:
            return
        if not force and any(file.exists() for file in self.files):
            raise UsageError(
                f"{self.path}: already holds a run; give --force to replace it, --resume to go "
                "on with it, or --out to write elsewhere"
            )

    def make(self) -> None:
        """Make the folder, if it is not there yet."""
        with storage_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)

    def start(self, config: str, *, epochs_done: int | None) -> None:
        """Write the config into the folder, and keep the history of the epochs done so far.

        `epochs_done` is None for a new run: what an old one left is then removed, but its model
        stays until there is a new one. What a killed one left half written is removed, too; nobody
        else may be writing here. Raises ModelError where the history lacks one of the epochs.
        """
        kept = b"".join(self._lines(epochs_done)) if epochs_done else b""
        for file in self.files:
            remove_stale(file)
        for stale in (self.checkpoint, self.report) if epochs_done is None else (self.report,):
            with storage_errors(stale):
                stale.unlink(missing_ok=True)
        write_bytes(self.history, kept, durable=False)
        write_bytes(self.config, config.encode(), durable=False)

    def _lines(self, epochs: int) -> list[bytes]:
        """Return the lines of the first epochs; more may follow, that no checkpoint knows of."""
        try:
            with self.history.open("rb") as file:
                lines = [line for _, line in zip(range(epochs), file, strict=False)]
        except FileNotFoundError:
            lines = []
        except OSError as error:
            raise ModelError(f"{self.history}: {(error.strerror or str(error)).lower()}") from error
        whole = next((i for i, line in enumerate(lines) if not _is_epoch(line, i + 1)), len(lines))
        if whole < epochs:
            raise ModelError(
                f"{self.history}: expected the {epochs} epochs of the checkpoint, got {whole}; "
                "put it back as it was, or start anew with --force"
            )
        return lines

    def append(self, record: EpochRecord) -> None:
        """Add one line to the history; when this returns, the system has it."""
        line = _as_json(vars(record)).encode() + b"\n"
        with storage_errors(self.history):
            file, left = self._lasting(), len(line)
            while left:  # a write may take less than it is given
                left -= file.write(line[-left:]) or 0

    def sync_history(self) -> None:
        """Wait until the history is on the disk, so that no checkpoint there is ahead of it."""
        with storage_errors(self.history):
            os.fsync(self._lasting().fileno())

    def _lasting(self) -> FileIO:
        """Return the history, open as long as the run goes on."""
        if self._history is None:
            self._history = self.history.open("ab", buffering=0)
        return self._history

    def close(self) -> None:
        """Let go of the history."""
        if self._history is not None:
            with storage_errors(self.history):
                self._history.close()
            self._history = None

    def write_report(self, document: Mapping[str, Any]) -> None:
        """Write the result as JSON."""
        text = json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
        write_bytes(self.report, text.encode(errors="backslashreplace"))


_as_json = json.JSONEncoder(allow_nan=False).encode


def _is_epoch(line: bytes, epoch: int) -> bool:
    try:
        record = strict_json(line)
    except ValueError:
        return False
    return line.endswith(b"\n") and isinstance(record, dict) and record.get("epoch") == epoch


def run_folder_for(config: Config, out: str | Path | None) -> RunFolder:
    """Return the folder asked for, else that of the config, else runs/NAME in this folder."""
    places = (out, config.training.output, Path("runs") / config.name)
    return RunFolder(next(Path(place) for place in places if place is not None))
