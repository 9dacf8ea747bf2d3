"""Ranks that are threads of one process, so that what ranks do together is tested without MPI."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

from mlpcli.ranks.adding import Fast, InOrder
from mlpcli.ranks.ranks import Ranks
from threads_as_comm import Comm

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

__all__ = ["ThreadRanks", "run_together"]


class _Room:
    """What threads say, one after the other has listened."""

    def __init__(self, size: int) -> None:
        self.said: list[object] = [None] * size
        self.barrier = threading.Barrier(size, timeout=60)


class ThreadRanks(Ranks):
    """One of the threads; what they add goes by the communicator, which logs its calls."""

    def __init__(self, room: _Room, comm: Comm) -> None:
        self.room, self.rank, self.size = room, comm.rank, comm.size
        self.log = comm.log
        self.adding = {"fixed": InOrder(comm), "fast": Fast(comm)}

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


def run_together(size: int, work: Callable[[ThreadRanks], T]) -> list[T]:
    """Return what the work comes to on each of so many ranks; raises what one of them raises."""
    room, found, errors = _Room(size), dict[int, T](), list[BaseException]()
    comms = Comm.of(size)

    def one(rank: int) -> None:
        try:
            found[rank] = work(ThreadRanks(room, comms[rank]))
        except BaseException as error:  # noqa: BLE001  raised again below
            errors.append(error)
            room.barrier.abort()
            comms[rank].give_up()

    threads = [threading.Thread(target=one, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        if not isinstance(error, threading.BrokenBarrierError):
            raise error
    return [found[rank] for rank in range(size)]
