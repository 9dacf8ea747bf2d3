"""Optimizers and schedules: mappings that say by their name which keys they have."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from mlpcli.config.fields import (
    TAG,
    Count,
    Expect,
    Fraction,
    NotNegative,
    Positive,
    Section,
    Share,
    Shorthand,
)

__all__ = [
    "Adam",
    "Constant",
    "Cosine",
    "Momentum",
    "Nesterov",
    "OptimizerConfig",
    "Plateau",
    "ScheduleConfig",
    "Sgd",
    "Step",
]


class Sgd(Section):
    """Plain gradient descent on mini-batches."""

    name: Literal["sgd"] = "sgd"
    learning_rate: Positive = Field(default=0.1, description="Step size along the gradient.")


class Momentum(Section):
    """Gradient descent with a velocity (heavy ball)."""

    name: Literal["momentum"] = "momentum"
    learning_rate: Positive = Field(default=0.01, description="Step size along the velocity.")
    momentum: Share = Field(default=0.9, description="Part of the velocity kept at each step.")


class Nesterov(Section):
    """Gradient descent with a velocity and a look ahead."""

    name: Literal["nesterov"] = "nesterov"
    learning_rate: Positive = Field(default=0.01, description="Step size along the velocity.")
    momentum: Share = Field(default=0.9, description="Part of the velocity kept at each step.")


class Adam(Section):
    """Steps scaled by running means of the gradient and of its square."""

    name: Literal["adam"] = "adam"
    learning_rate: Positive = Field(default=0.001, description="Step size.")
    beta1: Share = Field(default=0.9, description="Decay of the mean of gradients.")
    beta2: Share = Field(default=0.999, description="Decay of the mean of squared gradients.")
    epsilon: Positive = Field(default=1e-8, description="Added to the root of that mean.")


class Constant(Section):
    """The optimizer's learning rate in every epoch."""

    name: Literal["constant"] = "constant"


class Cosine(Section):
    """Half a cosine from the optimizer's learning rate down to a floor in the last epoch."""

    name: Literal["cosine"] = "cosine"
    floor: NotNegative = Field(default=0.0, description="Learning rate of the last epoch.")


class Step(Section):
    """The learning rate times a factor every so many epochs."""

    name: Literal["step"] = "step"
    every: Count = Field(default=30, description="Epochs between two reductions.")
    factor: Fraction = Field(default=0.1, description="What the learning rate is multiplied by.")


class Plateau(Section):
    """The learning rate times a factor once the validation loss stops improving."""

    name: Literal["plateau"] = "plateau"
    factor: Fraction = Field(default=0.5, description="What the learning rate is multiplied by.")
    patience: Count = Field(default=5, description="Epochs without improvement before that.")


def _by_name(value: Any) -> str:
    name = value.get("name") if isinstance(value, dict) else getattr(value, "name", "")
    return f"{TAG}{name}"


def _expand(default: str) -> Callable[[Any], Any]:
    """Return what makes a mapping of a bare name, and completes one without a name."""

    def expand(value: Any) -> Any:
        if isinstance(value, str):
            return {"name": value}
        return {"name": default, **value} if default and isinstance(value, dict) else value

    return expand


OPTIMIZERS = ("sgd", "momentum", "nesterov", "adam")
SCHEDULES = ("constant", "cosine", "step", "plateau")

OptimizerConfig = Annotated[
    Annotated[Sgd, Tag(f"{TAG}sgd")]
    | Annotated[Momentum, Tag(f"{TAG}momentum")]
    | Annotated[Nesterov, Tag(f"{TAG}nesterov")]
    | Annotated[Adam, Tag(f"{TAG}adam")],
    Discriminator(_by_name),
    Shorthand(_expand("adam"), lambda _: [{"enum": list(OPTIMIZERS)}]),
    Expect(f"one of {', '.join(OPTIMIZERS)}", choices=OPTIMIZERS, key="name", container=True),
]
"""A mapping, or just a name; without a name it is adam."""


def _constant_for_null(value: Any) -> Any:
    return {"name": "constant"} if value is None else _expand("")(value)


ScheduleConfig = Annotated[
    Annotated[Constant, Tag(f"{TAG}constant")]
    | Annotated[Cosine, Tag(f"{TAG}cosine")]
    | Annotated[Step, Tag(f"{TAG}step")]
    | Annotated[Plateau, Tag(f"{TAG}plateau")],
    Discriminator(_by_name),
    Shorthand(_constant_for_null, lambda _: [{"enum": [*SCHEDULES, None]}]),
    Expect(f"one of {', '.join(SCHEDULES)}", choices=SCHEDULES, key="name", container=True),
]
"""A mapping, or just a name; null is constant."""
