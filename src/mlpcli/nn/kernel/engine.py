"""The steps of training by the kernel, and a look at rows."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.nn.kernel.counterparts import counterparts
from mlpcli.nn.kernel.job import Job
from mlpcli.nn.kernel.library import kernel_for
from mlpcli.nn.kernel.stretches import stretches
from mlpcli.nn.kernel.work import Training, Work, address
from mlpcli.nn.task import Engine
from mlpcli.parallel import ALONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcli.nn.kernel.counterparts import Codes
    from mlpcli.nn.kernel.library import Kernel
    from mlpcli.nn.network import Network
    from mlpcli.nn.sigmoid import FloatArray
    from mlpcli.nn.task import Task

__all__ = ["KernelEngine", "logits"]

_AT_ONCE = 2e7  # multiplications of a call: about a millisecond
_LOOK_ROWS = 64  # whose Z of all layers stay in the cache
_WORTH_WAKING = 500_000  # parameters; fewer one thread adds up and updates by itself


class KernelEngine(Engine):
    """The engine whose steps are C.

    One member takes a run of steps in one call. Several take a share each of the rows of every
    batch; then the gradients are added in the order of the members. A rank is one of them, and
    what comes out is what as many threads compute, byte for byte. Where the team `overlaps`, what
    is added of upper layers is under way while the lower ones are computed.
    """

    def __init__(self, task: Task, kernel: Kernel, codes: Codes) -> None:
        super().__init__(task)
        self.kernel, busy = kernel.identity, len(task.shares(task.batch_size))
        self._alone, here = busy == 1, task.team.here
        self._way, self._left = stretches(task.network, task.most_rows, overlaps=task.team.overlaps)
        count = busy if here is task.team else 1  # of another process are the other members
        self._members = [Training(kernel, task, codes) for _ in range(count)]
        self._first, *others = self._members
        self._others = _pointers([member.gradient for member in others])
        calls = ("run", "part", "join", "update", "look")
        self._run, self._one, self._add, self._descend, self._look = map(self._first.call, calls)
        size = task.network.theta.size
        self.at_once *= max(1, int(_AT_ONCE // (3 * size * task.batch_size)))
        self._joiners = here if size >= _WORTH_WAKING and not self._alone else ALONE
        eyes = range(task.team.size)
        self._eyes = [Work(kernel, task.network, codes, _LOOK_ROWS) for _ in eyes]

    def use(self, X: FloatArray, y: FloatArray, weight: FloatArray | None) -> None:
        """See `Engine`."""
        omega = self.task.objective.cell_weights(y, weight)
        for member in self._members:
            member.use(X, y, weight, omega)

    def steps(
        self, order: NDArray[np.uint32], rate: float, loss: float, squares: FloatArray
    ) -> tuple[int, float]:
        """See `Engine`."""
        if not self._alone:
            return super().steps(order, rate, loss, squares)
        first = self._first
        first.deal(order, rate)
        first.point(squares=squares)
        first.sums[0] = loss
        done: int = self._run(first.job, len(order))
        self.norms = first.norms[:-1].tolist()
        return done, float(first.sums[0])

    def _deal(self, order: NDArray[np.uint32], rate: float) -> None:
        for member in self._members:
            member.deal(order, rate)

    def _part(self, member: int, first: int, rows: int, batch: int) -> tuple[float, float]:
        mine, team, loss = self._members[member % len(self._members)], self.task.team, 0.0
        count = len(self.task.shares(batch))
        for start, stop, ready in self._way:
            loss += self._one(mine.job, first, rows, batch, start, stop)
            team.get_on()
            if ready.stop and count > 1:
                team.begin(mine.gradient[ready], count, self._sum_up)
        return loss, float(mine.norms[-1])

    def _join(self, count: int) -> None:
        first, parts = self._first, np.zeros((self._joiners.size, len(self.task.network.W)))
        if count > 1:
            self.task.team.add(first.gradient[self._left], count, self._sum_up)
        others = min(count, len(self._members)) - 1

        def join(member: int) -> None:
            self._add(first.job, *self._mine(member), others, self._others, address(parts[member]))

        self._joiners.run(join)
        self.norms = parts.sum(axis=0).tolist()

    def _sum_up(self, total: FloatArray, parts: FloatArray) -> None:
        """Write the sum of the parts of ranks to `total` as those of threads are added."""
        total[:] = parts[0]
        job, norms = Job.from_buffer_copy(self._first.job), np.zeros(len(self.task.network.W))
        job.gradient, job.l2 = address(total), 0.0
        others = _pointers(parts[1:])
        self._add(job, 0, total.size, len(others), others, address(norms))

    def _update(self) -> None:
        state = self.task.state
        if "steps" in state:
            state["steps"] += 1
        steps = int(state.get("steps", 0))
        self._joiners.run(lambda member: self._descend(self._first.job, *self._mine(member), steps))

    def _mine(self, member: int) -> tuple[int, int]:
        share = self._joiners.share(self.task.network.theta.size, member)
        return share.start, share.stop

    def measure(
        self, X: FloatArray, y: FloatArray, weight: FloatArray | None, member: int = 0, /
    ) -> tuple[float, int]:
        """See `Engine`."""
        work = self._eyes[member]
        work.use(X, y, weight, None)
        work.sums[:] = 0
        self._look(work.job, len(X), None)
        loss, right = work.sums.tolist()
        return loss, int(right)


def _pointers(arrays: Sequence[FloatArray] | FloatArray) -> Any:
    return (ctypes.c_void_p * len(arrays))(*map(address, arrays))


def logits(network: Network, X: FloatArray, kept: str | None = None) -> FloatArray:
    """Return H_L (N x n_L) for the rows `X`, by the kernel if there is one that knows f.

    `kept` is the identity of one to be kept to.
    """
    kernel, codes = kernel_for(kept), counterparts(network.activation)
    if kernel is None or isinstance(codes, str):
        return network.logits(X)
    work = Work(kernel, network, codes, _LOOK_ROWS)
    work.make_room()
    work.point(X=np.ascontiguousarray(X, work.dtype))
    H = np.empty((len(X), network.sizes[-1]), work.dtype)
    work.call("look")(work.job, len(X), address(H))
    return H
