"""Shows on stderr how far work of many like pieces is, in the look of training."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlpcli.cli.bar import complete, look, new_bar
from mlpcli.cli.console import complain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress

__all__ = ["counting"]

_IN_SILENCE = 2.0  # seconds that work may take
_BETWEEN_REDRAWS = 0.2
_BETWEEN_LINES = 20.0


@contextmanager
def counting(word: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function to be called with counts of pieces done; it shows how far the work is.

    At a terminal a bar appears once the work takes long, and is gone at the end, when results
    take its place; elsewhere a plain line is written now and then.
    """
    counter = _Counter(word, total)
    try:
        yield counter.count
    finally:
        if counter.bar is not None:
            complete(counter.bar, whole=False)


class _Counter:
    def __init__(self, word: str, total: int) -> None:
        self.word, self.total, self.done = word, total, 0
        self.started = self.shown = time.monotonic()
        self.bar: Progress | None = None

    def count(self, pieces: int) -> None:
        """Take it that so many more are done."""
        self.done += pieces
        self.total = max(self.total, self.done)  # which may be a guess
        now = time.monotonic()
        shown = look()
        pause = _BETWEEN_REDRAWS if shown == "bars" else _BETWEEN_LINES
        if now - self.started < _IN_SILENCE or now - self.shown < pause:
            return
        self.shown = now
        if shown == "bars":
            self._draw()
        elif shown == "lines":
            left = (now - self.started) * (self.total - self.done) / max(self.done, 1)
            complain(f"{self.word} {self.done}/{self.total}, {left:.0f} s left")

    def _draw(self) -> None:
        if self.bar is None:
            self.bar = new_bar(self.word)
            self.task = self.bar.add_task("", total=self.total, limit=self.total,
                                           completed=self.done)  # fmt: skip
            self.bar.start()
        self.bar.update(self.task, completed=self.done, total=self.total, limit=self.total)
