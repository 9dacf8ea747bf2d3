"""A config given as a dict becomes the tree that a file would give, without lines and columns."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlpcli.config.yaml import MAX_DEPTH, KeyPath, Node, Place, show_path, unusable
from mlpcli.errors import ConfigError
from mlpcli.text import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["plain_tree"]


def plain_tree(values: Mapping[str, Any]) -> Node:
    """Return the tree of a dict of sections; tuples count as lists, paths and NumPy's as plain.

    Raises ConfigError for a value that no file could hold, with its key path.
    """
    return _Numbered().node(values, ())


class _Numbered:
    """Numbers places in the order in which values are met, so that messages keep it."""

    def __init__(self) -> None:
        self.count = 0

    def node(self, value: Any, path: KeyPath) -> Node:
        """Return the node of a value, and those of all that is in it."""
        place = Place((0, self.count, 0), "")
        self.count += 1
        return Node(self.content(_plain(value), path), place, place)

    def content(self, value: Any, path: KeyPath) -> Any:
        if len(path) > MAX_DEPTH:
            raise ConfigError(f"{show_path(path[:3])}..: expected at most {MAX_DEPTH} levels")
        if isinstance(value, Mapping):
            return dict(self.items(value, path))
        if isinstance(value, list | tuple):
            return [self.node(item, (*path, number)) for number, item in enumerate(value)]
        if isinstance(value, str) and (complaint := unusable(value)):
            raise ConfigError(f"{show_path(path)}: {complaint}")
        if value is None or isinstance(value, str | bool | int | float):
            return value
        got = shorten(repr(value))
        raise ConfigError(f"{show_path(path)}: expected what YAML can hold, got {got}")

    def items(self, mapping: Mapping[Any, Any], path: KeyPath) -> Iterator[tuple[str, Node]]:
        for key, value in mapping.items():
            name = str(key)  # as in a file, where keys are text, whatever they look like
            if complaint := unusable(name):
                raise ConfigError(f"{show_path((*path, name))}: {complaint}")
            yield name, self.node(value, (*path, name))


def _plain(value: Any) -> Any:
    """Return a path as text, and a number of NumPy's as one of Python's."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        return value.tolist()
    return value
