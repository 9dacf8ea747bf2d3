"""What pydantic found becomes messages that name the place, the key, and what to write instead."""

from __future__ import annotations

import re
import types
import typing
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from mlpcli.config.fields import TAG
from mlpcli.config.named import Adam
from mlpcli.config.scalars import resolve
from mlpcli.config.schema import Config
from mlpcli.config.tree import KeyPath, Place, Tree, step, value_at
from mlpcli.config.words import show_path, show_value
from mlpcli.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pydantic_core import ErrorDetails

__all__ = ["Message", "validate"]

NUMERIC = re.compile("number|integer|fraction")
Message = tuple[Place, str]
"""A place, which sorts, and what is wrong there."""


def validate(tree: Tree) -> tuple[Config | None, list[Message]]:
    """Return the config, or None and everything that is wrong, conflicts between keys included."""
    try:
        return Config.model_validate(tree.root, by_alias=True, by_name=False), []
    except ValidationError as error:
        found = _errors(error)
    if any(item["type"] == "conflict" for item in found):
        return None, [_message(item, tree) for item in found]
    broken = {_path(item, tree)[:2] for item in found}
    found += [item for item in _errors_of(_repaired(tree.root, broken)) if _sound(item, broken)]
    return None, [_message(item, tree) for item in found]


def _errors(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False)


def _errors_of(root: Any) -> list[ErrorDetails]:
    try:
        Config.model_validate(root, by_alias=True, by_name=False)
    except ValidationError as error:
        return _errors(error)
    return []


def _repaired(root: Any, broken: set[KeyPath]) -> dict[str, Any]:
    """Return the tree with defaults for what is broken, so that the rest can be judged together."""
    sections = {
        name: {key: value for key, value in section.items() if (name, key) not in broken}
        for name, section in root.items()
        if (name,) not in broken and section is not None
    }
    return {**sections, "data": {"train": "train", "target": "target", **sections.get("data", {})}}


def _sound(item: ErrorDetails, broken: set[KeyPath]) -> bool:
    """Return whether a conflict is between keys that are themselves right."""
    involved = [tuple(item["loc"]), *item["ctx"]["others"]]
    return not any(path[:size] in broken for path in involved for size in (1, 2))


def _path(item: ErrorDetails, tree: Tree) -> KeyPath:
    """Return the path in the tree of what pydantic calls a location."""
    path: KeyPath = ()
    location = [part for part in item["loc"] if not str(part).startswith(TAG)]
    node = tree.root
    for part in location:
        if not step(node, part):
            break
        path, node = (*path, part), node[part]
    if item["type"] == "missing":
        return (*path, location[-1])
    key = item.get("ctx", {}).get("key")
    return (*path, key) if key and isinstance(node, dict) else path


def _message(item: ErrorDetails, tree: Tree) -> Message:
    path = _path(item, tree)
    kind = item["type"]
    exists = path[:-1] == () or step(value_at(tree.root, path[:-1]), path[-1])
    kind = kind if exists or kind != "expected" else "missing"
    spot = tree.spot(path)
    place = spot.key if kind in AT_KEY else spot.value
    return place, f"{show_path(path)}: {PHRASES[kind](path, tree, item.get('ctx', {}))}"


def _expected(path: KeyPath, tree: Tree, context: Mapping[str, Any]) -> str:
    got = value_at(tree.root, path)
    return f"expected {context['what']}, got {show_value(got)}{_advice(got, context)}"


def _advice(got: Any, context: Mapping[str, Any]) -> str:
    """Return the next step where the value shows what was meant."""
    if isinstance(got, str):
        quoted = isinstance(resolve(got), int | float) and NUMERIC.search(context["what"])
        return "; remove the quotes" if quoted else did_you_mean(got, context["choices"])
    meant = isinstance(got, int | float) and context["quote"]
    return f'; put it in quotes: "{str(got).lower()}"' if meant else ""


def _missing(path: KeyPath, *_: Any) -> str:
    if len(path) == 1:
        return f'missing, add a section "{path[0]}:" with "train:" and "target:"'
    return f'missing, add "{path[-1]}:" to {show_path(path[:-1])}'


def _unknown(path: KeyPath, tree: Tree, _: Any) -> str:
    known = _known_keys(path[:-1], tree.root)
    nearest = did_you_mean(str(path[-1]), known)
    return f"unknown key{nearest or ', expected one of ' + ', '.join(known)}"


def _section(path: KeyPath, tree: Tree, _: Any) -> str:
    got = show_value(value_at(tree.root, path))
    return f'expected a section of "key: value" lines, got {got}'


PHRASES: dict[str, Callable[[KeyPath, Tree, Mapping[str, Any]], str]] = {
    "expected": _expected,
    "missing": _missing,
    "extra_forbidden": _unknown,
    "model_type": _section,
    "conflict": lambda _path, _tree, context: context["reason"],
}
"""How each kind of finding is said; `fields.Expect` leaves no other kind."""
AT_KEY = {"missing", "extra_forbidden", "conflict"}
"""Kinds of findings whose offence is the key, not its value."""


def _known_keys(path: KeyPath, root: Any) -> list[str]:
    """Return the keys that may stand in the mapping at a path."""
    models: list[type[BaseModel]] = [Config]
    for part in path:
        fields = [model.model_fields.get(str(part)) for model in models]
        models = [found for field in fields if field for found in _models(field.annotation)]
    name = value_at(root, path).get("name", Adam().name)
    named = [model for model in models if _fixed_name(model) == name]
    fields_of = [model.model_fields for model in named or models]
    return list(
        {
            str(field.validation_alias or key): None
            for fields in fields_of
            for key, field in fields.items()
        }
    )


def _fixed_name(model: type[BaseModel]) -> str | None:
    field = model.model_fields.get("name")
    return field.default if field else None


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models among the arms of a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif typing.get_origin(annotation) in (typing.Annotated, typing.Union, types.UnionType):
        for arm in typing.get_args(annotation):
            yield from _models(arm)
