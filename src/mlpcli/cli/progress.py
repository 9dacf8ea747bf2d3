"""Shows on stderr how training goes: a live bar at a terminal, else a plain line now and then."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

from mlpcli.cli.bar import complete, look, new_bar
from mlpcli.cli.console import complain, warn
from mlpcli.cli.counter import counting
from mlpcli.training.forecast import seconds_ahead
from mlpcli.training.observer import Observer

if TYPE_CHECKING:
    from collections.abc import Collection
    from contextlib import AbstractContextManager

    from rich.progress import Progress

    from mlpcli.counting import Count
    from mlpcli.data.dataset import Dataset
    from mlpcli.data.material import Estimate
    from mlpcli.training.loop import EpochRecord, Loop

__all__ = [
    "LiveProgress",
    "PlainProgress",
    "SilentProgress",
    "suitable_progress",
]

_WATCHED = (signal.SIGINT, signal.SIGTERM)
_SECONDS_BETWEEN_LINES = 5.0
_SECONDS_BETWEEN_REDRAWS = 0.1
_WORTH_A_LINE = 32e6  # bytes; reading fewer takes less than a second
_WORTH_A_WORD = 60.0  # seconds
_ROOM_FOR_ALL = 80  # columns; in fewer the bar would vanish


class SilentProgress(Observer):
    """Shows nothing; from the first batch on turns the first SIGINT or SIGTERM into `received`.

    Training stops for it after the current batch. A second signal acts at once, as without this:
    whoever presses Ctrl-C twice means it. At the end the handlers from before come back. Outside
    the main thread, where Python cannot handle signals, nothing is ever received.
    """

    often = False
    received: int | None = None
    said: Collection[str] = ()  # notes that the user has read already

    def __init__(self) -> None:
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._restore_signals()

    def watch_signals(self) -> None:
        """Note a signal from now on: before there is anything to save, it should act at once."""
        if threading.current_thread() is threading.main_thread() and not self._before:
            for signum in _WATCHED:
                self._before[signum] = signal.signal(signum, self._note)

    def _note(self, signum: int, _frame: FrameType | None) -> None:
        self.received = signum
        self._restore_signals()

    def _restore_signals(self) -> None:
        for signum, handler in self._before.items():
            signal.signal(signum, handler)
        self._before = {}

    def started(self, _dataset: Dataset, _loop: Loop, _threads: int) -> None:
        """Begin to watch for signals."""
        self.watch_signals()

    def batch_done(self, _index: int) -> int | None:
        """Return the first signal received, if any."""
        return self.received


class PlainProgress(SilentProgress):
    """Writes what is trained, then a line at most every five seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.epochs = 0
        self.last = time.monotonic()

    def loading(self, estimate: Estimate) -> None:
        """Say what is about to be read, and how much memory it will take, where that is much."""
        if estimate.bytes > _WORTH_A_LINE or estimate.in_file:
            complain(expectation(estimate))

    def counting(self, word: str, total: int) -> AbstractContextManager[Count]:
        """Show how far work is that takes long, such as reading."""
        return counting(word, total)

    def started(self, dataset: Dataset, loop: Loop, threads: int) -> None:
        """Say what is trained on what, and how long it will take, where that is long."""
        super().started(dataset, loop, threads)
        self.epochs = loop.epochs
        complain(*describe(dataset, loop, threads))
        warn(*(note for note in dataset.notes if note not in self.said))
        warn(*loop.team.notes(loop.batch_size))
        ahead = seconds_ahead(loop)
        if ahead > _WORTH_A_WORD:
            complain(forecast(ahead, loop.epochs - loop.position.epoch))

    def epoch_done(self, record: EpochRecord) -> None:
        """Write a line if the last one was some time ago."""
        if self.due():
            complain(f"epoch {record.epoch}/{self.epochs}: {losses(record)}")

    def due(self) -> bool:
        """Say whether the last line was some time ago, and take it that there is one now."""
        now = time.monotonic()
        due = now - self.last >= _SECONDS_BETWEEN_LINES
        self.last = now if due else self.last
        return due


class LiveProgress(PlainProgress):
    """Draws a bar with losses, learning rate and time left."""

    progress: Progress

    def started(self, dataset: Dataset, loop: Loop, threads: int) -> None:
        """Say what is trained on what, and draw the bar."""
        super().started(dataset, loop, threads)
        self.progress = new_bar("epoch")
        self.brief = self.progress.console.width < _ROOM_FOR_ALL
        self.task = self.progress.add_task("", total=loop.epochs, limit=loop.epochs,
                                           completed=loop.position.epoch)  # fmt: skip
        self.batches = -(-len(loop.train) // loop.batch_size)
        self.done = loop.position.epoch
        self.progress.start()

    def __exit__(self, *error: object) -> None:
        """Leave the terminal as it was."""
        if hasattr(self, "progress"):
            complete(self.progress, whole=self.received is None and not any(error))
        super().__exit__()

    def batch_done(self, index: int) -> int | None:
        """Move the bar within long epochs."""
        now = time.monotonic()
        if now - self.last >= _SECONDS_BETWEEN_REDRAWS:
            self.last = now
            self.progress.update(self.task, completed=self.done + (index + 1) / self.batches)
        return super().batch_done(index)

    def epoch_done(self, record: EpochRecord) -> None:
        """Move the bar and show the losses."""
        self.done = record.epoch
        text = losses(record, brief=self.brief)
        self.progress.update(self.task, completed=record.epoch, description=text)


def expectation(estimate: Estimate) -> str:
    """Return a line on a table that is about to be read."""
    from rich.filesize import decimal

    first, *others = estimate.paths
    name = f"{first} and {len(others)} more" if others else f"{first}"
    rows = float(f"{estimate.rows:.2g}")
    where = "memory"
    if estimate.in_file:
        where = f"a temporary file: data.memory_limit leaves {decimal(estimate.room)} for them"
    size = decimal(estimate.bytes)
    return f"{name}: about {rows:,.0f} rows of {estimate.inputs} inputs, {size} in {where}"


def forecast(seconds: float, epochs: int) -> str:
    """Return a line on a run that will take a minute and more."""
    minutes, hours = round(seconds / 60), float(f"{seconds / 3600:.2g}")
    span = "a minute" if minutes < 2 else f"{minutes} minutes" if hours < 2 else f"{hours:g} hours"
    return f"about {span} for {epochs} epochs; Ctrl-C keeps what is done, and --resume goes on"


def describe(dataset: Dataset, loop: Loop, threads: int) -> list[str]:
    """Return lines that say which network is trained on which rows, and what counts as 1."""
    sizes = "-".join(map(str, loop.network.sizes))
    rows = ", ".join(f"{part} {len(rows)}" for part, rows in dataset.parts().items() if rows)
    theta = loop.network.theta
    network = f"network {sizes}, {theta.size} {theta.dtype} parameters, {loop.team.word} {threads}"
    lines = [f"{network}; rows: {rows}"]
    for k, target in enumerate(dataset.targets):
        if dataset.classes is not None:
            return [*lines, f'target "{target.name}": {target.meaning}']
        share = float(dataset.train.y[:, k].mean())
        mean = "mean" if target.soft else "positive"
        lines.append(f'target "{target.name}": {target.meaning} ({share:.1%} {mean} in training)')
    return lines


def losses(record: EpochRecord, *, brief: bool = False) -> str:
    """Return the numbers of an epoch in a few words."""
    text = f"loss {record.train_loss:.4f}"
    if record.validation_loss is not None:
        text += f", validation {record.validation_loss:.4f}"
    return text if brief else f"{text}, rate {record.learning_rate:.3g}"


def suitable_progress() -> SilentProgress:
    """Return the progress that suits stderr."""
    return LiveProgress() if look() == "bars" else PlainProgress()
