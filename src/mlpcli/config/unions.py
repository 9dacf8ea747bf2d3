"""Values that may be written in more than one form: one or many, a number or a mapping."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field

from mlpcli.config.fields import (
    LIST,
    MANY,
    MAPPING,
    ONE_OR_MANY,
    SCALAR,
    TAG,
    Choice,
    Column,
    Count,
    Expect,
    File,
    Fraction,
    Label,
    Positive,
    Section,
    Shorthand,
    shape,
)
from mlpcli.config.scalars import resolve

__all__ = [
    "ClassWeight",
    "Dropped",
    "Features",
    "Files",
    "Layers",
    "Maximize",
    "Memory",
    "Positives",
    "RowsWhere",
    "Split",
    "Targets",
    "Threshold",
    "Weights",
]


class RowsWhere(Section):
    """The rows whose column holds a value."""

    column: Column = Field(description="Column that marks the rows; it is never a feature.")
    value: Label = Field(description="Value of that column in the rows that are meant.")


class ClassWeight(Section):
    """How much a row of each class counts in the loss."""

    negative: Positive = Field(
        validation_alias="0",
        serialization_alias="0",
        description="Weight of rows with label 0.",
    )
    positive: Positive = Field(
        validation_alias="1",
        serialization_alias="1",
        description="Weight of rows with label 1.",
    )

    def __getitem__(self, label: int) -> float:
        """Return the weight of label 0 or 1."""
        return (self.negative, self.positive)[label]


class Maximize(Section):
    """The threshold that makes a metric largest on the validation rows."""

    maximize: Annotated[Literal["f1", "balanced_accuracy", "mcc"], Choice()] = Field(
        description="The metric."
    )


def _split_shape(value: Any) -> str:
    """Return the arm of a split: text is a file, unless it is a number in quotes."""
    text = isinstance(value, str) and not isinstance(resolve(value), int | float)
    return f"{TAG}list" if text else shape(value)


def _text_keys(value: Any) -> Any:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else value


Files = Annotated[
    tuple[File, ...],
    Field(min_length=1),
    ONE_OR_MANY,
    Expect("a file or a list of files", container=True, quote=True),
]
Targets = Annotated[
    tuple[Column, ...],
    Field(min_length=1),
    ONE_OR_MANY,
    Expect("a column or a list of columns", container=True, quote=True),
]
Features = Annotated[
    tuple[Column, ...],
    Field(min_length=1),
    MANY,
    Expect("a list of one or more columns", container=True),
]
Dropped = Annotated[tuple[Column, ...], MANY, Expect("a list of columns", container=True)]
Positives = Annotated[
    Annotated[Label, SCALAR]
    | Annotated[tuple[Label, ...], MANY, LIST]
    | Annotated[dict[str, Label], MAPPING],
    Discriminator(shape),
    Expect("a label, or a list or mapping with one per target", container=True),
]
Split = Annotated[
    Annotated[Fraction, SCALAR] | Annotated[Files, LIST] | Annotated[RowsWhere, MAPPING],
    Discriminator(_split_shape),
    Expect("a fraction > 0 and < 1, a file, or {column: ..., value: ...}", container=True),
]
Weights = Annotated[
    Annotated[Literal["balanced"], SCALAR] | Annotated[ClassWeight, MAPPING],
    Discriminator(shape),
    Shorthand(_text_keys),
    Expect("balanced or {0: weight, 1: weight}", container=True, choices=("balanced",)),
]
Threshold = Annotated[
    Annotated[Fraction, SCALAR] | Annotated[Maximize, MAPPING],
    Discriminator(shape),
    Expect("a number > 0 and < 1, or {maximize: f1|balanced_accuracy|mcc}", container=True),
]
Memory = Annotated[
    str,
    Field(pattern=r"^[0-9]+(\.[0-9]+)? ?([KMGT]i?)?B$"),
    Expect('a size such as "512MB" or "4GB"'),
]
Layers = Annotated[tuple[Count, ...], MANY, Expect("a list of layer sizes", container=True)]
