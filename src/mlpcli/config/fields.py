"""The kinds of values that a config holds, each with the words that say what it must be."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Tag,
    ValidationError,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

__all__ = [
    "LIST",
    "MANY",
    "MAPPING",
    "ONE_OR_MANY",
    "SCALAR",
    "TAG",
    "Choice",
    "Column",
    "Count",
    "Expect",
    "File",
    "Fraction",
    "Label",
    "NotNegative",
    "Positive",
    "Section",
    "Seed",
    "Share",
    "Shorthand",
    "Switch",
    "Threads",
    "shape",
]

TAG = "\0"
"""Opens the names of a union's arms in pydantic's locations; no key of a config can hold it."""
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
class Expect:
    """Replaces pydantic's findings on a value by ``expected WHAT``.

    `most` is said instead of a number that is too large, `choices` are offered where the value
    resembles one, `quote` tells that a number could have been meant as text, and `key` is where
    to look in a mapping. A `container` keeps what its items have to say about themselves.
    """

    what: str
    most: str = ""
    choices: tuple[str, ...] = ()
    quote: bool = False
    key: str = ""
    container: bool = False

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Wrap the validation of the annotated type."""
        return core_schema.no_info_wrap_validator_function(self.check, handler(source))

    def check(self, value: Any, validate: Callable[[Any], Any]) -> Any:
        """Return the validated value, or raise with these words."""
        try:
            return validate(value)
        except ValidationError as error:
            findings = error.errors(include_url=False, include_input=False)
            if self.container and all(_inside(found["loc"]) for found in findings):
                raise
            context = {**vars(self)}
            if self.most and findings[0]["type"] == "less_than_equal":
                context["what"] = self.most
            raise PydanticCustomError("expected", "expected {what}", context) from None


def _inside(location: tuple[str | int, ...]) -> bool:
    return any(isinstance(part, int) or not part.startswith(TAG) for part in location)


class Choice:
    """Says ``expected one of a, b`` for a Literal."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Read the words from the annotated Literal."""
        words = get_args(source)
        expect = Expect(f"one of {', '.join(words)}", choices=words)
        return expect.__get_pydantic_core_schema__(source, handler)


@dataclass(frozen=True)
class Shorthand:
    """Lets short forms stand for the annotated type, in values and in the JSON Schema."""

    expand: Callable[[Any], Any]
    forms: Callable[[dict[str, Any]], list[dict[str, Any]]] = lambda _: []

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Expand before the validation of the annotated type."""
        return core_schema.no_info_before_validator_function(self.expand, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Allow the short forms beside the full one."""
        full = handler(schema)
        forms = self.forms(full)
        return {"anyOf": [*forms, full]} if forms else full


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _one_listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else _listed(value)


MANY = Shorthand(_listed)
ONE_OR_MANY = Shorthand(_one_listed, lambda full: [full["items"]])


def shape(value: Any) -> str:
    """Return the arm of a union that a value belongs to: mapping, list or scalar."""
    if isinstance(value, dict | BaseModel):
        return f"{TAG}mapping"
    return f"{TAG}list" if isinstance(value, list | tuple) else f"{TAG}scalar"


MAPPING, LIST, SCALAR = Tag(f"{TAG}mapping"), Tag(f"{TAG}list"), Tag(f"{TAG}scalar")

Count = Annotated[
    int, Field(ge=1, le=LARGEST), Expect("an integer >= 1", most=f"an integer <= {LARGEST}")
]
Threads = Annotated[int, Field(ge=1, le=256), Expect("an integer >= 1", most="an integer <= 256")]
Seed = Annotated[
    int, Field(ge=0, le=LARGEST), Expect("an integer >= 0", most=f"an integer <= {LARGEST}")
]
Switch = Annotated[bool, Expect("true or false")]
Positive = Annotated[float, Field(gt=0), Expect("a number > 0")]
NotNegative = Annotated[float, Field(ge=0), Expect("a number >= 0")]
Fraction = Annotated[float, Field(gt=0, lt=1), Expect("a number > 0 and < 1")]
Share = Annotated[float, Field(ge=0, lt=1), Expect("a number >= 0 and < 1")]
Column = Annotated[str, Field(min_length=1), Expect("a column name", quote=True)]
File = Annotated[str, Field(min_length=1), Expect("a file name", quote=True)]
Label = Annotated[str | bool | int | float, Expect("a text, a finite number, true or false")]
