"""The ranks of a job as a team: each process is a member, and shares a step's work with the others.

It has what a team of threads has, so that training need not know which of them it is. Members that
do not share memory send each other what they have worked out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from mlpcli.parallel import FEWEST_ROWS, InTurn, Team, members_for
from mlpcli.ranks.ranks import add_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.parallel import Numbers, Task
    from mlpcli.ranks.ranks import Allreduce, FloatArray, Ranks

__all__ = ["RankTeam"]

T = TypeVar("T")


class RankTeam(Team):
    """All ranks, of which this process is `member`; by `allreduce` arrays are added."""

    word = "ranks"

    def __init__(self, ranks: Ranks, allreduce: Allreduce = "fixed") -> None:
        super().__init__()
        self.ranks, self.size, self.member = ranks, ranks.size, ranks.rank
        self.overlaps, self._adding = ranks.overlaps, ranks.adding[allreduce]

    def run(self, task: Task) -> None:
        """Call task(member), while the other ranks do so with theirs."""
        with np.errstate(over="ignore", invalid="ignore"):
            task(self.member)

    def parts(self, work: Callable[[int], Numbers], count: int) -> list[Numbers]:
        """Return what the first ranks work out, on all of them.

        The others work as well, at nothing: their work may be to begin an addition. For one rank
        alone all of them do the work: that is sooner done than said.
        """
        if count == 1:
            return [work(0)]
        return self.said(*work(self.member))[:count]

    @property
    def here(self) -> Team:
        """As many members one after the other."""
        return InTurn(self.size)

    def agree(self, signal: int | None) -> int | None:
        """Return the signal of any rank, on all of them."""
        return self.ranks.agree(signal)

    def gathered(self, values: list[T]) -> list[T]:
        """Return what all ranks have set, each in its own place."""
        return self.ranks.gather(values[self.member])

    def notes(self, batch_size: int) -> list[str]:
        """Return what is worth knowing: ranks that wait for a core, or have no rows."""
        notes, busy = self.ranks.notes(), members_for(self.size, batch_size)
        if busy < self.size:
            notes.append(
                f"a batch of {batch_size} rows has work for {busy} of {self.size} ranks, at least "
                f"{FEWEST_ROWS} rows each: set training.batch_size to {FEWEST_ROWS * self.size}"
            )
        return notes

    def begin(self, array: FloatArray, count: int, sum_up: Callable[..., None]) -> None:
        """Begin to set `array` on all ranks to the sum of those of the first `count`."""
        self._adding.begin(array, count, sum_up)

    def get_on(self) -> None:
        """Let what was begun get on."""
        self._adding.get_on()

    def add(self, array: FloatArray, count: int, sum_up: Callable[..., None] | None = None) -> None:
        """Set `array` on all ranks to the sum of those of the first `count`; end what was begun."""
        self._adding.add(array, count, sum_up or add_up)

    def said(self, *numbers: float) -> list[tuple[float, ...]]:
        """Return the numbers that each rank says, in their order, on all of them."""
        return self.ranks.said(*numbers)
