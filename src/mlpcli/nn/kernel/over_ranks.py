"""The steps of training shared out over ranks: each differentiates its part of every batch.

What comes out is what as many threads of one process would compute, byte for byte, where gradients
are added in the order of the ranks: the same parts, the same products, the same sums. Every rank
then takes the same step, so that the weights never travel.
"""

from __future__ import annotations

import ctypes
import math
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.kernel.engine import WORTH_WAKING, KernelEngine
from mlpcli.nn.kernel.job import Job
from mlpcli.nn.kernel.work import address
from mlpcli.parallel import InTurn
from mlpcli.ranks.team import RankTeam

if TYPE_CHECKING:
    from mlpcli.nn.kernel.counterparts import Counterparts
    from mlpcli.nn.kernel.library import Kernel
    from mlpcli.nn.sigmoid import FloatArray
    from mlpcli.nn.task import Task

__all__ = ["RankEngine"]


class RankEngine(KernelEngine):
    """The engine of one rank of a `RankTeam`; see `mlpcli.nn.task.Engine`."""

    def __init__(self, task: Task, kernel: Kernel, codes: Counterparts) -> None:
        assert isinstance(task.team, RankTeam)
        super().__init__(task, kernel, codes, here=1)
        self._ranks = task.team
        if task.network.theta.size >= WORTH_WAKING:  # squares are added as a team's members do
            self._joiners = InTurn(task.team.size)

    def _compute(self, start: int, rows: int) -> tuple[float, bool]:
        """Compute gradient and norms of a batch; return losses, and if all logits are finite."""
        shares, mine, me = self.task.shares(rows), self._first, self._ranks.member
        loss = 0.0
        if len(shares) == 1:  # too few rows to share: each rank takes them all
            me = 0
        if me < len(shares):
            share = shares[me]
            loss = self._part(mine.job, start + share.start, share.stop - share.start, rows)
        said: list[tuple[float, ...]] = [(loss, float(mine.norms[-1]))]
        if len(shares) > 1:
            self._ranks.add(mine.gradient, len(shares), self._sum_up)
            said = self._ranks.said(*said[0])[: len(shares)]
        self._finish(0)
        return sum(loss for loss, _ in said), math.isfinite(sum(odd for _, odd in said))

    def _sum_up(self, total: FloatArray, parts: FloatArray) -> None:
        """Write the sum of the parts to `total` as the kernel adds those of threads."""
        total[:] = parts[0]
        job = Job.from_buffer_copy(self._first.job)
        job.gradient, job.l2 = address(total), 0.0
        others = (ctypes.c_void_p * (len(parts) - 1))(*map(address, parts[1:]))
        norms = np.zeros(len(self._first.norms))
        self._join(job, 0, total.size, len(others), others, address(norms))
