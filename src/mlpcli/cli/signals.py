"""Turns SIGINT and SIGTERM into a wish to stop, which training grants after the current batch."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["signal_watch"]

_WATCHED = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def signal_watch() -> Iterator[list[int]]:
    """Yield a list to which the first SIGINT or SIGTERM is added.

    A second one acts at once, as without this: whoever presses Ctrl-C twice means it. Outside
    the main thread, where Python cannot handle signals, the list stays empty.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = {signum: signal.getsignal(signum) for signum in _WATCHED}

    def restore() -> None:
        for signum, handler in before.items():
            signal.signal(signum, handler)

    def note(signum: int, _frame: FrameType | None) -> None:
        received.append(signum)
        restore()

    for signum in _WATCHED:
        signal.signal(signum, note)
    try:
        yield received
    finally:
        restore()
