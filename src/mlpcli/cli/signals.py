"""Turns SIGINT and SIGTERM into a wish to stop, which training grants after the current batch."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self

__all__ = ["SignalWatch"]

_WATCHED = (signal.SIGINT, signal.SIGTERM)


class SignalWatch:
    """Once started, adds the first SIGINT or SIGTERM to `received`; what was before comes back.

    A second signal acts at once, as without this: whoever presses Ctrl-C twice means it. Outside
    the main thread, where Python cannot handle signals, nothing is ever received.
    """

    def __init__(self) -> None:
        self.received: list[int] = []
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._restore()

    def start(self) -> None:
        """Watch from now on: before there is anything to save, a signal should act at once."""
        if threading.current_thread() is threading.main_thread() and not self._before:
            for signum in _WATCHED:
                self._before[signum] = signal.signal(signum, self._note)

    def _note(self, signum: int, _frame: FrameType | None) -> None:
        self.received.append(signum)
        self._restore()

    def _restore(self) -> None:
        for signum, handler in self._before.items():
            signal.signal(signum, handler)
        self._before = {}
