"""Takes training steps: gradient of each batch and update, up to one that is not finite.

What a step computes is `Objective.gradient` followed by `Optimizer.update`, and `NumpyEngine` says
just that. The engines of the compiled kernel do the same, and the tests hold them to it. A run
repeats to the last byte with the same engine and team.
"""

from __future__ import annotations

import logging
import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.kernel.counterparts import counterparts
from mlpcli.nn.kernel.engine import KernelEngine
from mlpcli.nn.kernel.library import NUMPY
from mlpcli.nn.kernel.over_ranks import RankEngine
from mlpcli.parallel import core_count
from mlpcli.ranks.team import RankTeam

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcli.nn.kernel.library import Kernel
    from mlpcli.nn.objective import Objective
    from mlpcli.nn.sigmoid import FloatArray
    from mlpcli.nn.task import Engine, Task

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
    shared = isinstance(task.team, RankTeam) and len(task.shares(task.batch_size)) > 1
    codes = counterparts(task.network.activation, task.objective, task.optimizer, task.answers)
    if kernel is not None and isinstance(codes, str):
        _log.debug("kernel: numpy, as %s", codes)
    if kernel is None or isinstance(codes, str):
        return (RankNumpyEngine if shared else NumpyEngine)(task)
    return (RankEngine if shared else KernelEngine)(task, kernel, codes)


class NumpyEngine:
    """The step to read; each member of the team takes a share of the rows of a batch."""

    def __init__(self, task: Task) -> None:
        self.task, self.kernel, self.at_once = task, NUMPY, task.batch_size
        self.norms: list[float] = []

    def use(self, X: FloatArray, y: FloatArray, weight: FloatArray | None) -> None:
        """See `Engine`."""
        self._X, self._y, self._weight = X, y, weight
        self._omega = self.task.objective.cell_weights(y, weight)

    def steps(
        self, order: NDArray[np.uint32], rate: float, loss: float, squares: FloatArray
    ) -> tuple[int, float]:
        """See `Engine`."""
        task, size = self.task, self.task.batch_size
        for done, start in enumerate(range(0, len(order), size)):
            gradient, added, finite = self._batch(order[start : start + size])
            layers = task.network.like(gradient).layers
            self.norms = [float(np.square(layer, dtype=np.float64).sum()) for layer in layers]
            if not (finite and math.isfinite(sum(self.norms))):
                return done, loss
            task.optimizer.update(task.network.theta, gradient, task.state, rate)
            squares += self.norms
            loss += added
        return -(-len(order) // size), loss

    def _batch(self, index: NDArray[np.uint32]) -> tuple[FloatArray, float, bool]:
        """Return dJ/dtheta, the sum of the losses, and whether all logits are finite.

        J is a mean, so its gradient is the mean of those of the shares, each by its rows.
        """
        shares = [index[share] for share in self.task.shares(len(index))]
        if len(shares) == 1:
            return self._share(index)
        parts: dict[int, tuple[FloatArray, float, bool]] = {}

        def work(member: int) -> None:
            if member < len(shares):
                parts[member] = self._share(shares[member])

        self.task.team.run(work)
        gradients, losses, finite = zip(*(parts[i] for i in range(len(shares))), strict=True)
        gradient = np.zeros_like(gradients[0])
        for share, g in zip(shares, gradients, strict=True):
            gradient += g.dtype.type(len(share) / len(index)) * g
        return gradient, sum(losses), all(finite)

    def _share(self, index: NDArray[np.uint32]) -> tuple[FloatArray, float, bool]:
        task, y = self.task, self._y.take(index, 0)
        omega = None if self._omega is None else self._omega.take(index, 0)
        forward = task.network.forward(self._X.take(index, 0))
        gradient = task.objective.gradient(forward, y, omega)
        weight = None if self._weight is None else self._weight.take(index)
        loss = total_loss(task.objective, forward.logits, y, weight)
        return gradient.theta, loss, bool(np.isfinite(forward.logits).all())

    def measure(
        self, X: FloatArray, y: FloatArray, weight: FloatArray | None, _member: int = 0
    ) -> tuple[float, int]:
        """See `Engine`."""
        h = self.task.network.logits(X)
        right = int(np.count_nonzero(self.task.answers(h, y)))
        return total_loss(self.task.objective, h, y, weight), right


class RankNumpyEngine(NumpyEngine):
    """The same where each rank has but its own share, and hears of the others'."""

    def _batch(self, index: NDArray[np.uint32]) -> tuple[FloatArray, float, bool]:
        shares, team = self.task.shares(len(index)), self.task.team
        if len(shares) == 1:
            return self._share(index)
        assert isinstance(team, RankTeam)
        gradient, loss, finite = np.zeros_like(self.task.network.theta), 0.0, True
        if team.member < len(shares):
            mine = index[shares[team.member]]
            g, loss, finite = self._share(mine)
            gradient += g.dtype.type(len(mine) / len(index)) * g
        team.add(gradient, len(shares))
        said = team.said(loss, float(finite))[: len(shares)]
        return gradient, sum(loss for loss, _ in said), all(finite for _, finite in said)


def total_loss(
    objective: Objective, h: FloatArray, y: FloatArray, weight: FloatArray | None
) -> float:
    """Return the weighted sum of the losses, whatever the form of the derivative."""
    losses = objective.loss.value(h, y)
    if weight is not None:
        losses *= weight[:, None]
    return float(losses.sum(dtype=np.float64))
