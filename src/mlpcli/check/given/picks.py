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
