"""Hears the signals of a rank that waits for others in MPI, where Python cannot.

When a rank dies, mpirun tells the others by SIGTERM, and kills them a quarter of a second later.
Rank 0 may by then wait for the dead one, for ever, so that no handler of Python runs.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Warden", "grace"]

_ENDING = {signal.SIGINT, signal.SIGTERM}


def grace(environment: Mapping[str, str]) -> float:
    """Return how many seconds there are to end together after a signal.

    mpirun gives a quarter of a second, Slurm by its KillWait half a minute.
    """
    return 8.0 if "SLURM_STEP_ID" in environment else 0.15


class Warden:
    """A thread that ends the process, in one line, once a signal has not been `heeded` in time.

    Another rank may have `spoken` already. To be made and closed in the main thread.
    """

    def __init__(self, spoken: Callable[[], bool]) -> None:
        self._spoken = spoken
        self.heeded = threading.Event()
        self._ours, self._pythons = socket.socketpair()
        self._pythons.setblocking(False)
        self._before = signal.set_wakeup_fd(self._pythons.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._watch, daemon=True).start()

    def close(self) -> None:
        """Leave the signals to Python alone."""
        signal.set_wakeup_fd(self._before)
        self.heeded.set()
        self._pythons.close()

    def _watch(self) -> None:
        while received := self._ours.recv(1):  # the number of a signal; nothing once it is closed
            number = received[0]
            if number in _ENDING and not self.heeded.wait(grace(os.environ)):
                self._end(signal.Signals(number))
        self._ours.close()

    def _end(self, number: signal.Signals) -> None:
        if not self._spoken():
            sys.stderr.write(
                f"mlp: {number.name} came while this rank waited for another, which may have died; "
                "go on from the last checkpoint with --resume\n"
            )
            sys.stderr.flush()
        os._exit(128 + number)
