"""A tree of plain values in which every value knows where it was written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mlpcli.config.words import KeyPath

__all__ = ["KeyPath", "Place", "Spot", "Tree", "step", "value_at"]


@dataclass(frozen=True, order=True)
class Place:
    """Where something was written: `order` sorts messages, `label` opens them."""

    order: tuple[int, int, int]
    label: str


@dataclass(frozen=True)
class Spot:
    """The places of a key and of its value; in a list, and at the root, both are the value's."""

    key: Place
    value: Place


@dataclass
class Tree:
    """Dicts (whose keys are text), lists and scalars, and the spot of every path among them."""

    root: Any = None
    spots: dict[KeyPath, Spot] = field(default_factory=dict)

    def spot(self, path: KeyPath) -> Spot:
        """Return the spot of a path, or of the nearest path above it that was written."""
        while path not in self.spots:
            path = path[:-1]
        return self.spots[path]


def step(node: Any, part: str | int) -> bool:
    """Return whether the node has such a key or index."""
    if isinstance(node, list):
        return isinstance(part, int) and 0 <= part < len(node)
    return isinstance(node, dict) and part in node


def value_at(root: Any, path: KeyPath) -> Any:
    """Return the value at a path that exists."""
    for part in path:
        root = root[part]
    return root
