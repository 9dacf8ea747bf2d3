"""Shows on stderr how training goes: a live bar at a terminal, else a plain line now and then."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

from rich.filesize import decimal

from mlpcli.cli.console import complain, warn
from mlpcli.cli.signals import SignalWatch

if TYPE_CHECKING:
    from rich.progress import Progress

    from mlpcli.data.dataset import Dataset, Estimate
    from mlpcli.training.loop import EpochRecord, Loop

__all__ = ["LiveProgress", "PlainProgress", "SilentProgress", "progress_for"]

_SECONDS_BETWEEN_LINES = 5.0
_SECONDS_BETWEEN_REDRAWS = 0.1
_WORTH_A_LINE = 32e6  # bytes; reading fewer takes less than a second
_ROOM_FOR_ALL = 80  # columns; in fewer the bar would vanish


class SilentProgress:
    """Shows nothing; from the first batch on passes the first signal received on."""

    def __init__(self, watch: SignalWatch) -> None:
        self.watch = watch

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Clean up nothing."""

    def loading(self, estimate: Estimate) -> None:
        """Show nothing."""

    def started(self, _dataset: Dataset, _loop: Loop, _threads: int) -> None:
        """Begin to watch for signals: from here on there is something to save."""
        self.watch.start()

    def batch_done(self, _index: int) -> int | None:
        """Return the first signal received, if any."""
        return self.watch.received[0] if self.watch.received else None

    def epoch_done(self, record: EpochRecord) -> None:
        """Show nothing."""


class PlainProgress(SilentProgress):
    """Writes what is trained, then a line at most every five seconds."""

    def __init__(self, watch: SignalWatch) -> None:
        super().__init__(watch)
        self.epochs = 0
        self.last = time.monotonic()

    def loading(self, estimate: Estimate) -> None:
        """Say what is about to be read, and how much memory it will take, where that is much."""
        if estimate.bytes > _WORTH_A_LINE or estimate.in_file:
            complain(expectation(estimate))

    def started(self, dataset: Dataset, loop: Loop, threads: int) -> None:
        """Say what is trained on what."""
        super().started(dataset, loop, threads)
        self.epochs = loop.epochs
        complain(*describe(dataset, loop, threads))
        warn(*dataset.notes)

    def epoch_done(self, record: EpochRecord) -> None:
        """Write a line if the last one was some time ago."""
        now = time.monotonic()
        if now - self.last >= _SECONDS_BETWEEN_LINES:
            self.last = now
            complain(f"epoch {record.epoch}/{self.epochs}: {losses(record)}")


class LiveProgress(PlainProgress):
    """Draws a bar with losses, learning rate and time left."""

    progress: Progress

    def started(self, dataset: Dataset, loop: Loop, threads: int) -> None:
        """Say what is trained on what, and draw the bar."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        super().started(dataset, loop, threads)
        console = Console(stderr=True)
        self.brief = console.width < _ROOM_FOR_ALL
        self.progress = Progress(
            TextColumn("epoch {task.completed:.0f}/{task.total:.0f}"),
            BarColumn(bar_width=None),
            TextColumn("{task.description}"),
            TimeRemainingColumn(compact=True),
            console=console,
            expand=True,
        )
        self.task = self.progress.add_task("", total=loop.epochs, completed=loop.position.epoch)
        self.batches = -(-len(loop.train) // loop.batch_size)
        self.done = loop.position.epoch
        self.progress.start()

    def __exit__(self, *_error: object) -> None:
        """Leave the terminal as it was."""
        if hasattr(self, "progress"):
            self.progress.stop()

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
    first, *others = estimate.paths
    name = f"{first} and {len(others)} more" if others else f"{first}"
    rows = float(f"{estimate.rows:.2g}")
    where = "memory"
    if estimate.in_file:
        where = f"a temporary file: data.memory_limit leaves {decimal(estimate.room)} for them"
    size = decimal(estimate.bytes)
    return f"{name}: about {rows:,.0f} rows of {estimate.inputs} inputs, {size} in {where}"


def describe(dataset: Dataset, loop: Loop, threads: int) -> list[str]:
    """Return lines that say which network is trained on which rows, and what counts as 1."""
    sizes = "-".join(map(str, loop.network.sizes))
    rows = ", ".join(f"{part} {len(rows)}" for part, rows in dataset.parts().items() if rows)
    theta = loop.network.theta
    network = f"network {sizes}, {theta.size} {theta.dtype} parameters, threads {threads}"
    lines = [f"{network}; rows: {rows}"]
    for k, target in enumerate(dataset.targets):
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


def progress_for(watch: SignalWatch) -> SilentProgress:
    """Return the progress that suits stderr."""
    return LiveProgress(watch) if sys.stderr.isatty() else PlainProgress(watch)
