"""How many cores there are to work with, and work for all of them.

Work is arrays, and array operations let go of the interpreter, so that threads are enough.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

__all__ = [
    "ALONE",
    "FEWEST_ROWS",
    "WORTH_THREADS",
    "InTurn",
    "Team",
    "core_count",
    "limit_blas",
    "map_ahead",
    "map_any_order",
    "meanwhile",
    "members_for",
]


T = TypeVar("T")
R = TypeVar("R")
Task: TypeAlias = Callable[[int], None]
Numbers: TypeAlias = tuple[float, ...]

_held: list[int] = []  # to how many threads BLAS is held, the innermost context last
# Below this many numbers in all, threads wait for the interpreter longer than they compute.
WORTH_THREADS = 2**24
FEWEST_ROWS = 64  # of a batch, per member of a team; fewer are not worth waking it


def core_count() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def limit_blas(threads: int) -> Iterator[None]:
    """Hold every BLAS of this process to so many threads while the context lasts.

    Its threads would compete with ours, and one and two of them give different last digits.
    """
    if _held[-1:] == [threads]:  # to look for all of them takes two milliseconds
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(threads, user_api="blas"):
        _held.append(threads)
        try:
            yield
        finally:
            _held.remove(threads)


def map_ahead(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield function(item) for each item in their order, as `map` does, worked out in threads.

    Items are taken and worked on a few ahead of the consumer, and no more: they may be large. An
    error comes in its turn, whether the function raises it or the items.
    """
    cores = core_count()
    pool = ThreadPoolExecutor(cores)
    waiting: deque[Future[R]] = deque()
    try:
        for future in _futures(pool, function, items):
            waiting.append(future)
            if len(waiting) > cores:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _futures(
    pool: ThreadPoolExecutor, function: Callable[[T], R], items: Iterable[T]
) -> Iterator[Future[R]]:
    try:
        for item in items:
            yield pool.submit(function, item)
    except Exception as error:  # noqa: BLE001  raised again, after the results before it
        failed: Future[R] = Future()
        failed.set_exception(error)
        yield failed


def map_any_order(
    function: Callable[[T], R], items: Sequence[T], *, threads: int | None = None
) -> Iterator[R]:
    """Yield function(item) for every item, in the order in which they are done, BLAS held to one.

    `threads` is how many work at a time (None: one per core).
    """
    threads = core_count() if threads is None else threads
    with limit_blas(1):
        if threads == 1:
            yield from map(function, items)
            return
        pool = ThreadPoolExecutor(threads)
        try:
            for done in as_completed([pool.submit(function, item) for item in items]):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def meanwhile(function: Callable[[], R], size: int) -> Iterator[Callable[[], R]]:
    """Yield what returns function(), worked out in another thread while the context lasts.

    Or when it is asked for, where `size`, the numbers in all, is small.
    """
    if size < WORTH_THREADS:
        yield function
        return
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(function).result


def members_for(size: int, rows: int) -> int:
    """Return how many of so many members have a part of a batch."""
    return max(1, min(size, rows // FEWEST_ROWS))


class Team:
    """Threads that share one step's work: NumPy's elementwise operations know only one core.

    Of `size` members the calling thread is number 0; the others wait until `run` or `close`. They
    work on parts that do not overlap.
    """

    word = "threads"
    overlaps = False  # whether arrays are better added while the members compute

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

    def parts(self, work: Callable[[int], Numbers], count: int) -> list[Numbers]:
        """Return work(0) .. work(count - 1), each worked out by its own member.

        Members in other processes than this may do theirs as well, where there are more of them.
        """
        if count == 1:
            return [work(0)]
        found: dict[int, Numbers] = {}

        def part(member: int) -> None:
            if member < count:
                found[member] = work(member)

        self.run(part)
        return [found[member] for member in range(count)]

    def begin(self, array: NDArray[Any], count: int, sum_up: Callable[..., None]) -> None:
        """Begin to set `array` on all processes to the sum of those of the first `count`.

        There is one. Where there are more, nobody touches the array until `add` of another is done.
        """

    def get_on(self) -> None:
        """Let what was begun get on."""

    def add(
        self, array: NDArray[Any], count: int, sum_up: Callable[..., None] | None = None
    ) -> None:
        """Set `array` on all processes to the sum of those of the first `count`.

        Then all additions that were begun are done as well.
        """

    @property
    def here(self) -> Team:
        """The same members for work that every process does in whole."""
        return self

    def share(self, total: int, member: int) -> slice:
        """Return the member's part of `total` things in order."""
        return slice(total * member // self.size, total * (member + 1) // self.size)

    def agree(self, signal: int | None) -> int | None:
        """Return the signal that ends the work of all members, None to go on."""
        return signal

    def gathered(self, values: list[T]) -> list[T]:
        """Return what all members have set, each in its own place."""
        return values

    def notes(self, _batch_size: int) -> list[str]:
        """Return what is worth knowing of how the work is shared."""
        return []

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


class InTurn(Team):
    """Members that work one after the other in the calling thread, to the same numbers."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def run(self, task: Task) -> None:
        """Call task(0) .. task(size - 1)."""
        for member in range(self.size):
            task(member)


ALONE = Team()
