"""What pydantic found wrong becomes messages: the place, the key, and what to write instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, Tag, ValidationError

from mlpcli.config.config import Config
from mlpcli.config.keys import bare, is_union, keys_of, places_of
from mlpcli.config.optimizers import OTHERS
from mlpcli.config.scalars import reads_as_number
from mlpcli.config.values import Expected, OneOf
from mlpcli.config.yaml import KeyPath, Node, Place, show_path
from mlpcli.text import did_you_mean, show_value

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["Problem", "expected", "validate"]

Problem = tuple[Place, str]
"""A place, which sorts, and what is wrong there."""

NOUNS = {bool: "true or false", int: "an integer", float: "a number"}
LIMITS = {"gt": ">", "ge": ">=", "lt": "<"}
"""pydantic's constraints that belong to what is expected; its `le` is said once it is broken."""
_SECTION_AND_KEY = 2
NUMERIC = re.compile("number|integer|fraction")


def validate(root: Node) -> tuple[Config | None, list[Problem]]:
    """Return the config, or None and everything that is wrong, conflicts between keys included."""
    values = root.plain()
    config, errors = _validated(values)
    if any(error["type"] != "conflict" for error in errors):
        broken = {_follow(error)[0][:2] for error in errors}
        _, conflicts = _validated(_repaired(values, broken))
        errors += [conflict for conflict in conflicts if _sound(conflict, broken)]
    return config, [_problem(error, root) for error in errors]


def _validated(values: Any) -> tuple[Config | None, list[ErrorDetails]]:
    try:
        return Config.model_validate(values, by_alias=True, by_name=False), []
    except ValidationError as error:
        errors = error.errors(include_url=False)
    # a list whose items are all wrong counts as too short: that alone is said
    short = {error["loc"] for error in errors if error["type"] == "too_short"}
    return None, [error for error in errors if error["loc"][:-1] not in short]


def _repaired(values: dict[str, Any], broken: set[KeyPath]) -> dict[str, Any]:
    """Return the values without what is broken, so that the rest can be judged together."""
    sections = {
        name: {key: value for key, value in section.items() if (name, key) not in broken}
        for name, section in values.items()
        if (name,) not in broken and section is not None
    }
    return {**sections, "data": {"train": "train", "target": "target", **sections.get("data", {})}}


def _sound(conflict: ErrorDetails, broken: set[KeyPath]) -> bool:
    """Return whether a conflict is between keys that are themselves right."""
    involved = [conflict["loc"], *conflict["ctx"]["others"]]
    return not any(path[:size] in broken for path in involved for size in (1, 2))


def _problem(error: ErrorDetails, root: Node) -> Problem:
    """Return a place and what is wrong there, by the type of pydantic's error."""
    path, kind = _follow(error)
    written, node = root.nearest(path)
    match error["type"]:
        case "conflict":
            return node.key, f"{show_path(written)}: {error['ctx']['reason']}"
        case "missing" | "union_tag_not_found":
            return node.key, f"{show_path(path)}: missing, {_addition(path)}"
        case "extra_forbidden":
            return node.key, f"{show_path(path)}: unknown key{_known(path, kind)}"
        case "less_than_equal":  # so far above any sense that it is no part of what is expected
            words = Expected(f"an integer <= {error['ctx']['le']}")
        case _:
            words = expected(kind)
    got = node.plain()
    told = f"expected {words.what}, got {show_value(got)}{_advice(got, words)}"
    return node.place, f"{show_path(written)}: {told}"


def _addition(path: KeyPath) -> str:
    if len(path) == 1:
        return f'add a section "{path[0]}:" with "train:" and "target:"'
    return f'add "{path[-1]}:" to {show_path(path[:-1])}'


def _known(path: KeyPath, model: type[BaseModel]) -> str:
    """Return the nearest key of the section, or where a key of this name belongs, or all keys."""
    key, known = str(path[-1]), list(keys_of(model))
    places = places_of(key) if len(path) <= _SECTION_AND_KEY else []
    elsewhere = f", did you mean {' or '.join(places)}?" if places else ""
    return did_you_mean(key, known) or elsewhere or f", expected one of {', '.join(known)}"


def _advice(got: Any, words: Expected) -> str:
    """Return the next step where the value shows what was meant."""
    if isinstance(got, str):
        quoted = reads_as_number(got) and NUMERIC.search(words.what)
        return "; remove the quotes" if quoted else did_you_mean(got, words.choices)
    meant = isinstance(got, int | float) and words.quote
    return f'; put it in quotes: "{str(got).lower()}"' if meant else ""


def _follow(error: ErrorDetails) -> tuple[KeyPath, Any]:
    """Return the path that an error's location means, and the type that is expected there.

    Between the keys of a location pydantic names the arm of each union that it took.
    """
    if error["type"] == "conflict":
        return error["loc"], None
    path: KeyPath = ()
    kind: Any = Config
    arm = kind
    for part in error["loc"]:
        base, _ = bare(arm)
        if is_union(base):
            arm = {**{_tag(arm): arm for arm in get_args(base)}, **OTHERS}.get(part, base)
        else:
            path = (*path, part)
            kind = arm = _inside(base, part)
    named = error.get("ctx", {}).get("discriminator") == "'name'"
    return ((*path, "name") if named else path), kind


def _inside(base: Any, part: str | int) -> Any:
    """Return the type of a key or item; where a model has no such key, the model."""
    if hasattr(base, "model_fields"):
        return keys_of(base).get(str(part), base)
    return get_args(base)[0 if isinstance(part, int) else -1]


def expected(kind: Any) -> Expected:
    """Return what a value of a type must be."""
    base, marks = bare(kind)
    if given := [mark for mark in marks if isinstance(mark, Expected)]:
        return given[0]
    if known := [mark.names for mark in marks if isinstance(mark, OneOf)]:
        return Expected(f"one of {', '.join(known[0])}", tuple(known[0]))
    if hasattr(base, "model_fields"):
        return Expected('a section of "key: value" lines')
    if base not in NOUNS:
        arms = get_args(base)
        choices = tuple(map(_tag, arms)) if is_union(base) else arms
        return Expected(f"one of {', '.join(choices)}", choices)
    limits = [
        f"{sign} {getattr(mark, name)}"
        for name, sign in LIMITS.items()
        for mark in marks
        if hasattr(mark, name)
    ]
    return Expected(f"{NOUNS[base]} {' and '.join(limits)}".rstrip())


def _tag(arm: Any) -> Any:
    """Return what tells an arm of a union from the others: its tag, or its name."""
    base, marks = bare(arm)
    named = getattr(base, "model_fields", {}).get("name")
    return next((mark.tag for mark in marks if isinstance(mark, Tag)), named and named.default)
