"""Optimizers and schedules: mappings whose name says which keys they have, or just the name."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    Field,
    SerializeAsAny,
    TypeAdapter,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from mlpcli.config.values import Count, Fraction, NotNegative, Positive, Section, Share, Shorthand


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


class Lbfgs(Section):
    """Steps by the curvature of the last few, each on all rows; needs the extra lbfgs."""

    learning_rate: ClassVar[float] = 1.0  # the step that is tried first, and mostly taken

    name: Literal["lbfgs"] = "lbfgs"
    memory: Count = Field(default=10, description="Steps that the curvature is made from.")
    tolerance: NotNegative = Field(
        default=1e-6, description="Largest entry of the gradient at which training ends."
    )


def _names(full: dict[str, Any]) -> list[str]:
    """Return the names among which a union's JSON Schema tells its mappings apart.

    It loses the keyword that holds them: it belongs to OpenAPI, not to JSON Schema.
    """
    return list(full.pop("discriminator")["mapping"])


def _optimizer(value: Any) -> Any:
    """Return the mapping that a bare name stands for; one without a name is adam's."""
    if isinstance(value, str):
        return {"name": value}
    return {"name": "adam", **value} if isinstance(value, dict) else value


OTHERS: dict[str, type[Section]] = {}
"""Optimizers that are registered from outside, by name: sections with a learning rate."""


def _or_other(value: Any, own: ValidatorFunctionWrapHandler) -> Any:
    name = value.get("name") if isinstance(value, dict) else None
    if not isinstance(name, str) or name not in OTHERS:
        return own(value)
    either: Any = Sgd | OTHERS[name]  # a union, so that errors name the arm as they do for our own
    return TypeAdapter(Annotated[either, Field(discriminator="name")]).validate_python(value)


OptimizerConfig = Annotated[
    Sgd | Momentum | Nesterov | Adam | Lbfgs,
    Field(discriminator="name"),
    SerializeAsAny(),
    WrapValidator(_or_other),
    Shorthand(_optimizer, forms=lambda full: [{"enum": _names(full)}]),
]
"""A mapping, or just a name; without a name it is adam."""


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


def _schedule(value: Any) -> Any:
    """Return the mapping that a bare name stands for; null is constant."""
    value = "constant" if value is None else value
    return {"name": value} if isinstance(value, str) else value


ScheduleConfig = Annotated[
    Constant | Cosine | Step | Plateau,
    Field(discriminator="name"),
    Shorthand(_schedule, forms=lambda full: [{"enum": [*_names(full), None]}]),
]
"""A mapping, or just a name; null is constant."""
