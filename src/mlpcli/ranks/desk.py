"""Hands out work to the ranks of a job and takes in their answers: what rank 0 has under way.

One call may ask for the items of another: rows are scored while others are still read.
"""

from __future__ import annotations

import os
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from mlpcli.parallel import limit_blas

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["ANSWER", "PAUSES", "WORK", "Desk", "Serving", "keep_to"]

T = TypeVar("T")
R = TypeVar("R")
WORK, ANSWER = 1, 2  # tags of messages
_NO_MORE: Any = object()
PAUSES = (1e-4, 1e-3)  # seconds between two looks for a message: at first, and at most


class Desk:
    """Rank 0's part: it works on items itself, in a thread on its own `cores`, as others do.

    The main thread stays free to hand out work, and to hear what a user wants.
    """

    def __init__(self, comm: Any, cores: set[int]) -> None:
        self._comm = comm
        self._load = dict.fromkeys(range(comm.size), 0)  # items without an answer, by rank
        self._calls = count()
        self._answers: dict[int, deque[tuple[bool, Any]]] = {}
        self._taught: dict[int, set[int]] = {}  # the ranks that know the function of a call
        self._sent: list[Any] = []  # what is on its way
        self._here: deque[tuple[int, Future[tuple[bool, Any]]]] = deque()
        self._pause = PAUSES[0]
        self._thread = ThreadPoolExecutor(1, initializer=keep_to, initargs=(cores,))

    @property
    def busy(self) -> bool:
        """Whether a rank has not yet answered."""
        return any(self._load.values())

    def answers(
        self,
        function: Callable[[T], R],
        items: Iterator[T],
        stop: Callable[[], object],
        *,
        among: Sequence[int],
        each: int = 1,
        room: Callable[[], object] = lambda: True,
    ) -> Iterator[R]:
        """Yield function(item) for every item, as they are done; see `Ranks.map`.

        A rank, of those `among` which it is to be, has up to so many items at a time, `each`; none
        is taken while there is no `room`.
        Raises what the function raises.
        """
        call, out, more = next(self._calls), 0, True
        mine = self._answers[call] = deque[tuple[bool, Any]]()
        while more or out:
            if stop():
                return
            while more and room() and self._load[rank := self._idlest(among)] < each:
                item = next(items, _NO_MORE)
                more = item is not _NO_MORE
                if more:
                    self._hand(self._idlest(among), call, function, item)
                    out += 1
            self._collect()
            while mine:
                done, answer = mine.popleft()
                out -= 1
                if not done:
                    raise answer
                yield answer
        del self._answers[call]
        for rank in self._taught.pop(call, ()):
            self._send(partial(_forget, call), rank)

    def _idlest(self, among: Sequence[int]) -> int:
        """Return the rank that has fewest items, rank 0 the last among equals."""
        return min(among, key=lambda rank: (self._load[rank], not rank))

    def _hand(self, rank: int, call: int, function: Callable[[T], R], item: T) -> None:
        """Give a rank an item; it hears once of the function, which may be large."""
        self._load[rank] += 1
        if not rank:
            self._here.append((call, self._thread.submit(_attempt, function, item)))
            return
        if rank not in self._taught.setdefault(call, set()):
            self._taught[call].add(rank)
            self._send(partial(_learn, call, function), rank)
        self._send(partial(_answer, call, item), rank)

    def _send(self, work: Callable[[Any], object], rank: int) -> None:
        """Send without a wait: the rank may be about to send an answer."""
        self._sent = [sent for sent in self._sent if not sent.Test()]
        self._sent.append(self._comm.isend(work, rank, WORK))

    def _collect(self) -> None:
        """Take in the answers that are there by now; where there is none wait a little."""
        found: list[tuple[int, int, tuple[bool, Any]]] = []
        while self._here and self._here[0][1].done():
            call, future = self._here.popleft()
            found.append((0, call, future.result()))
        for rank in (rank for rank, load in self._load.items() if rank and load):
            while self._comm.iprobe(source=rank, tag=ANSWER):
                found.append((rank, *self._comm.recv(source=rank, tag=ANSWER)))
        for rank, call, answer in found:
            self._load[rank] -= 1
            self._answers[call].append(answer)
        if found:
            self._pause = PAUSES[0]
            return
        time.sleep(self._pause)
        self._pause = min(2 * self._pause, PAUSES[1])


class Serving:
    """The part of another rank: the functions that it has been told, by the number of the call."""

    def __init__(self, comm: Any) -> None:
        self._comm = comm
        self._known: dict[int, Callable[[Any], Any]] = {}

    def learn(self, call: int, function: Callable[[Any], Any]) -> None:
        """Take it that the items of a call are for this function."""
        self._known[call] = function

    def answer(self, call: int, item: object) -> None:
        """Send rank 0 what the function makes of an item."""
        self._comm.send((call, _attempt(self._known[call], item)), 0, ANSWER)

    def forget(self, call: int) -> None:
        """Let go of a function, which may hold much."""
        del self._known[call]


def _learn(call: int, function: Callable[[T], R], ranks: Any) -> None:
    ranks.serving.learn(call, function)


def _answer(call: int, item: T, ranks: Any) -> None:
    ranks.serving.answer(call, item)


def _forget(call: int, ranks: Any) -> None:
    ranks.serving.forget(call)


def _attempt(function: Callable[[T], R], item: T) -> tuple[bool, R | Exception]:
    """Return (True, result) or (False, exception)."""
    try:
        with limit_blas(1):
            return True, function(item)
    except Exception as error:  # noqa: BLE001  raised again by rank 0
        return False, error


def keep_to(cores: set[int]) -> None:
    """Let this thread, and those that it starts, use these cores alone."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
