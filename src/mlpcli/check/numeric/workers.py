"""Work on all cores: array operations release the interpreter, so threads are enough."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, TypeVar

from mlpcli.parallel import core_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["in_parallel"]

T = TypeVar("T")
R = TypeVar("R")
# Below this many numbers in all, threads wait for the interpreter longer than they compute.
WORTH_THREADS = 2**24


def in_parallel(visit: Callable[[T], R], work: Sequence[T], size: int) -> Iterator[R]:
    """Yield visit(item) for every item, in the order in which they are done.

    `size` is how many numbers all of `work` handles. BLAS is held to one thread meanwhile: its own
    threads would compete with ours, and one and two of them give different last digits.
    """
    from threadpoolctl import threadpool_limits

    workers = core_count() if size >= WORTH_THREADS else 1
    with threadpool_limits(1, user_api="blas"):
        if workers == 1:
            yield from map(visit, work)
            return
        pool = ThreadPoolExecutor(workers)
        try:
            for done in as_completed([pool.submit(visit, item) for item in work]):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)
