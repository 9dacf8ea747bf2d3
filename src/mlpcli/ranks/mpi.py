"""The ranks of a job over MPI, by mpi4py."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
from contextlib import closing, contextmanager
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import mpi4py
import numpy as np

from mlpcli.errors import MlpError
from mlpcli.parallel import limit_blas
from mlpcli.ranks.adding import Fast, InOrder
from mlpcli.ranks.desk import PAUSES, WORK, Desk, Serving, keep_to
from mlpcli.ranks.ranks import Ranks
from mlpcli.ranks.same import Facts, cores, crowding, fair_share, require_same, this_process
from mlpcli.ranks.warden import Warden

os.environ.setdefault("OMPI_MCA_osc", "^ucx")  # which complains where there is no such network
mpi4py.rc.thread_level = "funneled"  # the main thread alone calls MPI
from mpi4py import MPI  # noqa: E402  as that is read when it is loaded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

__all__ = ["MpiRanks", "connect"]

T = TypeVar("T")
R = TypeVar("R")
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
        self.adding = {"fixed": InOrder(comm), "fast": Fast(comm)}
        self._facts: list[Facts] = []
        self._busy = False
        self._warden: Warden | None = None
        self._spoken = self._shared_memory(1)  # whether a rank here has failed, and says so
        self._spoken[0] = False
        self._nearby: list[int] = self._machine.allgather(self.rank)
        self.on_one_machine = len(self._nearby) == self.size
        self.overlaps = not self.on_one_machine
        self._cores = fair_share(self._machine.allgather(cores()), self._machine.rank)
        self._desk, self.serving = Desk(comm, self._cores), Serving(comm)

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
            self._comm.send(function, rank, WORK)
        yield
        self._busy = False

    def _introduce(self) -> None:
        """Hear once what all ranks compute by; UsageError where they are not the same."""
        if not self._facts:
            with self._asking(_meet):
                self._facts = self.gather(this_process())
            require_same(self._facts)

    @property
    def busy(self) -> bool:
        """Whether another rank has work."""
        return self._busy or self._desk.busy

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
        """Yield function(item) for every item, as they are done."""
        self._introduce()
        yield from self._desk.answers(function, items, stop, among=range(self.size))

    def in_order(
        self, function: Callable[[T], R], items: Iterator[T], *, nearby: bool = False
    ) -> Iterator[tuple[T, R]]:
        """Yield each item with function(item), in their order.

        A rank has a second item to go on with while the consumer is busy.
        """
        self._introduce()
        taken: dict[int, T] = {}
        found: dict[int, R] = {}
        turn = 0
        for number, result in self._desk.answers(
            partial(_numbered, function),
            _remembered(items, taken),
            lambda: False,
            among=self._nearby if nearby else range(self.size),
            each=2,
            room=lambda: len(taken) < 3 * self.size,
        ):
            found[number] = result
            while turn in found:
                yield taken.pop(turn), found.pop(turn)
                turn += 1

    # The others serve.

    def serve(self) -> None:
        """Run what rank 0 asks for until the job is over; signals are for rank 0 to heed."""
        if not self.rank:
            return
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        keep_to(self._cores)
        with limit_blas(1):  # once, as to look for all of them takes two milliseconds
            while (work := self._asked()) is not None:
                self._do(work)

    def _do(self, work: Callable[[Ranks], object]) -> None:
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
        pause = PAUSES[0]
        while not self._comm.iprobe(source=0, tag=WORK):
            time.sleep(pause)
            pause = min(2 * pause, PAUSES[1])
        work: Callable[[Ranks], object] | None = self._comm.recv(source=0, tag=WORK)
        return work

    def end(self, status: int) -> None:
        """End the job: together, or by force where the others wait for a rank that has failed."""
        if self.busy or (self.rank and status):
            self._abort(status)
        if not self.rank:
            for rank in range(1, self.size):
                self._comm.send(None, rank, WORK)

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

    def said(self, *numbers: float) -> list[tuple[float, ...]]:
        """Return the numbers that each rank says, in their order, on all of them."""
        found = np.empty((self.size, len(numbers)))
        self._comm.Allgather(np.array(numbers), found)
        return [tuple(row) for row in found.tolist()]


def _meet(ranks: Ranks) -> None:
    ranks.gather(this_process())


def _numbered(function: Callable[[T], R], item: tuple[int, T]) -> tuple[int, R]:
    number, work = item
    return number, function(work)


def _remembered(items: Iterator[T], taken: dict[int, T]) -> Iterator[tuple[int, T]]:
    """Yield the items with their numbers, and keep them."""
    for number, item in enumerate(items):
        taken[number] = item
        yield number, item
