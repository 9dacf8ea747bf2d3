"""The steps of training by the kernel, and a look at rows."""

from __future__ import annotations

import ctypes
import math
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.kernel.counterparts import counterparts
from mlpcli.nn.kernel.library import kernel_for
from mlpcli.nn.kernel.work import Training, Work, address
from mlpcli.parallel import ALONE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.nn.kernel.counterparts import Counterparts
    from mlpcli.nn.kernel.library import Kernel
    from mlpcli.nn.network import Network
    from mlpcli.nn.sigmoid import FloatArray
    from mlpcli.nn.task import Task

__all__ = ["WORTH_WAKING", "KernelEngine", "logits"]

_AT_ONCE = 2e7  # multiplications of a call: about a millisecond
_LOOK_ROWS = 64  # whose Z of all layers stay in the cache
WORTH_WAKING = 500_000  # parameters; fewer one thread adds up and updates by itself


class KernelEngine:
    """The engine whose steps are C; see `mlpcli.nn.task.Engine`.

    One member takes a run of steps in one call. Several take a share each of the rows of every
    batch; then the gradients are added in the order of the members. `here` are those of this
    process (None: all).
    """

    def __init__(
        self, task: Task, kernel: Kernel, codes: Counterparts, here: int | None = None
    ) -> None:
        self.task, self.kernel = task, kernel.identity
        shares = task.shares(task.batch_size)
        self._alone = len(shares) == 1
        self._members = [Training(kernel, task, codes, task.most_rows) for _ in shares[:here]]
        first, *others = self._members
        self._first = first
        self._others = (ctypes.c_void_p * len(others))(*(address(m.gradient) for m in others))
        calls = ("run", "part", "join", "update", "look")
        self._run, self._part, self._join, self._update, self._look = map(first.call, calls)
        batches = _AT_ONCE // (3 * task.network.theta.size * task.batch_size)
        self.at_once = task.batch_size * max(1, int(batches))
        large = task.network.theta.size >= WORTH_WAKING and not self._alone
        self._joiners = task.team if large else ALONE
        eyes = range(task.team.size)
        self._eyes = [Work(kernel, task.network, codes, _LOOK_ROWS) for _ in eyes]

    @property
    def norms(self) -> list[float]:
        """See `Engine`."""
        norms: list[float] = self._first.norms[:-1].tolist()
        return norms

    def use(self, X: FloatArray, y: FloatArray, weight: FloatArray | None) -> None:
        """See `Engine`."""
        omega = self.task.objective.cell_weights(y, weight)
        for member in self._members:
            member.use(X, y, weight, omega)

    def steps(
        self, order: NDArray[np.uint32], rate: float, loss: float, squares: FloatArray
    ) -> tuple[int, float]:
        """See `Engine`."""
        for member in self._members:
            member.deal(order, rate)
        if not self._alone:
            return self._together(len(order), loss, squares)
        self._first.point(squares=squares)
        self._first.sums[0] = loss
        done: int = self._run(self._first.job, len(order))
        return done, float(self._first.sums[0])

    def _together(self, rows: int, loss: float, squares: FloatArray) -> tuple[int, float]:
        """Take the steps in the team."""
        size, state = self.task.batch_size, self.task.state
        for done, start in enumerate(range(0, rows, size)):
            added, finite = self._compute(start, min(size, rows - start))
            if not (finite and math.isfinite(sum(self.norms))):
                return done, loss
            if "steps" in state:
                state["steps"] += 1
            self._descend(int(state.get("steps", 0)))
            squares += self._first.norms[:-1]
            loss += added
        return -(-rows // size), loss

    def _compute(self, start: int, rows: int) -> tuple[float, bool]:
        """Compute gradient and norms of a batch; return losses, and if all logits are finite."""
        shares, losses = self.task.shares(rows), [0.0] * len(self._members)

        def part(member: int) -> None:
            if member < len(shares):
                share, job = shares[member], self._members[member].job
                first, count = start + share.start, share.stop - share.start
                losses[member] = self._part(job, first, count, rows)

        self.task.team.run(part)
        finite = all(math.isfinite(m.norms[-1]) for m in self._members[: len(shares)])
        self._finish(len(shares) - 1)
        return sum(losses), finite

    def _finish(self, others: int) -> None:
        """Put the gradient together from that of the first member and so many others."""
        norms = np.zeros((self._joiners.size, len(self._first.norms) - 1))

        def join(member: int) -> None:
            self._join(
                self._first.job, *self._mine(member), others, self._others, address(norms[member])
            )

        self._joiners.run(join)
        self._first.norms[:-1] = norms.sum(axis=0)

    def _descend(self, steps: int) -> None:
        """Let the optimizer take this step, each of the team on a share of the parameters."""
        self._joiners.run(lambda member: self._update(self._first.job, *self._mine(member), steps))

    def _mine(self, member: int) -> tuple[int, int]:
        share = self._joiners.share(self.task.network.theta.size, member)
        return share.start, share.stop

    def measure(
        self, X: FloatArray, y: FloatArray, weight: FloatArray | None, member: int = 0
    ) -> tuple[float, int]:
        """See `Engine`."""
        work = self._eyes[member]
        work.use(X, y, weight, None)
        work.sums[:] = 0
        self._look(work.job, len(X), None)
        loss, right = work.sums.tolist()
        return loss, int(right)


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
