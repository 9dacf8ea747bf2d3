"""The steps of a wide network shared out over ranks: each differentiates its part of every batch.

What comes out is what as many threads of one process would compute, byte for byte, where gradients
are added in the order of the ranks: the same parts, the same products, the same sums. Every rank
then takes the same step, so that the weights never travel.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import replace
from typing import TYPE_CHECKING

from mlpcli.nn.kernel.wide import WideEngine
from mlpcli.nn.kernel.work import address
from mlpcli.parallel import ALONE, InTurn
from mlpcli.ranks.team import RankTeam

if TYPE_CHECKING:
    from mlpcli.nn.kernel.counterparts import Counterparts
    from mlpcli.nn.kernel.library import Kernel
    from mlpcli.nn.sigmoid import FloatArray
    from mlpcli.nn.task import Task

__all__ = ["RankEngine"]


class RankEngine(WideEngine):
    """The engine of one rank of a `RankTeam`; see `mlpcli.nn.task.Engine`."""

    def __init__(self, task: Task, kernel: Kernel, codes: Counterparts) -> None:
        assert isinstance(task.team, RankTeam)
        super().__init__(replace(task, team=ALONE), kernel, codes)
        self._whole, self._ranks = task, task.team
        self._looking *= task.team.size  # each rank looks at its own rows
        if self._large:  # squares are added as the members of a team do
            self._joiners = InTurn(task.team.size)

    def _compute(self, start: int, rows: int) -> tuple[float, bool]:
        """Compute gradient and norms of a batch; return losses, and if logits are finite."""
        shares, member, me = self._whole.shares(rows), self._members[0], self._ranks.member
        loss = 0.0
        if len(shares) == 1:  # too few rows to share: each rank takes them all
            me = 0
        if me < len(shares):
            loss = member.step(shares[me], start, rows)
        said: list[tuple[float, ...]] = [(loss, float(member.work.norms[-1]))]
        if len(shares) > 1:
            self._ranks.add(self._gradient, len(shares), self._sum_up)
            said = self._ranks.said(*said[0])[: len(shares)]
        self._finish(0)
        return sum(loss for loss, _ in said), math.isfinite(sum(size for _, size in said))

    def _sum_up(self, total: FloatArray, parts: FloatArray) -> None:
        """Write the sum of the parts to `total` as the kernel adds those of threads."""
        total[:] = parts[0]
        others = (ctypes.c_void_p * (len(parts) - 1))(*map(address, parts[1:]))
        self._join(total.size, address(total), len(others), others, 0, None, 0.0)
