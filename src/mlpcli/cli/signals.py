"""Ctrl-C and SIGTERM: exceptions while a command runs, so that temporary files are removed."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

__all__ = ["Signals"]


class Signals:
    """What has been heard from outside: `status` is the exit status for it, 0 for nothing.

    It is kept, as libraries in C make an error of their own out of the exception: DuckDB says
    "Query interrupted".
    """

    status = 0

    def __init__(self) -> None:
        # A process that was started deaf to Ctrl-C, as one in the background, stays so.
        self._deaf = signal.getsignal(signal.SIGINT) is signal.SIG_IGN

    def watch(self) -> None:
        """Raise KeyboardInterrupt and SystemExit from now on."""
        sys.unraisablehook = _quiet
        signal.signal(signal.SIGTERM, self._raise)
        if not self._deaf:
            signal.signal(signal.SIGINT, self._raise)

    def end(self) -> None:
        """Let Ctrl-C end the process at once: an exception would meet nobody any more."""
        if not self._deaf:
            signal.signal(signal.SIGINT, _leave)
            # Once threads have ended: Python gives the signal back, and the status would be lost.
            atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)

    def _raise(self, signum: int, _frame: object) -> None:
        self.status = 128 + signum
        if signum == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(self.status)


def _leave(signum: int, _frame: object) -> None:
    os._exit(128 + signum)


def _quiet(unraisable: UnraisableHookArgs) -> None:
    """End by a Ctrl-C that came while an object was given up, where nothing can be raised."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        os._exit(128 + signal.SIGINT)
    sys.__unraisablehook__(unraisable)
