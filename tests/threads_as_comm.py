"""A communicator whose ranks are threads, as strict as MPI and less patient with what is wrong.

On one communicator all ranks have to make the same calls in the same order, or it is an error. Some
arrays are sent at once, so that a call may be done on one rank long before it is on another; others
are read as late as they can be, so that one which is touched too early shows.
"""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Call", "Comm"]

_Send: TypeAlias = "Callable[[int], Any]"  # what goes to a rank
_Hear: TypeAlias = "Callable[[int, Any], None]"  # takes in what comes from one
Call: TypeAlias = tuple[str, int]  # its name, and the number of the communicator it was made on
SECONDS = 60  # for all ranks to make a call


class _Job:
    """What all ranks of all communicators share; a communicator is a number here."""

    def __init__(self, size: int) -> None:
        self.size, self.changed, self.broken = size, threading.Condition(), False
        self.made: dict[tuple[int, int], dict[int, _Request]] = defaultdict(dict)


class Comm:
    """A communicator as one rank has it: of all ranks, or a copy of that one.

    `log` has the calls of the rank on all copies.
    """

    def __init__(self, job: _Job, rank: int, number: int, log: list[Call]) -> None:
        self.job, self.rank, self.size = job, rank, job.size
        self.number, self.log = number, log
        self._copies, self._calls = count(number + 1), count()

    @classmethod
    def of(cls, size: int) -> list[Comm]:
        """Return a communicator of so many ranks, as each has it."""
        job = _Job(size)
        return [cls(job, rank, 0, []) for rank in range(size)]

    def Dup(self) -> Comm:
        return Comm(self.job, self.rank, next(self._copies), self.log)

    def give_up(self) -> None:
        """Let ranks that wait for this one raise BrokenBarrierError."""
        with self.job.changed:
            self.job.broken = True
            self.job.changed.notify_all()

    def Ialltoallv(self, sent: Any, heard: Any) -> _Request:
        array, (lengths, starts) = sent
        room, (_, places) = heard

        def send(rank: int) -> Any:
            return array[starts[rank] :][: lengths[rank]]

        def hear(rank: int, part: Any) -> None:
            room.reshape(-1)[places[rank] :][: len(part)] = part

        return self._call("Ialltoallv", send, hear)

    def Iallgatherv(self, place: None, heard: Any) -> _Request:
        assert place is None
        array, (lengths, starts) = heard
        parts = [array[start:][:length] for start, length in zip(starts, lengths, strict=True)]

        def hear(rank: int, part: Any) -> None:
            if rank != self.rank:
                parts[rank][:] = part

        return self._call("Iallgatherv", lambda _rank: parts[self.rank], hear)

    def Iallreduce(self, place: None, array: Any) -> _Request:
        assert place is None
        mine = array.copy()  # in place MPI may write from now on
        array[:] = 0

        def hear(_rank: int, part: Any) -> None:
            array[:] += part

        return self._call("Iallreduce", lambda _rank: mine, hear)

    def Allreduce(self, place: None, array: Any) -> None:
        self.Iallreduce(place, array).Wait()

    def _call(self, name: str, send: _Send, hear: _Hear) -> _Request:
        self.log.append((name, self.number))
        return _Request(self.job, (self.number, next(self._calls)), self.rank, name, send, hear)


class _Request:
    """A call that a rank has made; done once it has heard all ranks, and what it sends is gone."""

    def __init__(self, job: _Job, key: Any, rank: int, name: str, send: _Send, hear: _Hear) -> None:
        self._job, self._key, self._rank, self.name = job, key, rank, name
        self._hear, self.heard = hear, False
        self.late = random.Random(repr(key)).random() < 0.5
        if self.late:
            self.send = send
        else:
            gone = [send(rank).copy() for rank in range(job.size)]
            self.send = gone.__getitem__
        with job.changed:
            job.made[key][rank] = self
            job.changed.notify_all()

    def Test(self) -> bool:
        with self._job.changed:
            return self._is_done()

    def Wait(self) -> None:
        with self._job.changed:
            if not self._job.changed.wait_for(self._is_done, SECONDS):
                raise TimeoutError(f"only {[*self._job.made[self._key]]} have made {self.name}")

    def _is_done(self) -> bool:
        if self._job.broken:
            raise threading.BrokenBarrierError
        calls = self._job.made[self._key]
        if len({call.name for call in calls.values()}) > 1:
            raise AssertionError({rank: call.name for rank, call in calls.items()})
        if len(calls) < self._job.size:
            return False
        if not self.heard:
            for rank, call in sorted(calls.items(), reverse=True):
                self._hear(rank, call.send(self._rank))
            self.heard = True
            self._job.changed.notify_all()
        return not self.late or all(call.heard for call in calls.values())
