"""Threads that share one step's work: NumPy's elementwise operations know only one core."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeAlias

import numpy as np

__all__ = ["ALONE", "Team"]

Task: TypeAlias = Callable[[int], None]


class Team:
    """`size` members, the calling thread being number 0; the others wait until `run` or `close`.

    Members run NumPy code, which lets go of the interpreter, on parts that do not overlap.
    """

    def __init__(self, size: int = 1) -> None:
        self.size = size
        self._tasks: list[SimpleQueue[Task | None]] = [SimpleQueue() for _ in range(size - 1)]
        self._done: SimpleQueue[BaseException | None] = SimpleQueue()
        for number, tasks in enumerate(self._tasks, start=1):
            threading.Thread(target=self._work, args=(number, tasks), daemon=True).start()

    def run(self, task: Task) -> None:
        """Call task(0) .. task(size - 1), each in its own thread, and wait for all of them.

        Raises the first exception that a member raised.
        """
        for tasks in self._tasks:
            tasks.put(task)
        errors = [_attempt(task, 0), *(self._done.get() for _ in self._tasks)]
        for error in errors:
            if error is not None:
                raise error

    def share(self, total: int, member: int) -> slice:
        """Return the member's part of `total` things in order."""
        return slice(total * member // self.size, total * (member + 1) // self.size)

    def close(self) -> None:
        """Let the members go."""
        for tasks in self._tasks:
            tasks.put(None)
        self._tasks = []

    def _work(self, number: int, tasks: SimpleQueue[Task | None]) -> None:
        while (task := tasks.get()) is not None:
            self._done.put(_attempt(task, number))


def _attempt(task: Task, number: int) -> BaseException | None:
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # the caller looks at what came out
            task(number)
    except BaseException as error:  # noqa: BLE001  raised again by `run`, in the calling thread
        return error
    return None


ALONE = Team()
