"""What the keys of a config may hold: pydantic's types, with words where a type has none."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    Tag,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from mlpcli.config.scalars import reads_as_number

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
    truth value could have been meant as text. `column` is how a column of the table stands in it.
    """

    what: str
    choices: tuple[str, ...] = ()
    quote: bool = False
    column: str = ""


@dataclass(frozen=True, eq=False)
class OneOf:
    """Takes a text that is one of the names, as they are when the text is judged."""

    names: Collection[str]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"enum": [*self.names], **handler(schema)}

    def _check(self, name: str) -> str:
        if name not in self.names:
            raise PydanticCustomError("name", "expected a known name")
        return name


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
Skipped = Annotated[int, Field(ge=0, le=1_000_000)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


def _not_zero(value: float) -> float:
    if value == 0:
        raise PydanticCustomError("zero", "expected a number other than 0")
    return value


Factor = Annotated[float, AfterValidator(_not_zero), Expected("a number other than 0")]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Memory = Annotated[
    str,
    Field(pattern=r"^[0-9]+(\.[0-9]+)? ?([KMGT]i?)?B$"),
    Expected('a size such as "512MB" or "4GB"'),
]
Every = Annotated[
    Annotated[Count, Tag("scalar")]
    | Annotated[Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)? ?min$")], Tag("text")],
    Discriminator(lambda value: "text" if isinstance(value, str) else "scalar"),
    Expected("an integer >= 1, or minutes such as 10min"),
]
Label = Annotated[str | bool | int | float, Expected("a text, a finite number, true or false")]
Column = Annotated[str, SOME, Expected("a column name", quote=True, column="{}")]
File = Annotated[str, SOME, Expected("a file name", quote=True)]

Labels = Annotated[
    tuple[Label, ...], LIST, Field(min_length=3), Expected("a list of three or more labels")
]
Layers = Annotated[tuple[Count, ...], LIST, Expected("a list of layer sizes")]
Columns = Annotated[tuple[Column, ...], LIST, Expected("a list of columns", column="[{}]")]
Features = Annotated[
    tuple[Column, ...], LIST, SOME, Expected("a list of one or more columns", column="[{}]")
]
Targets = Annotated[
    tuple[Column, ...],
    LIST,
    SOME,
    ONE_OR_MANY,
    Expected("a column or a list of columns", quote=True, column="{}"),
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
    text = isinstance(value, str) and not reads_as_number(value)
    return "list" if text else _shape(value)


Kinds = Annotated[
    dict[str, Literal["number", "text", "boolean"]],
    Expected("{COLUMN: number, text or boolean}"),
]
Token = Annotated[str | int | float, Expected("a text or a number")]
Tokens = Annotated[tuple[Token, ...], LIST, Expected("a list of values")]
TokensByColumn = Annotated[
    Annotated[Tokens, Tag("list")] | Annotated[dict[str, Tokens], Tag("mapping")],
    Discriminator(_shape),
    Expected("a list of values, or {COLUMN: [value, ..]}"),
]
Policy = Literal["error", "mean", "median", "drop", "level"]
Policies = Annotated[
    Annotated[Policy, Tag("scalar")] | Annotated[dict[str, Policy], Tag("mapping")],
    Discriminator(_shape),
    Expected(
        "error, mean, median, drop or level, or {COLUMN: ..}",
        choices=("error", "mean", "median", "drop", "level"),
    ),
]
Character = Annotated[str, Field(min_length=1, max_length=1), Expected("one character", quote=True)]


def _known_encoding(name: str) -> str:
    """Refuse what Python knows no text encoding by."""
    try:
        "a".encode(name).decode(name)  # one byte alone is no UTF-16
    except (LookupError, ValueError):
        raise PydanticCustomError("encoding", "expected an encoding") from None
    return name


Encoding = Annotated[
    str,
    AfterValidator(_known_encoding),
    Expected("an encoding such as utf-8, cp1252 or utf-16", choices=("utf-8", "cp1252", "utf-16")),
]
Header = Annotated[
    Annotated[bool, Tag("scalar")] | Annotated[Features, Tag("list")],
    Discriminator(_shape),
    Expected("false, or a list of names for a file without them"),
]


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

    def by_label(self) -> dict[str, float]:
        """Return the weights of targets whose labels are themselves numbers."""
        return {"0": self.negative, "1": self.positive}


def _text_keys(value: Any) -> Any:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else value


def _weights_shape(value: Any) -> str:
    """Return the arm of class weights: three and more are of labels."""
    return "labels" if isinstance(value, dict) and len(value) > 2 else _shape(value)


Weights = Annotated[
    Annotated[Literal["balanced"], Tag("scalar")]
    | Annotated[ClassWeight, Tag("mapping")]
    | Annotated[dict[str, Positive], Field(min_length=3), Tag("labels")],
    Discriminator(_weights_shape),
    BeforeValidator(_text_keys),
    Expected("balanced, {0: weight, 1: weight} or a weight per label", choices=("balanced",)),
]


class Maximize(Section):
    """The threshold that makes a metric largest on the validation rows."""

    maximize: Literal["f1", "balanced_accuracy", "mcc"] = Field(description="The metric.")


Threshold = Annotated[
    Annotated[Fraction, Tag("scalar")] | Annotated[Maximize, Tag("mapping")],
    Discriminator(_shape),
    Expected("a number > 0 and < 1, or {maximize: f1|balanced_accuracy|mcc}"),
]
