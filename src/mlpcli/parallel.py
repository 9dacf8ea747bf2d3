"""How many cores there are to work with, and work for all of them."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["core_count", "map_ahead"]

T = TypeVar("T")
R = TypeVar("R")


def core_count() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
