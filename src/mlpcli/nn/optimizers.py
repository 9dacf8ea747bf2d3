"""Gradient descent in its usual variants: `init` makes the state, `update` takes one step.

A state is a dict of plain arrays shaped like theta (or scalars as 0-d arrays), so that a checkpoint
can store it without knowing which optimizer it belongs to. The compiled kernel has the same rules.

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

if TYPE_CHECKING:
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["OPTIMIZERS", "Adam", "Momentum", "Nesterov", "Optimizer", "Sgd", "State"]

State: TypeAlias = dict[str, NDArray[Any]]

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

    def update(self, theta: FloatArray, gradient: FloatArray, state: State, rate: float) -> None:
        """Change `theta` and `state` in place by one step at learning rate `rate`."""
        steps = 0
        if self.moments:
            state["steps"] += 1
            steps = int(state["steps"])
            if steps % _STEPS_BETWEEN_FLUSHES == 0:
                _flush(state[self.moments[0]])
        theta -= self.step(gradient, [state[name] for name in self.moments], rate, steps)

    @abstractmethod
    def step(self, g: FloatArray, moments: list[FloatArray], rate: float, steps: int) -> FloatArray:
        """Return by how much theta falls, and change the moments in place; `steps` counts this."""


def _flush(moment: FloatArray) -> None:
    """Round to multiples of a number so small that it does not matter."""
    info = np.finfo(moment.dtype)
    anchor = info.tiny * moment.dtype.type(2) ** (info.nmant + 14)
    moment += anchor
    moment -= anchor


@dataclass(frozen=True)
class Sgd(Optimizer):
    """theta <- theta - rate g."""

    def step(self, g: FloatArray, moments: list[FloatArray], rate: float, steps: int) -> FloatArray:
        """See `Optimizer`."""
        return rate * g


@dataclass(frozen=True)
class Momentum(Optimizer):
    """v <- momentum v + g; theta <- theta - rate v (Polyak 1964, as torch.optim.SGD has it)."""

    momentum: float = 0.9
    moments: ClassVar[tuple[str, ...]] = ("velocity",)

    def step(self, g: FloatArray, moments: list[FloatArray], rate: float, steps: int) -> FloatArray:
        """See `Optimizer`."""
        (v,) = moments
        v[:] = self.momentum * v + g
        return rate * v


@dataclass(frozen=True)
class Nesterov(Momentum):
    """v <- momentum v + g; theta <- theta - rate (g + momentum v) (Sutskever et al. 2013)."""

    def step(self, g: FloatArray, moments: list[FloatArray], rate: float, steps: int) -> FloatArray:
        """See `Optimizer`."""
        (v,) = moments
        v[:] = self.momentum * v + g
        return rate * (g + self.momentum * v)


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

    def step(self, g: FloatArray, moments: list[FloatArray], rate: float, steps: int) -> FloatArray:
        """See `Optimizer`."""
        mean, square = moments
        unbias = math.sqrt((1 - self.beta2**steps) / (1 - self.beta2))
        scaled = rate * unbias * (1 - self.beta1) / (1 - self.beta1**steps)
        mean[:] = self.beta1 * mean + g
        square[:] = (
            self.beta2 * square + np.maximum(np.abs(g), np.sqrt(np.finfo(g.dtype).tiny)) ** 2
        )
        return scaled * (mean / (np.sqrt(square) + self.epsilon * unbias))


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": Sgd,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adam": Adam,
}
