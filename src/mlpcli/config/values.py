"""What the keys of a config may hold: pydantic's types, with words where a type has none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    Strict,
    Tag,
)
from pydantic_core import CoreSchema

from mlpcli.config.yaml import resolve

LARGEST = 2**31 - 1


class Section(BaseModel):
    """A frozen mapping that knows all its keys and converts nothing silently."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


@dataclass(frozen=True)
class Expected:
    """What a message says after "expected", where `messages.expected` cannot read it off a type.

    `choices` are offered where a wrong value resembles one; `quote` tells that a number or a
    truth value could have been meant as text.
    """

    what: str
    choices: tuple[str, ...] = ()
    quote: bool = False


@dataclass(frozen=True)
class Shorthand(BeforeValidator):
    """Lets short forms stand for the annotated type, also in the JSON Schema.

    `forms` returns their schemas; it is given that of the full form.
    """

    forms: Callable[[dict[str, Any]], list[dict[str, Any]]] = lambda _: []

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        full = handler(schema)
        return {"anyOf": [*self.forms(full), full]}


ONE_OR_MANY = Shorthand(
    lambda value: (value,) if isinstance(value, str) else value,
    forms=lambda full: [full["items"]],
)
LIST = Strict(strict=False)
"""Takes a list for a tuple, and nothing else that the tree of a file holds."""
SOME = Field(min_length=1)

Count = Annotated[int, Field(ge=1, le=LARGEST)]
Threads = Annotated[int, Field(ge=1, le=256)]
Seed = Annotated[int, Field(ge=0, le=LARGEST)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Memory = Annotated[
    str,
    Field(pattern=r"^[0-9]+(\.[0-9]+)? ?([KMGT]i?)?B$"),
    Expected('a size such as "512MB" or "4GB"'),
]
Label = Annotated[str | bool | int | float, Expected("a text, a finite number, true or false")]
Column = Annotated[str, SOME, Expected("a column name", quote=True)]
File = Annotated[str, SOME, Expected("a file name", quote=True)]

Layers = Annotated[tuple[Count, ...], LIST, Expected("a list of layer sizes")]
Columns = Annotated[tuple[Column, ...], LIST, Expected("a list of columns")]
Features = Annotated[tuple[Column, ...], LIST, SOME, Expected("a list of one or more columns")]
Targets = Annotated[
    tuple[Column, ...],
    LIST,
    SOME,
    ONE_OR_MANY,
    Expected("a column or a list of columns", quote=True),
]
Files = Annotated[
    tuple[File, ...], LIST, SOME, ONE_OR_MANY, Expected("a file or a list of files", quote=True)
]


def _shape(value: Any) -> str:
    """Return the arm of a union that a value belongs to."""
    if isinstance(value, dict | BaseModel):
        return "mapping"
    return "list" if isinstance(value, list | tuple) else "scalar"


Positives = Annotated[
    Annotated[Label, Tag("scalar")]
    | Annotated[tuple[Label, ...], LIST, Tag("list")]
    | Annotated[dict[str, Label], Tag("mapping")],
    Discriminator(_shape),
    Expected("a label, or a list or mapping with one per target"),
]


class RowsWhere(Section):
    """The rows whose column holds a value."""

    column: Column = Field(description="Column that marks the rows; it is never a feature.")
    value: Label = Field(description="Value of that column in the rows that are meant.")


def _split_shape(value: Any) -> str:
    """Return the arm of a split: text is a file, unless it is a number in quotes."""
    text = isinstance(value, str) and not isinstance(resolve(value), int | float)
    return "list" if text else _shape(value)


Split = Annotated[
    Annotated[Fraction, Tag("scalar")]
    | Annotated[Files, Tag("list")]
    | Annotated[RowsWhere, Tag("mapping")],
    Discriminator(_split_shape),
    Expected("a fraction > 0 and < 1, a file, or {column: ..., value: ...}"),
]


class ClassWeight(Section):
    """How much a row of each class counts in the loss."""

    negative: Positive = Field(
        validation_alias="0", serialization_alias="0", description="Weight of rows with label 0."
    )
    positive: Positive = Field(
        validation_alias="1", serialization_alias="1", description="Weight of rows with label 1."
    )

    def __getitem__(self, label: int) -> float:
        """Return the weight of label 0 or 1."""
        return (self.negative, self.positive)[label]


def _text_keys(value: Any) -> Any:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else value


Weights = Annotated[
    Annotated[Literal["balanced"], Tag("scalar")] | Annotated[ClassWeight, Tag("mapping")],
    Discriminator(_shape),
    BeforeValidator(_text_keys),
    Expected("balanced or {0: weight, 1: weight}", choices=("balanced",)),
]


class Maximize(Section):
    """The threshold that makes a metric largest on the validation rows."""

    maximize: Literal["f1", "balanced_accuracy", "mcc"] = Field(description="The metric.")


Threshold = Annotated[
    Annotated[Fraction, Tag("scalar")] | Annotated[Maximize, Tag("mapping")],
    Discriminator(_shape),
    Expected("a number > 0 and < 1, or {maximize: f1|balanced_accuracy|mcc}"),
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


OptimizerConfig = Annotated[
    Sgd | Momentum | Nesterov | Adam,
    Field(discriminator="name"),
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
