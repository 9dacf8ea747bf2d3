"""Gradient descent in its usual variants: `init` makes the state, `update` takes one step.

A state is a dict of plain arrays shaped like theta (or scalars as 0-d arrays), so that a checkpoint
can store it without knowing which optimizer it belongs to. Updates work in place, block by block:
a block stays in the cache for all the operations of its step.

What decays by a factor per step, such as the momentum of a weight whose input is always 0, would
end in subnormal numbers, on which processors are many times slower. So every 64 steps the first
moment is rounded to multiples of about 1e-34 (float32; 1e-304 in float64).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlpcli.nn.sigmoid import clip
from mlpcli.parallel import ALONE, Team

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.nn.sigmoid import FloatArray

__all__ = [
    "OPTIMIZERS",
    "Adam",
    "Descent",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "Sgd",
]

State: TypeAlias = dict[str, NDArray[Any]]
Factors: TypeAlias = "Sequence[FloatArray]"

# Numbers: five such arrays of float32 fit into the cache of one core, nearly. Smaller blocks are
# slower in threads, which wait for the interpreter between operations of a few microseconds.
_BLOCK = 65_536
_WORTH_SHARING = 14  # blocks by plain gradient descent: below that threads cost more than they save
_STEPS_BETWEEN_FLUSHES = 64
_NORMAL_SQUARES = {  # by the letter of the dtype: numbers whose squares are not subnormal
    letter: (np.sqrt(np.finfo(letter).tiny), np.array(np.inf, letter)) for letter in "fd"
}


class Optimizer(ABC):
    """One rule for theta <- theta - step; `moments` names the arrays that its state has."""

    moments: ClassVar[tuple[str, ...]] = ()

    def init(self, theta: FloatArray) -> State:
        """Return the state before the first step: moments zero, and the count of steps."""
        if not self.moments:
            return {}
        zeros = {name: np.zeros_like(theta) for name in self.moments}
        return {**zeros, "steps": np.zeros((), np.int64)}

    def update(self, theta: FloatArray, gradient: FloatArray, state: State, rate: float) -> None:
        """Change `theta` and `state` in place by one step at learning rate `rate`."""
        Descent(self, theta, gradient, state).step(rate)

    @abstractmethod
    def factors(self, rate: float, steps: int) -> tuple[float, ...]:
        """Return the numbers that the rule multiplies with or adds in this step."""

    @abstractmethod
    def rule(self, factors: Factors, free: FloatArray, *blocks: FloatArray) -> None:
        """Take one step on blocks of theta, gradient and the moments; `free` is to work in."""


class Descent:
    """An optimizer's steps on arrays that stay where they are: they are cut into blocks once.

    The team shares the blocks out; the numbers do not depend on its size.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        theta: FloatArray,
        gradient: FloatArray,
        state: State,
        team: Team = ALONE,
    ) -> None:
        self._optimizer = optimizer
        self._rule, self._steps = optimizer.rule, state.get("steps")
        arrays = [theta, gradient, *(state[name] for name in optimizer.moments)]
        size, dtype = theta.size, theta.dtype
        work = size / _BLOCK * (1 + 3 * len(optimizer.moments))
        self._team = team if work > _WORTH_SHARING else ALONE
        count = self._team.size * -(-size // (_BLOCK * self._team.size))  # as many for each member
        cuts = [slice(size * i // count, size * (i + 1) // count) for i in range(count)]
        self._blocks: list[list[tuple[FloatArray, ...]]] = []
        for member in range(self._team.size):
            free = np.empty(min(_BLOCK, size), dtype)
            mine = cuts[self._team.share(count, member)]
            self._blocks.append(
                [(free[: cut.stop - cut.start], *(array[cut] for array in arrays)) for cut in mine]
            )
        self._numbers: tuple[float, ...] = ()
        self._factors = [np.zeros((), dtype) for _ in optimizer.factors(0.0, 1)]

    def step(self, rate: float) -> None:
        """Take one step at learning rate `rate`."""
        steps = 0
        if self._steps is not None:
            steps = int(self._steps) + 1
            self._steps[()] = steps
            if steps % _STEPS_BETWEEN_FLUSHES == 0:
                self._team.run(self._flush)
        numbers = self._optimizer.factors(rate, steps)
        if numbers != self._numbers:
            for factor, number in zip(self._factors, numbers, strict=True):
                factor[()] = number
            self._numbers = numbers
        if self._team.size == 1:
            self._part(0)
        else:
            self._team.run(self._part)

    def _part(self, member: int) -> None:
        for blocks in self._blocks[member]:
            self._rule(self._factors, *blocks)

    def _flush(self, member: int) -> None:
        """Round the first moment to multiples of a number so small that it does not matter."""
        for _, _, _, moment, *_ in self._blocks[member]:
            info = np.finfo(moment.dtype)
            anchor = info.tiny * moment.dtype.type(2) ** (info.nmant + 14)
            np.add(moment, anchor, moment)
            np.subtract(moment, anchor, moment)


@dataclass(frozen=True)
class Sgd(Optimizer):
    """theta <- theta - rate g."""

    def factors(self, rate: float, steps: int) -> tuple[float, ...]:
        """Return the rate."""
        return (rate,)

    def rule(self, factors: Factors, free: FloatArray, *blocks: FloatArray) -> None:
        """Take the step."""
        theta, g = blocks
        np.multiply(g, factors[0], free)
        np.subtract(theta, free, theta)


@dataclass(frozen=True)
class Momentum(Optimizer):
    """v <- momentum v + g; theta <- theta - rate v (Polyak 1964, as torch.optim.SGD has it)."""

    momentum: float = 0.9
    moments: ClassVar[tuple[str, ...]] = ("velocity",)

    def factors(self, rate: float, steps: int) -> tuple[float, ...]:
        """Return rate and momentum."""
        return rate, self.momentum

    def rule(self, factors: Factors, free: FloatArray, *blocks: FloatArray) -> None:
        """Take the step."""
        theta, g, velocity = blocks
        rate, momentum = factors
        np.multiply(velocity, momentum, velocity)
        np.add(velocity, g, velocity)
        np.multiply(velocity, rate, free)
        np.subtract(theta, free, theta)


@dataclass(frozen=True)
class Nesterov(Momentum):
    """v <- momentum v + g; theta <- theta - rate (g + momentum v) (Sutskever et al. 2013)."""

    def rule(self, factors: Factors, free: FloatArray, *blocks: FloatArray) -> None:
        """Take the step."""
        theta, g, velocity = blocks
        rate, momentum = factors
        np.multiply(velocity, momentum, velocity)
        np.add(velocity, g, velocity)
        np.multiply(velocity, momentum, free)
        np.add(free, g, free)
        np.multiply(free, rate, free)
        np.subtract(theta, free, theta)


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, algorithm 1), with its scalar factors gathered into two.

    `mean` is m / (1 - beta1) and `square` is v / (1 - beta2) of the paper, which saves two passes.
    A gradient below the root of the smallest normal number (1e-19 in float32) enters `square` as
    that root: next to epsilon it is nothing, and its square is not subnormal.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    moments: ClassVar[tuple[str, ...]] = ("mean", "square")

    def factors(self, rate: float, steps: int) -> tuple[float, ...]:
        """Return both betas, and epsilon and rate with the corrections of the bias in them."""
        unbias = math.sqrt((1 - self.beta2**steps) / (1 - self.beta2))
        scaled = rate * unbias * (1 - self.beta1) / (1 - self.beta1**steps)
        return self.beta1, self.beta2, self.epsilon * unbias, scaled

    def rule(self, factors: Factors, free: FloatArray, *blocks: FloatArray) -> None:
        """Take the step."""
        theta, g, mean, square = blocks
        beta1, beta2, epsilon, rate = factors
        np.multiply(mean, beta1, mean)
        np.add(mean, g, mean)
        np.abs(g, free)
        clip(free, *_NORMAL_SQUARES[g.dtype.char], free)
        np.multiply(free, free, free)
        np.multiply(square, beta2, square)
        np.add(square, free, square)
        np.sqrt(square, free)
        np.add(free, epsilon, free)
        np.divide(mean, free, free)
        np.multiply(free, rate, free)
        np.subtract(theta, free, theta)


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": Sgd,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adam": Adam,
}
