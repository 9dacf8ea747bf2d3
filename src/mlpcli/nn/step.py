"""Takes training steps: gradient of each batch and update, up to one that is not finite.

What a step computes is `Objective.gradient` followed by `Optimizer.update`, and `NumpyEngine` says
just that. The engine of the compiled kernel does the same, and the tests hold it to that. A run
repeats to the last byte with the same engine and team.
"""

from __future__ import annotations

import logging
import math
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.kernel.counterparts import counterparts
from mlpcli.nn.kernel.engine import KernelEngine
from mlpcli.nn.kernel.library import NUMPY
from mlpcli.nn.task import Engine
from mlpcli.parallel import core_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcli.nn.kernel.library import Kernel
    from mlpcli.nn.objective import Objective
    from mlpcli.nn.sigmoid import FloatArray
    from mlpcli.nn.task import Task

__all__ = ["NumpyEngine", "engine_for", "thread_count"]

_MOST_THREADS = 8  # by default; parts of a batch for more are too small to be worth a thread
_WORTH_SHARING = 5e6  # multiplications of a layer's product below which threads cost more
_log = logging.getLogger(__name__)


def thread_count(asked: int | None, sizes: Sequence[int], rows: int) -> int:
    """Return the number asked for, else 1 for small layers and all available cores for large.

    `rows` is the batch size; sharing out a small matrix product takes longer than computing it.
    """
    if asked is not None:
        return asked
    largest = max(a * b for a, b in pairwise(sizes)) * rows
    if largest < _WORTH_SHARING:
        return 1
    return min(_MOST_THREADS, core_count())


def engine_for(task: Task, kernel: Kernel | None) -> Engine:
    """Return the engine that suits the task: of the kernel, where that has all that is computed."""
    codes = counterparts(task.network.activation, task.objective, task.optimizer, task.answers)
    if kernel is not None and isinstance(codes, str):
        _log.debug("kernel: numpy, as %s", codes)
    if kernel is None or isinstance(codes, str):
        return NumpyEngine(task)
    return KernelEngine(task, kernel, codes)


class NumpyEngine(Engine):
    """The step to read."""

    kernel = NUMPY

    def use(self, X: FloatArray, y: FloatArray, weight: FloatArray | None) -> None:
        """See `Engine`."""
        self._X, self._y, self._weight = X, y, weight
        self._omega = self.task.objective.cell_weights(y, weight)

    def _deal(self, order: NDArray[np.uint32], rate: float) -> None:
        self._order, self._rate = order, rate
        self._parts: dict[int, FloatArray] = {}

    def _part(self, member: int, first: int, rows: int, batch: int) -> tuple[float, float]:
        index = self._order[first : first + rows]
        task, y = self.task, self._y.take(index, 0)
        omega = None if self._omega is None else self._omega.take(index, 0)
        weight = None if self._weight is None else self._weight.take(index)
        forward = task.network.forward(self._X.take(index, 0))
        gradient = task.objective.gradient(forward, y, omega).theta
        self._parts[member] = gradient * gradient.dtype.type(rows / batch)
        loss = total_loss(task.objective, forward.logits, y, weight)
        return loss, 0.0 if np.isfinite(forward.logits).all() else math.nan

    def _join(self, count: int) -> None:
        network, parts = self.task.network, self._parts
        self._sum = reduce(np.add, [parts.pop(member) for member in sorted(parts)])
        if count > 1:
            self.task.team.add(self._sum, count)
        layers = network.like(self._sum).layers
        self.norms = [float(np.square(layer, dtype=np.float64).sum()) for layer in layers]

    def _update(self) -> None:
        task = self.task
        task.optimizer.update(task.network.theta, self._sum, task.state, self._rate)

    def measure(
        self, X: FloatArray, y: FloatArray, weight: FloatArray | None, _member: int = 0, /
    ) -> tuple[float, int]:
        """See `Engine`."""
        h = self.task.network.logits(X)
        right = int(np.count_nonzero(self.task.answers(h, y)))
        return total_loss(self.task.objective, h, y, weight), right


def total_loss(
    objective: Objective, h: FloatArray, y: FloatArray, weight: FloatArray | None
) -> float:
    """Return the weighted sum of the losses, whatever the form of the derivative."""
    losses = objective.loss.value(h, y)
    if weight is not None:
        losses *= weight[:, None]
    return float(losses.sum(dtype=np.float64))
