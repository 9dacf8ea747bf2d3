"""All the steps of a narrow network in one call, and a look at rows by it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.kernel.counterparts import counterparts
from mlpcli.nn.kernel.library import kernel_for
from mlpcli.nn.kernel.work import Work, address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcli.nn.kernel.counterparts import Counterparts
    from mlpcli.nn.kernel.library import Kernel
    from mlpcli.nn.network import Network
    from mlpcli.nn.sigmoid import FloatArray
    from mlpcli.nn.task import Task

__all__ = ["NarrowEngine", "is_narrow", "logits"]

_WIDEST = 5e6  # multiplications of a layer's product from which on a BLAS is faster
_AT_ONCE = 2e7  # multiplications of a call: about a millisecond
_LOOK_ROWS = 64  # whose Z of all layers stay in the nearest cache


def is_narrow(sizes: Sequence[int], rows: int) -> bool:
    """Whether the kernel's own products are faster than those of a BLAS, for batches of `rows`."""
    return max(a * b for a, b in pairwise(sizes)) * rows < _WIDEST


class NarrowEngine:
    """The engine whose steps are all C; see `mlpcli.nn.task.Engine`."""

    def __init__(self, task: Task, kernel: Kernel, codes: Counterparts) -> None:
        self.task, self.kernel = task, kernel.identity
        self._work = Work(kernel, task.network, codes, task.batch_size, looks=False)
        self._work.train(task)
        self._work.make_room(self._work.call("work")(self._work.job))
        self._run = self._work.call("run")
        batches = _AT_ONCE // (3 * task.network.theta.size * task.batch_size)
        self.at_once = task.batch_size * max(1, int(batches))
        self._eyes = [_eyes(kernel, task.network, codes) for _ in range(task.team.size)]
        self._look = self._work.call("look")

    @property
    def norms(self) -> list[float]:
        """See `Engine`."""
        norms: list[float] = self._work.norms[:-1].tolist()
        return norms

    def use(self, X: FloatArray, y: FloatArray, weight: FloatArray | None) -> None:
        """See `Engine`."""
        self._work.use(X, y, weight, self.task.objective.cell_weights(y, weight))

    def steps(
        self, order: NDArray[np.uint32], rate: float, loss: float, squares: FloatArray
    ) -> tuple[int, float]:
        """See `Engine`."""
        work = self._work
        work.deal(self.task, order, rate)
        work.point(squares=squares)
        work.sums[0] = loss
        done: int = self._run(work.job, len(order))
        return done, float(work.sums[0])

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


def _eyes(kernel: Kernel, network: Network, codes: Counterparts) -> Work:
    """Return what looks at rows through the network."""
    work = Work(kernel, network, codes, _LOOK_ROWS, looks=True)
    work.make_room(work.call("work")(work.job))
    return work


def logits(network: Network, X: FloatArray) -> FloatArray:
    """Return H_L (N x n_L) for the rows `X`, by the kernel if there is one and it is narrow."""
    kernel, codes = kernel_for(), counterparts(network.activation)
    if kernel is None or isinstance(codes, str) or not is_narrow(network.sizes, _LOOK_ROWS):
        return network.logits(X)
    work = _eyes(kernel, network, codes)
    work.point(X=np.ascontiguousarray(X, work.dtype))
    H = np.empty((len(X), network.sizes[-1]), work.dtype)
    work.call("look")(work.job, len(X), address(H))
    return H
