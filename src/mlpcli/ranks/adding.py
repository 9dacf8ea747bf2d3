"""Adds arrays over the ranks of a job, some of them while the ranks go on with something else.

An addition in order is made of two collective calls, the second one once the first is done, which
is sooner on one rank than on another. Yet all ranks have to make the calls on a communicator in the
same order. So the first calls have a communicator of their own, and so have the second ones, which
are made in the order in which the additions were begun.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict, deque
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.ranks.ranks import Adding, add_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.ranks.ranks import FloatArray, SumUp

__all__ = ["Fast", "InOrder"]

_IN_PLACE = None  # as mpi4py takes it; its own word would have to be loaded


class _Queue(Adding):
    """The additions that are under way over a communicator; the foremost gets on by itself."""

    def __init__(self, comm: Any) -> None:
        self._rank, self._size = comm.rank, comm.size
        self._first = comm.Dup()
        self._under_way: deque[tuple[Any, Iterator[Any]]] = deque()  # a call, and those to follow

    def begin(self, array: FloatArray, count: int, sum_up: SumUp = add_up) -> None:
        """See `Adding`."""
        calls = self._calls(array, count, sum_up)
        self._under_way.append((next(calls), calls))

    def get_on(self) -> None:
        """See `Adding`."""
        while self._under_way and self._under_way[0][0].Test():
            self._follow()

    def add(self, array: FloatArray, count: int, sum_up: SumUp = add_up) -> None:
        """See `Adding`."""
        self.begin(array, count, sum_up)
        self._finish()

    def _finish(self) -> None:
        while self._under_way:
            self._under_way[0][0].Wait()
            self._follow()

    def _follow(self) -> None:
        """Make the call that follows the one of the foremost addition, which is done."""
        _, calls = self._under_way.popleft()
        following = next(calls, None)
        if following is not None:
            self._under_way.appendleft((following, calls))

    @abstractmethod
    def _calls(self, array: FloatArray, count: int, sum_up: SumUp) -> Iterator[Any]:
        """Make the calls of an addition, each once the one before is done; yield their requests."""


class InOrder(_Queue):
    """Adds in the order of the ranks: each adds its part of the numbers, and all get all parts.

    2 (R - 1) / R of an array travels from each rank, whatever their number.
    """

    def __init__(self, comm: Any) -> None:
        super().__init__(comm)
        self._second = comm.Dup()
        self._room: dict[tuple[int, int, str], list[FloatArray]] = defaultdict(list)  # not in use

    def _calls(self, array: FloatArray, count: int, sum_up: SumUp) -> Iterator[Any]:
        starts = [array.size * rank // self._size for rank in range(self._size + 1)]
        lengths = [stop - start for start, stop in pairwise(starts)]
        mine = lengths[self._rank]
        room = self._room[count, mine, array.dtype.char]
        parts = room.pop() if room else np.empty((count, mine), array.dtype)
        sent = lengths if self._rank < count else [0] * self._size
        heard = [mine if rank < count else 0 for rank in range(self._size)]
        places = [mine * min(rank, count) for rank in range(self._size)]
        yield self._first.Ialltoallv([array, (sent, starts[:-1])], [parts, (heard, places)])
        sum_up(array[starts[self._rank] : starts[self._rank + 1]], parts)
        room.append(parts)
        yield self._second.Iallgatherv(_IN_PLACE, [array, (lengths, starts[:-1])])


class Fast(_Queue):
    """Adds in the order that MPI finds quickest, which differs between `begin` and `add`."""

    def add(self, array: FloatArray, count: int, sum_up: SumUp = add_up) -> None:
        """See `Adding`. While nothing else is to be done, MPI has quicker ways."""
        del sum_up
        self._silence(array, count)
        self._first.Allreduce(_IN_PLACE, array)
        self._finish()

    def _calls(self, array: FloatArray, count: int, sum_up: SumUp) -> Iterator[Any]:
        del sum_up
        self._silence(array, count)
        yield self._first.Iallreduce(_IN_PLACE, array)

    def _silence(self, array: FloatArray, count: int) -> None:
        if self._rank >= count:
            array[:] = 0
