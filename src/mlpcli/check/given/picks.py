"""Picks what each parameter takes, where arrays go by names of their own, or all go into one."""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from mlpcli.check.given.called_by import BATCHES, HOLDERS, role_of
from mlpcli.check.given.tree import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Pick: TypeAlias = "Callable[[Sequence[Any]], Any]"
"""Takes the value of a parameter out of (weights, biases, X, y)."""

__all__ = ["Pick", "apart", "are_numbered", "held", "singly"]

_ARRAY = r"(W|w|Theta|theta|weights?_?|b|bias_?)([0-9])"
_LISTS = {"weights", "biases", "ws", "bs", "thetas", *HOLDERS}  # several arrays, by their names


def held(required: Sequence[str], roles: Sequence[str]) -> tuple[Pick, ...] | None:
    """Return how one parameter takes all weights and biases, or one takes X and y; None: none does.

    A parameter is such a one where its name says so; beside y, data is X.
    """
    said = [_said(name, required) for name in required]
    if "biases" not in roles or len(said) != len({*said}) or {*said} not in _TOGETHER:
        return None
    pairs: dict[str | None, Pick] = {"params": itemgetter(0), "batch": _pair}
    return tuple(pairs.get(one) or itemgetter(roles.index(str(one))) for one in said)


_TOGETHER = ({"params", "X", "y"}, {"params", "batch"}, {"weights", "biases", "batch"})


def _said(name: str, required: Sequence[str]) -> str | None:
    if name.lower() in HOLDERS:
        return "params"
    whole = name.lower() in BATCHES and "y" not in map(role_of, required)
    return "batch" if whole else role_of(name)


def _pair(arguments: Sequence[Any]) -> Any:
    """Return X and y as one argument."""
    return tuple(arguments[-2:])


def apart(required: Sequence[str], roles: Sequence[str]) -> tuple[Pick, ...] | None:
    """Return how arrays are handed over by their own names, from 0 or 1; None: they are not."""
    numbers = [int(array[2]) for array in (re.fullmatch(_ARRAY, n) for n in required) if array]
    picks = [_picked(name, roles, min(numbers, default=1)) for name in required]
    return tuple(picks) if numbers and None not in picks else None  # type: ignore[arg-type]  # none is None


def _picked(name: str, roles: Sequence[str], first: int) -> Pick | None:
    """Return what picks W2, b1, X or y from the arguments, by the name of a parameter."""
    array = re.fullmatch(_ARRAY, name)
    if array is None:
        role = role_of(name)
        return itemgetter(roles.index(role)) if role in {"X", "y"} else None
    kind = "biases" if array[1].lower().startswith("b") else "weights"
    return _one(roles.index(kind), int(array[2]) - min(first, 1)) if kind in roles else None


def singly(
    required: Sequence[str], roles: Sequence[str], arrays: Sequence[int]
) -> tuple[Pick, ...] | None:
    """Return how each parameter takes one of so many (matrices, biases); None where it does not.

    That is so where there are as many beside X and y: of matrices alone each in its place, and of
    one layer with a bias that as well, by its name if it has one.
    """
    X_y = [name for name in required if role_of(name) in {"X", "y"}]
    X_y = X_y if len(X_y) == 2 else [*required[-2:]]
    own = [name for name in required if name not in X_y]
    matrices, biases = (*arrays, 0)[:2]
    counted = len(own) == matrices + biases and (biases == 0 or matrices == biases == 1)
    if not counted or not own or len(X_y) < 2 or any(name.lower() in _LISTS for name in own):
        return None
    if biases and role_of(own[0]) == "biases":
        own.reverse()
    places = [("weights", i) for i in range(matrices)] + [("biases", i) for i in range(biases)]
    picks = {name: _one(roles.index(kind), i) for name, (kind, i) in zip(own, places, strict=True)}
    by_place = dict(zip(X_y, ("X", "y"), strict=True))
    for name in X_y:
        said = role_of(name)
        role = said if said in {"X", "y"} else by_place[name]
        picks[name] = itemgetter(roles.index(role))
    return tuple(picks[name] for name in required)


def are_numbered(names: Sequence[str]) -> bool:
    """Whether names are of one word, and numbers from 0 or 1 on: syn0, syn1."""
    found = [re.fullmatch(r"(\D+)(\d)", name) for name in names]
    words = {one[1] for one in found if one}
    numbers = [int(one[2]) for one in found if one]
    start = min(numbers, default=2)
    counted = start < 2 and numbers == [*range(start, start + len(names))]
    return len(words) == 1 and counted and len(names) > 1


def _one(place: int, layer: int) -> Pick:
    """Return what picks one array of a list of the arguments; `layer` is counted from 0."""
    return lambda arguments: _layer(arguments[place], layer)


def _layer(arrays: Sequence[Any], layer: int) -> Any:
    if not 0 <= layer < len(arrays):
        raise Refused(f"there is no layer {layer + 1}: the network has {len(arrays)}")
    return arrays[layer]
