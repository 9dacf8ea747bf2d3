"""What a raw column becomes before it is an input: the part of the reading that a format keeps.

The text of a file is not read here: numbers come as numbers, true and false as 1 and 0, percent as
a share, and texts without the blanks around them.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from mlpcli.data.rules import NumberRule, TextRule
from mlpcli.errors import UsageError
from mlpcli.records import dataclass
from mlpcli.text import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlpcli.data.rules import Rule
    from mlpcli.data.table import Missing
    from mlpcli.training.model_file import Model

__all__ = ["Feature", "features_of", "refuse_texts", "texts_of"]

_ODD = re.compile("[\\0\\ud800-\\udfff]")  # what ends a text elsewhere, or is no character


@dataclass(frozen=True)
class Feature:
    """A column with its rule, and which of its values stand for none.

    A number is missing where it is nan or one of `codes`, a text where it is one of `absent`. A row
    in which a `required` column is missing has no prediction. `truth` says that 1 and 0 are true
    and false.
    """

    rule: Rule
    codes: tuple[float, ...]
    absent: tuple[str, ...]
    required: bool
    truth: bool

    @property
    def name(self) -> str:
        """Name of the column."""
        return self.rule.name

    @property
    def is_text(self) -> bool:
        """Whether its values are texts, else they are numbers."""
        return isinstance(self.rule, TextRule)

    @property
    def width(self) -> int:
        """How many inputs it makes."""
        return len(self.rule.inputs)

    @cached_property
    def places(self) -> dict[str, int]:
        """Which of the inputs is 1, by level of a text column."""
        assert isinstance(self.rule, TextRule)
        return {level: place for place, level in enumerate(self.rule.levels)}

    @property
    def other_place(self) -> int | None:
        """Which of the inputs is 1 for a text that is no level, None where all are 0."""
        return len(self.places) if isinstance(self.rule, TextRule) and self.rule.other else None

    @property
    def missing_place(self) -> int | None:
        """Which of the inputs is 1 for a missing text, None where all are 0."""
        assert isinstance(self.rule, TextRule)
        if self.rule.fill is not None:
            return self.places[self.rule.fill]
        return self.width - 1 if self.rule.missing else None


def features_of(model: Model) -> tuple[Feature, ...]:
    """Return the columns of a model in the order of its inputs."""
    encoder = model.encoder
    reading = model.reading_of(encoder.kinds)
    return tuple(
        Feature(
            rule,
            *_missing(rule, reading.missing_of(rule.name)),
            required=rule.fill is None and encoder.policies.of(rule.name) != "level",
            truth=rule.name in reading.truths,
        )
        for rule in encoder.rules
    )


def _missing(rule: Rule, missing: Missing) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Return the numbers, or the texts, that stand for none; a number as a text in two spellings.

    A column that reads text knows a code such as -9 by -9 and -9.0.
    """
    if isinstance(rule, NumberRule):
        return missing.numbers, ()
    spelled = (text for number in missing.numbers for text in (f"{number:.0f}", repr(number)))
    texts = dict.fromkeys((*missing.texts, *(text for text in spelled if text in missing)))
    return (), tuple(texts)


def texts_of(model: Model) -> Iterator[str]:
    """Yield every name and text of a model that a format may have to hold."""
    for feature in features_of(model):
        yield feature.name
        yield from feature.absent
        if isinstance(feature.rule, TextRule):
            yield from feature.rule.levels
    for target in model.targets:
        yield from (target.name, *target.labels)


def refuse_texts(texts: Iterable[str], form: str, longest: int | None = None) -> None:
    """Raise UsageError for a text that a format cannot hold: with a NUL, or too many bytes."""
    for text in texts:
        size = len(text.encode(errors="surrogatepass"))
        if _ODD.search(text):
            raise UsageError(f"--to {form}: cannot hold a character of {show(text)}")
        if longest is not None and size > longest:
            raise UsageError(f"--to {form}: {show(text)} has {size} bytes; it holds {longest}")
