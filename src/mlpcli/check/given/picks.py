"""Picks what each parameter takes, where arrays go by names of their own, or all go into one."""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from mlpcli.check.given.called_by import BATCHES, HOLDERS, role_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Pick: TypeAlias = "Callable[[Sequence[Any]], Any]"
"""Takes the value of a parameter out of (weights, biases, X, y)."""

__all__ = ["Pick", "apart", "held"]

_ARRAY = r"(W|w|Theta|theta|weights?_?|b|bias_?)([1-9])"


def held(required: Sequence[str], roles: Sequence[str]) -> tuple[Pick, ...] | None:
    """Return how one parameter takes all arrays, beside X and y or a pair of them.

    A parameter is such a holder where its name says so. None: there is none.
    """
    said = ["weights" if name.lower() in HOLDERS else role_of(name) for name in required]
    holds = [name for name in required if name.lower() in HOLDERS]
    if len(holds) != 1 or "biases" not in roles:
        return None
    if len(required) == 2 and any(name.lower() in BATCHES for name in required):
        return tuple(itemgetter(0) if name in holds else _pair for name in required)
    if len(required) == 3 and {*said} == {"weights", "X", "y"}:
        return tuple(itemgetter(roles.index(str(role))) for role in said)
    return None


def _pair(arguments: Sequence[Any]) -> Any:
    """Return X and y as one argument."""
    return tuple(arguments[-2:])


def apart(required: Sequence[str], roles: Sequence[str]) -> tuple[Pick, ...] | None:
    """Return how arrays are handed over by their own names; None where they are not."""
    picks = [_picked(name, roles) for name in required]
    whole = any(re.fullmatch(_ARRAY, name) for name in required)
    return tuple(picks) if whole and None not in picks else None  # type: ignore[arg-type]  # none is None


def _picked(name: str, roles: Sequence[str]) -> Pick | None:
    """Return what picks W2, b1, X or y from the arguments, by the name of a parameter."""
    array = re.fullmatch(_ARRAY, name)
    if array is None:
        role = role_of(name)
        return itemgetter(roles.index(role)) if role in {"X", "y"} else None
    kind = "biases" if array[1].lower().startswith("b") else "weights"
    if kind not in roles:
        return None
    place, layer = roles.index(kind), int(array[2]) - 1
    return lambda arguments: _layer(arguments[place], layer)


def _layer(arrays: Sequence[Any], layer: int) -> Any:
    if not 0 <= layer < len(arrays):
        raise IndexError(f"there is no layer {layer + 1}: the network has {len(arrays)}")
    return arrays[layer]
