"""Gradient descent in its usual variants: `init` makes the state, `update` takes one step.

A state is a dict of plain arrays shaped like theta (or scalars as 0-d arrays), so that a checkpoint
can store it without knowing which optimizer it belongs to. Updates work in place, block by block:
a block stays in the cache for all the operations of its step.

What decays by a factor per step, such as the momentum of a weight whose input is always 0, would
end in subnormal numbers, on which processors are many times slower. So every 64 steps what has
become smaller than 1e-34 (float32) is set to 0; the largest change that makes is 1e-34.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlpcli.nn.team import ALONE, Team

if TYPE_CHECKING:
    from mlpcli.config import OptimizerConfig
    from mlpcli.nn.activations import FloatArray

__all__ = ["OPTIMIZERS", "Adam", "Momentum", "Nesterov", "Optimizer", "Sgd", "optimizer_from"]

State: TypeAlias = dict[str, NDArray[Any]]

_BLOCK = 16_384  # numbers: five such arrays of float32 fit into the cache of one core
_STEPS_BETWEEN_FLUSHES = 64


class Optimizer(ABC):
    """One rule for theta <- theta - step; `moments` names the arrays that its state has."""

    moments: ClassVar[tuple[str, ...]] = ()

    def init(self, theta: FloatArray) -> State:
        """Return the state before the first step: moments zero, and the count of steps."""
        if not self.moments:
            return {}
        zeros = {name: np.zeros_like(theta) for name in self.moments}
        return {**zeros, "steps": np.zeros((), np.int64)}

    def update(
        self,
        theta: FloatArray,
        gradient: FloatArray,
        state: State,
        rate: float,
        team: Team = ALONE,
    ) -> None:
        """Change `theta` and `state` in place by one step at learning rate `rate`.

        The team shares the blocks out; the numbers do not depend on its size.
        """
        if "steps" in state:
            state["steps"] += 1
        steps = int(state.get("steps", 0))
        arrays = [theta, gradient, *(state[name] for name in self.moments)]
        size = theta.size
        team = team if size > _BLOCK * team.size else ALONE

        def part(member: int) -> None:
            span = team.share(-(-size // _BLOCK), member)
            scratch = np.empty(min(_BLOCK, size), theta.dtype)
            for block in range(span.start, span.stop):
                cut = slice(block * _BLOCK, min((block + 1) * _BLOCK, size))
                blocks = [array[cut] for array in arrays]
                if self.moments and steps % _STEPS_BETWEEN_FLUSHES == 0:
                    _flush(blocks[2])
                self._step(blocks, scratch[: cut.stop - cut.start], rate, steps)

        if team.size == 1:
            part(0)
        else:
            team.run(part)

    @abstractmethod
    def _step(self, blocks: list[FloatArray], scratch: FloatArray, rate: float, steps: int) -> None:
        """Take one step on a block: theta, gradient and the moments; `scratch` is free to use."""


def _flush(moment: FloatArray) -> None:
    """Round to multiples of a number so small that it does not matter, and so never subnormal."""
    info = np.finfo(moment.dtype)
    anchor = info.tiny * moment.dtype.type(2) ** (info.nmant + 14)
    moment += anchor
    moment -= anchor


@dataclass(frozen=True)
class Sgd(Optimizer):
    """theta <- theta - rate g."""

    def _step(self, blocks: list[FloatArray], scratch: FloatArray, rate: float, steps: int) -> None:
        theta, g = blocks
        np.multiply(g, rate, out=scratch)
        theta -= scratch


@dataclass(frozen=True)
class Momentum(Optimizer):
    """v <- momentum v + g; theta <- theta - rate v (Polyak 1964, as torch.optim.SGD has it)."""

    momentum: float = 0.9
    moments: ClassVar[tuple[str, ...]] = ("velocity",)

    def _step(self, blocks: list[FloatArray], scratch: FloatArray, rate: float, steps: int) -> None:
        theta, g, velocity = blocks
        velocity *= self.momentum
        velocity += g
        np.multiply(velocity, rate, out=scratch)
        theta -= scratch


@dataclass(frozen=True)
class Nesterov(Momentum):
    """v <- momentum v + g; theta <- theta - rate (g + momentum v) (Sutskever et al. 2013)."""

    def _step(self, blocks: list[FloatArray], scratch: FloatArray, rate: float, steps: int) -> None:
        theta, g, velocity = blocks
        velocity *= self.momentum
        velocity += g
        np.multiply(velocity, self.momentum, out=scratch)
        scratch += g
        scratch *= rate
        theta -= scratch


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

    def _step(self, blocks: list[FloatArray], scratch: FloatArray, rate: float, steps: int) -> None:
        theta, g, mean, square = blocks
        mean *= self.beta1
        mean += g
        np.abs(g, out=scratch)
        np.maximum(scratch, np.sqrt(np.finfo(g.dtype).tiny), out=scratch)
        scratch *= scratch
        square *= self.beta2
        square += scratch
        unbias = float(np.sqrt((1 - self.beta2**steps) / (1 - self.beta2)))
        np.sqrt(square, out=scratch)
        scratch += self.epsilon * unbias
        np.divide(mean, scratch, out=scratch)
        scratch *= rate * unbias * (1 - self.beta1) / (1 - self.beta1**steps)
        theta -= scratch


OPTIMIZERS: MappingProxyType[str, type[Optimizer]] = MappingProxyType(
    {"sgd": Sgd, "momentum": Momentum, "nesterov": Nesterov, "adam": Adam}
)


def optimizer_from(config: OptimizerConfig) -> Optimizer:
    """Return the optimizer that the config names, with its constants."""
    constants = config.model_dump(exclude={"name", "learning_rate"})
    return OPTIMIZERS[config.name](**constants)
