"""Gradient descent in its usual variants: `init` makes the state, `update` takes one step.

A state is a dict of plain arrays shaped like theta (or scalars as 0-d arrays), so that a checkpoint
can store it without knowing which optimizer it belongs to. Updates work in place.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mlpcli.config import OptimizerConfig
    from mlpcli.nn.activations import FloatArray

__all__ = ["OPTIMIZERS", "Adam", "Momentum", "Nesterov", "Optimizer", "Sgd", "optimizer_from"]

State: TypeAlias = dict[str, NDArray[Any]]


class Optimizer(Protocol):
    """One rule for theta <- theta - step."""

    def init(self, theta: FloatArray) -> State:
        """Return the state before the first step."""

    def update(self, theta: FloatArray, gradient: FloatArray, state: State, rate: float) -> None:
        """Change `theta` and `state` in place by one step at learning rate `rate`."""


@dataclass(frozen=True)
class Sgd:
    """theta <- theta - rate g."""

    def init(self, theta: FloatArray) -> State:
        """Return an empty state."""
        return {}

    def update(self, theta: FloatArray, gradient: FloatArray, state: State, rate: float) -> None:
        """Take one step; no state."""
        theta -= rate * gradient


@dataclass(frozen=True)
class Momentum:
    """v <- momentum v + g; theta <- theta - rate v (Polyak 1964, as torch.optim.SGD has it)."""

    momentum: float = 0.9

    def init(self, theta: FloatArray) -> State:
        """Return velocity zero."""
        return {"velocity": np.zeros_like(theta)}

    def update(self, theta: FloatArray, gradient: FloatArray, state: State, rate: float) -> None:
        """Take one step along the velocity."""
        velocity = state["velocity"]
        velocity *= self.momentum
        velocity += gradient
        theta -= rate * velocity


@dataclass(frozen=True)
class Nesterov(Momentum):
    """v <- momentum v + g; theta <- theta - rate (g + momentum v) (Sutskever et al. 2013)."""

    def update(self, theta: FloatArray, gradient: FloatArray, state: State, rate: float) -> None:
        """Take one step along the velocity as it will be."""
        velocity = state["velocity"]
        velocity *= self.momentum
        velocity += gradient
        theta -= rate * (gradient + self.momentum * velocity)


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1, with the bias corrections folded into two scalars)."""

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def init(self, theta: FloatArray) -> State:
        """Return both moments zero and step count 0."""
        return {
            "mean": np.zeros_like(theta),
            "square": np.zeros_like(theta),
            "steps": np.zeros((), np.int64),
        }

    def update(self, theta: FloatArray, gradient: FloatArray, state: State, rate: float) -> None:
        """Take one step along the corrected mean over the root of the corrected square."""
        mean, square, steps = state["mean"], state["square"], state["steps"]
        steps += 1
        unbias = float(np.sqrt(1 - self.beta2 ** int(steps)))
        mean *= self.beta1
        mean += (1 - self.beta1) * gradient
        square *= self.beta2
        square += (1 - self.beta2) * (gradient * gradient)
        root = np.sqrt(square)
        root += self.epsilon * unbias
        theta -= (rate * unbias / (1 - self.beta1 ** int(steps))) * (mean / root)


OPTIMIZERS: MappingProxyType[str, type[Optimizer]] = MappingProxyType(
    {"sgd": Sgd, "momentum": Momentum, "nesterov": Nesterov, "adam": Adam}
)


def optimizer_from(config: OptimizerConfig) -> Optimizer:
    """Return the optimizer that the config names, with its constants."""
    constants = config.model_dump(exclude={"name", "learning_rate"})
    return OPTIMIZERS[config.name](**constants)
