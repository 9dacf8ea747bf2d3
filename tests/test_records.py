"""Records are what the standard library's frozen dataclasses are, which are the oracle here."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
from dataclasses import FrozenInstanceError, field, replace
from functools import cached_property
from typing import Any

import pytest

from mlpcli import records

Decorator = Any


def point(decorator: Decorator, **options: bool) -> Any:
    @decorator(frozen=True, **options)
    class Point:
        """A point with a name that does not count."""

        x: float
        y: float = 2.0
        name: str = field(default="", compare=False)
        secret: list[int] = field(default_factory=list, repr=False)

        @cached_property
        def length(self) -> float:
            return math.hypot(self.x, self.y)

    return Point


OURS, THEIRS = point(records.dataclass), point(dataclasses.dataclass)


@records.dataclass(frozen=True)
class Pair:
    """One that pickle finds by its name."""

    one: int
    other: tuple[int, ...] = ()


@pytest.mark.parametrize(
    "change", [{}, {"x": 3}, {"name": "a"}, {"secret": [1]}, {"y": float("nan")}]
)
def test_equality_and_text_are_theirs(change: dict[str, Any]) -> None:
    ours, theirs = OURS(1), THEIRS(1)
    assert (replace(ours, **change) == ours) is (replace(theirs, **change) == theirs)
    assert repr(replace(ours, **change)) == repr(replace(theirs, **change))
    assert str(dataclasses.asdict(replace(ours, **change))) == str(
        dataclasses.asdict(replace(theirs, **change))
    )


def test_of_another_class_none_is_equal() -> None:
    assert OURS(1) != THEIRS(1)
    assert OURS(1) != (1, 2.0)


def test_what_was_computed_once_does_not_count() -> None:
    point = OURS(3, 4)
    assert point.length == 5
    assert point == OURS(3, 4)


@pytest.mark.parametrize("name", ["x", "name", "length", "new"])
def test_nothing_is_set_or_deleted(name: str) -> None:
    for made in (OURS(1), THEIRS(1)):
        with pytest.raises(FrozenInstanceError):
            setattr(made, name, 3)
        with pytest.raises(FrozenInstanceError):
            delattr(made, name)
        assert made.x == 1


def test_hash_is_that_of_the_values() -> None:
    assert hash(Pair(1, (2,))) == hash(Pair(1, (2,))) != hash(Pair(2, (2,)))
    with pytest.raises(TypeError, match="unhashable"):
        hash(OURS(1))


def test_copies_are_equal_and_frozen_too() -> None:
    pair = Pair(1, (2, 3))
    for other in (copy.copy(pair), copy.deepcopy(pair), pickle.loads(pickle.dumps(pair))):
        assert other == pair
        with pytest.raises(FrozenInstanceError):
            other.one = 2  # type: ignore[misc]


def test_without_comparison_each_is_itself() -> None:
    for decorator in (records.dataclass, dataclasses.dataclass):
        one, other = (point(decorator, eq=False)(1) for _ in range(2))
        assert one != other
        assert len({one, other}) == 2


def test_without_text_it_is_an_object() -> None:
    assert repr(point(records.dataclass, repr=False)(1)).startswith("<")


def test_own_methods_stay() -> None:
    @records.dataclass(frozen=True)
    class Word:
        text: str

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Word) and self.text.lower() == other.text.lower()

        def __hash__(self) -> int:
            return hash(self.text.lower())

        def __repr__(self) -> str:
            return self.text

    assert {Word("a")} == {Word("A")}
    assert repr(Word("a")) == "a"


def test_text_of_one_that_holds_itself_ends() -> None:
    holder = OURS(1)
    holder.secret.append(1)
    loop: list[Any] = []
    pair = Pair(1, loop)  # type: ignore[arg-type]
    loop.append(pair)
    assert repr(pair).endswith("Pair(one=1, other=[...])")


def test_wrong_arguments_are_told_as_usual() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'one'"):
        Pair()  # type: ignore[call-arg]


def test_only_frozen_ones_are_made() -> None:
    with pytest.raises(AssertionError):
        records.dataclass(frozen=False)
