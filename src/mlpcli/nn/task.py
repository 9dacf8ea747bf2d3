"""What is trained, and what takes its steps: batch after batch, by whatever computes a gradient."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from mlpcli.parallel import FEWEST_ROWS, members_for
from mlpcli.records import dataclass

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlpcli.nn.answers import Answers
    from mlpcli.nn.network import Network
    from mlpcli.nn.objective import Objective
    from mlpcli.nn.optimizers import Optimizer, State
    from mlpcli.nn.sigmoid import FloatArray
    from mlpcli.parallel import Team

__all__ = ["Engine", "Task"]


@dataclass(frozen=True)
class Task:
    """What is trained, and how: `network` and `state` (of the optimizer) change in place.

    `team` shares the work of a step, and `answers` says which answers are right. The objective is
    a mean over rows.
    """

    network: Network
    objective: Objective
    optimizer: Optimizer
    state: State
    batch_size: int
    team: Team
    answers: Answers

    def shares(self, rows: int) -> list[slice]:
        """Return the rows of a batch that each member takes, of those who have enough to do."""
        count = members_for(self.team.size, rows)
        return [slice(rows * i // count, rows * (i + 1) // count) for i in range(count)]

    @property
    def most_rows(self) -> int:
        """How many rows of a batch a member takes at most; of a smaller last batch it may be more.

        A member too many is left out, and has a share of less than twice the fewest.
        """
        shares = self.shares(self.batch_size)
        if len(shares) == 1:
            return self.batch_size
        most: int = max(2 * FEWEST_ROWS, *(share.stop - share.start for share in shares))
        return most


class Engine(ABC):
    """Takes the steps of a task, each member of the team with a share of the rows of a batch.

    `kernel` is the identity of what computes them, and `at_once` how many rows, of whole batches,
    take so little time that nobody minds waiting for them. After a step that was not taken `norms`
    holds the squared norm of [dJ/dW_i dJ/db_i] per layer, in float64.
    """

    kernel: str

    def __init__(self, task: Task) -> None:
        self.task, self.at_once = task, task.batch_size
        self.norms: list[float] = []

    @abstractmethod
    def use(self, X: FloatArray, y: FloatArray, weight: FloatArray | None) -> None:
        """Take these as the rows to train on: X (N x n_0), y (N x K) and weight (N,) or None."""

    def steps(
        self, order: NDArray[np.uint32], rate: float, loss: float, squares: FloatArray
    ) -> tuple[int, float]:
        """Take a step for each batch of the rows in this order; return how many, and the loss.

        What is returned is `loss` with the losses of the rows added, each before its own step;
        the squared norms of the layers are added to `squares`. The number is less than there are
        batches where a step has logits or a gradient that are not finite: it is not taken.
        """
        self._deal(order, rate)
        size = self.task.batch_size
        for done, start in enumerate(range(0, len(order), size)):
            added, finite = self._gradient(start, min(size, len(order) - start))
            if not (finite and math.isfinite(sum(self.norms))):
                return done, loss
            self._update()
            squares += self.norms
            loss += added
        return -(-len(order) // size), loss

    def _gradient(self, first: int, rows: int) -> tuple[float, bool]:
        """Compute dJ/dtheta and `norms` on a batch; return losses, and if all logits are finite.

        J is a mean, so its gradient is the mean of those of the shares, each by its rows. A rank
        beyond them has no rows, and goes through all that the others do together.
        """
        shares = self.task.shares(rows)

        def part(member: int) -> tuple[float, float]:
            share = shares[member] if member < len(shares) else slice(rows, rows)
            return self._part(member, first + share.start, share.stop - share.start, rows)

        losses, odd = zip(*self.task.team.parts(part, len(shares)), strict=True)
        self._join(len(shares))
        return sum(losses), math.isfinite(sum(odd))

    @abstractmethod
    def _deal(self, order: NDArray[np.uint32], rate: float) -> None:
        """Take note of the order of the rows to come, and of the learning rate."""

    @abstractmethod
    def _part(self, member: int, first: int, rows: int, batch: int) -> tuple[float, float]:
        """Compute a member's part of the gradient, of so many rows of those of the batch.

        Return the sum of their losses, and nan where a logit is not finite, else 0.
        """

    @abstractmethod
    def _join(self, count: int) -> None:
        """Make the gradient of the parts of the first members, and `norms` of it."""

    @abstractmethod
    def _update(self) -> None:
        """Let the optimizer take the step."""

    @abstractmethod
    def measure(
        self, X: FloatArray, y: FloatArray, weight: FloatArray | None, member: int = 0, /
    ) -> tuple[float, int]:
        """Return the weighted sum of the losses of rows, and the number of right answers.

        Several members of the team may do so at a time.
        """
