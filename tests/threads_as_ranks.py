"""Ranks that are threads of one process, so that what ranks do together is tested without MPI."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

from mlpcli.ranks.ranks import Ranks, add_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.ranks.ranks import FloatArray, SumUp

T = TypeVar("T")

__all__ = ["run_together"]


class _Room:
    """What threads say, one after the other has listened."""

    def __init__(self, size: int) -> None:
        self.said: list[object] = [None] * size
        self.barrier = threading.Barrier(size, timeout=60)


class ThreadRanks(Ranks):
    """One of the threads."""

    def __init__(self, room: _Room, rank: int) -> None:
        self.room, self.rank, self.size = room, rank, len(room.said)

    def gather(self, value: T) -> list[T]:
        self.room.said[self.rank] = value
        self.room.barrier.wait()
        found: list[Any] = list(self.room.said)
        self.room.barrier.wait()
        return found

    def broadcast(self, value: T) -> T:
        return self.gather(value)[0]

    share = broadcast

    def said(self, *numbers: float) -> list[tuple[float, ...]]:
        return self.gather(numbers)

    def largest(self, *numbers: int) -> tuple[int, ...]:
        return tuple(map(max, zip(*self.gather(numbers), strict=True)))

    def agree(self, signal: int | None) -> int | None:
        return self.largest(signal or 0)[0] or None

    def add_in_order(self, array: FloatArray, count: int, sum_up: SumUp = add_up) -> None:
        import numpy as np

        parts = np.array(self.gather(array.copy())[:count])
        sum_up(array, parts)


def run_together(size: int, work: Callable[[Ranks], T]) -> list[T]:
    """Return what the work comes to on each of so many ranks; raises what one of them raises."""
    room, found, errors = _Room(size), dict[int, T](), list[BaseException]()

    def one(rank: int) -> None:
        try:
            found[rank] = work(ThreadRanks(room, rank))
        except BaseException as error:  # noqa: BLE001  raised again below
            errors.append(error)
            room.barrier.abort()

    threads = [threading.Thread(target=one, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        if not isinstance(error, threading.BrokenBarrierError):
            raise error
    return [found[rank] for rank in range(size)]
