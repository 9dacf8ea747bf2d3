"""The ranks of a job over MPI, by mpi4py."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from itertools import accumulate, islice, pairwise
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import mpi4py
import numpy as np

from mlpcli.errors import MlpError
from mlpcli.parallel import limit_blas
from mlpcli.ranks.ranks import Ranks, add_up
from mlpcli.ranks.same import Facts, cores, crowding, fair_share, require_same, this_process
from mlpcli.ranks.warden import Warden

os.environ.setdefault("OMPI_MCA_osc", "^ucx")  # which complains where there is no such network
mpi4py.rc.thread_level = "funneled"  # the main thread alone calls MPI
from mpi4py import MPI  # noqa: E402  as that is read when it is loaded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from mlpcli.ranks.ranks import FloatArray, SumUp

__all__ = ["MpiRanks", "connect"]

T = TypeVar("T")
R = TypeVar("R")
_WORK, _ANSWER = 1, 2  # tags of messages
_NO_MORE: Any = object()
_PAUSES = (1e-4, 1e-2)  # seconds between two looks for a message: at first, and at most
_ALIGNED = 64  # bytes: where arrays begin in shared memory
_MOST = 2**30  # bytes of a message: MPI counts in 32 bits


def connect() -> MpiRanks:
    """Return the ranks of the job that mpirun started this process in."""
    return MpiRanks(MPI.COMM_WORLD)


class MpiRanks(Ranks):
    """All ranks of a communicator."""

    def __init__(self, comm: Any) -> None:
        self._comm = comm
        self.rank, self.size = comm.rank, comm.size
        self._machine: Any = comm.Split_type(MPI.COMM_TYPE_SHARED, comm.rank)
        first = self._machine.rank == 0
        self._firsts = comm.Split(0 if first else MPI.UNDEFINED, comm.rank)
        self._windows: list[Any] = []  # memory is shared as long as they are held
        self._received: dict[tuple[int, int, str], FloatArray] = {}
        self._facts: list[Facts] = []
        self._known: dict[int, Callable[[Any], Any]] = {}
        self._function: Callable[[Any], Any] = abs
        self._busy = False
        self._warden: Warden | None = None
        self._spoken = self._shared_memory(
            1
        )  # whether a rank of this machine has failed, and says so
        self._spoken[0] = False
        self._cores = fair_share(self._machine.allgather(cores()), self._machine.rank)

    # Rank 0 asks.

    @contextmanager
    def together(self, function: Callable[[Ranks], object]) -> Iterator[None]:
        """Let each other rank run function(its ranks) while the context lasts."""
        self._introduce()
        with self._asking(function), closing(Warden(lambda: bool(self._spoken[0]))) as self._warden:
            yield

    @contextmanager
    def _asking(self, function: Callable[[Ranks], object]) -> Iterator[None]:
        self._busy = True
        for rank in range(1, self.size):
            self._comm.send(function, rank, _WORK)
        yield
        self._busy = False

    def _introduce(self) -> None:
        """Hear once what all ranks compute by; UsageError where they are not the same."""
        if not self._facts:
            with self._asking(_meet):
                self._facts = self.gather(this_process())
            require_same(self._facts)

    def notes(self) -> list[str]:
        """Return a note for each machine with more ranks than cores."""
        self._introduce()
        return crowding(self._facts)

    def map(
        self,
        function: Callable[[T], R],
        items: Iterator[T],
        stop: Callable[[], object] = lambda: False,
    ) -> Iterator[R]:
        """Yield function(item) for every item, as they are done: by other ranks, and in a thread.

        The main thread stays free to hand out work, and to hear what a user wants.
        """
        self._introduce()
        self._busy = True
        idle = [*range(1, self.size)]
        pool = ThreadPoolExecutor(1, initializer=_keep_to, initargs=(self._cores,))
        here: list[Future[tuple[bool, Any]]] = []
        while not stop():
            while idle and (item := next(items, _NO_MORE)) is not _NO_MORE:
                self._hand(idle.pop(0), function, item)
            if not here and (item := next(items, _NO_MORE)) is not _NO_MORE:
                here.append(pool.submit(_attempt, function, item))
            if len(idle) == self.size - 1 and not here:
                self._busy = False
                pool.shutdown()
                return
            yield from self._answers(idle, here)

    def _hand(self, rank: int, function: Callable[[T], R], item: T) -> None:
        """Ask a rank for function(item); it hears of a function once, which may be large."""
        if self._known.get(rank) is not function:
            self._known[rank] = function
            self._comm.send(partial(_learn, function), rank, _WORK)
        self._comm.send(partial(_answer, item), rank, _WORK)

    def in_order(self, function: Callable[[T], R], items: Iterator[T]) -> Iterator[tuple[T, R]]:
        """Yield each item with function(item), in their order, two of each rank at a time."""
        numbered = partial(_numbered, function)
        while some := list(islice(items, 2 * self.size)):
            found = dict(self.map(numbered, iter(enumerate(some))))
            yield from ((item, found[number]) for number, item in enumerate(some))

    def _answers(self, idle: list[int], here: list[Future[tuple[bool, Any]]]) -> Iterator[Any]:
        """Yield the answers that are there by now; where there is none wait a little."""
        found = []
        if here and here[0].done():
            found.append(here.pop().result())
        state = MPI.Status()
        while self._comm.iprobe(tag=_ANSWER, status=state):
            found.append(self._comm.recv(source=state.source, tag=_ANSWER))
            idle.append(state.source)
        if not found:
            time.sleep(_PAUSES[1] / 5)
        for done, answer in found:
            if not done:
                raise answer
            yield answer

    # The others serve.

    def serve(self) -> None:
        """Run what rank 0 asks for until the job is over; signals are for rank 0 to heed."""
        if not self.rank:
            return
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        _keep_to(self._cores)
        while (work := self._asked()) is not None:
            try:
                work(self)
            except Exception as error:
                self._spoken[0] = True
                if isinstance(error, MlpError):
                    lines = (f"rank {self.rank}: {line}" for line in error.lines)
                    raise type(error)(*lines) from error
                raise

    def _asked(self) -> Callable[[Ranks], object] | None:
        """Return what rank 0 asks for; the wait leaves the core to others."""
        pause = _PAUSES[0]
        while not self._comm.iprobe(source=0, tag=_WORK):
            time.sleep(pause)
            pause = min(2 * pause, _PAUSES[1])
        work: Callable[[Ranks], object] | None = self._comm.recv(source=0, tag=_WORK)
        return work

    def learn(self, function: Callable[[Any], Any]) -> None:
        """Take it that items are for this function from now on."""
        self._function = function

    def answer(self, item: object) -> None:
        """Send rank 0 what the function makes of an item."""
        self._comm.send(_attempt(self._function, item), 0, _ANSWER)

    def end(self, status: int) -> None:
        """End the job: together, or by force where the others wait for a rank that has failed."""
        if self._busy or (self.rank and status):
            self._abort(status)
        if not self.rank:
            for rank in range(1, self.size):
                self._comm.send(None, rank, _WORK)

    def _abort(self, status: int) -> NoReturn:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self._comm.Abort(status)
        raise AssertionError("MPI has ended this process")

    # All say the same together.

    def broadcast(self, value: T) -> T:
        """Return what rank 0 said."""
        said: T = self._comm.bcast(value)
        return said

    def gather(self, value: T) -> list[T]:
        """Return what every rank said, in their order, on all of them."""
        return list(self._comm.allgather(value))

    def agree(self, signal: int | None) -> int | None:
        """Return the signal that any rank has received, on all of them."""
        (found,) = self.largest(signal or 0)
        if found and self._warden is not None:
            self._warden.heeded.set()
        return found or None

    def largest(self, *numbers: int) -> tuple[int, ...]:
        """Return, in each place, the largest number that any rank said."""
        said = np.array(numbers, np.int64)
        self._comm.Allreduce(MPI.IN_PLACE, said, MPI.MAX)
        return tuple(said.tolist())

    def share(self, value: T) -> T:
        """Return what rank 0 said, its arrays in memory that the ranks of one machine share."""
        found: list[pickle.PickleBuffer] = []
        data = pickle.dumps(value, 5, buffer_callback=found.append) if not self.rank else b""
        arrays = [buffer.raw() for buffer in found]
        data, sizes = self._comm.bcast((data, [array.nbytes for array in arrays]))
        places = [0, *accumulate(-(-size // _ALIGNED) * _ALIGNED for size in sizes)]
        memory = self._shared_memory(places[-1])
        for place, array in zip(places, arrays, strict=False):
            memory[place : place + array.nbytes] = np.frombuffer(array, np.uint8)
        if self._machine.rank == 0:
            for start in range(0, memory.size, _MOST):
                self._firsts.Bcast(memory[start : start + _MOST])
        self._machine.Barrier()
        views = [
            memory[place : place + size].data.toreadonly()
            for place, size in zip(places, sizes, strict=False)
        ]
        shared: T = pickle.loads(data, buffers=views)  # noqa: S301  by rank 0 of this job
        return shared

    def _shared_memory(self, size: int) -> NDArray[np.uint8]:
        """Return memory of this machine, the same for all of its ranks."""
        mine = size if self._machine.rank == 0 else 0
        window = MPI.Win.Allocate_shared(mine, 1, comm=self._machine)
        self._windows.append(window)
        whole: Any = window.Shared_query(0)[0]
        return np.asarray(whole).view(np.uint8)

    def add_in_order(self, array: FloatArray, count: int, sum_up: SumUp = add_up) -> None:
        """Set `array` on all ranks to the sum of those of ranks 0 to count - 1, in that order.

        Each rank adds its part of the numbers, and all get all parts: 2 (R - 1) / R of the array
        travels from each rank, whatever their number.
        """
        if count == 1:
            self._comm.Bcast(array)
            return
        starts = [array.size * rank // self.size for rank in range(self.size + 1)]
        lengths = [stop - start for start, stop in pairwise(starts)]
        mine = lengths[self.rank]
        parts = self._buffer(count, mine, array)
        sent = lengths if self.rank < count else [0] * self.size
        heard = [mine if rank < count else 0 for rank in range(self.size)]
        places = [mine * min(rank, count) for rank in range(self.size)]
        self._comm.Alltoallv([array, (sent, starts[:-1])], [parts, (heard, places)])
        sum_up(array[starts[self.rank] : starts[self.rank + 1]], parts)
        self._comm.Allgatherv(MPI.IN_PLACE, [array, (lengths, starts[:-1])])

    def said(self, *numbers: float) -> list[tuple[float, ...]]:
        """Return the numbers that each rank says, in their order, on all of them."""
        found = np.empty((self.size, len(numbers)))
        self._comm.Allgather(np.array(numbers), found)
        return [tuple(row) for row in found.tolist()]

    def _buffer(self, rows: int, columns: int, like: FloatArray) -> FloatArray:
        key = rows, columns, like.dtype.char
        if key not in self._received:
            self._received[key] = np.empty((rows, columns), like.dtype)
        return self._received[key]

    def add_fast(self, array: FloatArray, count: int, _sum_up: SumUp = add_up) -> None:
        """Set `array` on all ranks to the same sum, in the order that MPI finds quickest."""
        if self.rank >= count:
            array[:] = 0
        self._comm.Allreduce(MPI.IN_PLACE, array)


def _meet(ranks: Ranks) -> None:
    ranks.gather(this_process())


def _keep_to(cores: set[int]) -> None:
    """Let this thread, and those that it starts, use these cores alone."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


def _attempt(function: Callable[[T], R], item: T) -> tuple[bool, R | Exception]:
    """Return (True, result) or (False, exception)."""
    try:
        with limit_blas(1):
            return True, function(item)
    except Exception as error:  # noqa: BLE001  raised again by rank 0
        return False, error


def _learn(function: Callable[[T], R], ranks: MpiRanks) -> None:
    ranks.learn(function)


def _answer(item: T, ranks: MpiRanks) -> None:
    ranks.answer(item)


def _numbered(function: Callable[[T], R], item: tuple[int, T]) -> tuple[int, R]:
    number, work = item
    return number, function(work)
