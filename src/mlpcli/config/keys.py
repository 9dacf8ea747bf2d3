"""Every key that a config may have, by its path, and where a key of another name belongs."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from mlpcli.config.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from mlpcli.config.yaml import KeyPath

__all__ = ["all_keys", "bare", "is_union", "keys_of", "places_of", "takes_character"]

_OTHER_NAMES = {
    "activation_function": "activation",
    "batch": "batch_size",
    "early_stopping": "patience",
    "epoch": "epochs",
    "eta": "learning_rate",
    "hidden_layer_sizes": "hidden",
    "hidden_layers": "hidden",
    "label": "target",
    "layers": "hidden",
    "lr": "learning_rate",
    "max_iter": "epochs",
    "random_state": "seed",
    "units": "hidden",
    "weight_decay": "l2",
    "y": "target",
}
"""What others call a key."""


@cache
def keys_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the keys of a section with the types of their values."""
    fields = model.model_fields.items()
    return {field.serialization_alias or name: field.rebuild_annotation() for name, field in fields}


@cache
def all_keys() -> dict[str, tuple[Any, ...]]:
    """Return the path of every key, as training.optimizer.momentum, with the types of its value.

    There is one type but where mappings of several kinds may stand, which share a key.
    """
    found: dict[str, tuple[Any, ...]] = {}
    for path, kind in _below("", Config):
        found[path] = (*found.get(path, ()), kind)
    return found


def takes_character(path: KeyPath) -> bool:
    """Whether the value of a key is one character, such as that between the fields of a line."""
    kinds = all_keys().get(".".join(map(str, path)), ())
    return any(getattr(mark, "max_length", 0) == 1 for kind in kinds for mark in bare(kind)[1])


def _below(path: str, model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    for key, kind in keys_of(model).items():
        if path:
            yield f"{path}{key}", kind
        for section in _sections(kind):
            yield from _below(f"{path}{key}.", section)


def _sections(kind: Any) -> Iterator[type[BaseModel]]:
    """Yield the mappings that a type allows."""
    base, _ = bare(kind)
    if hasattr(base, "model_fields"):
        yield base
    elif is_union(base):
        for arm in get_args(base):
            yield from _sections(arm)


def places_of(key: str) -> list[str]:
    """Return the paths of the keys of this name, or of what others call so; or of the nearest.

    Those of a section come before those of a mapping in it.
    """
    paths = sorted(all_keys(), key=lambda path: path.count("."))
    by_name: dict[str, list[str]] = {}
    for path in paths:
        by_name.setdefault(path.rpartition(".")[2], []).append(path)
    name = _OTHER_NAMES.get(key, key)
    if name not in by_name:
        name = next(iter(get_close_matches(name, by_name, n=1, cutoff=0.8)), "")
    return by_name.get(name, [])


def bare(kind: Any) -> tuple[Any, list[Any]]:
    """Return a type, without null, and its constraints and other marks."""
    marks: list[Any] = []
    if get_origin(kind) is Annotated:
        kind, *fields = get_args(kind)
        marks = [mark for field in fields for mark in getattr(field, "metadata", [field])]
    arms = [arm for arm in get_args(kind) if arm is not NoneType]
    if is_union(kind) and len(arms) == 1:
        kind, inner = bare(arms[0])
        marks += inner
    return kind, marks


def is_union(kind: Any) -> bool:
    """Return whether a type is one of several."""
    return get_origin(kind) in (Union, UnionType)
