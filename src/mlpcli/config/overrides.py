"""`--set a.b=1` on the command line beats what the file says."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlpcli.config.schema import Config
from mlpcli.config.yaml import KeyPath, Node, Place, parse_value, show_path
from mlpcli.errors import ConfigError
from mlpcli.text import shorten, show_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlpcli.config.messages import Problem

__all__ = ["apply_overrides"]

PART = r"[^.\[\]=]+(?:\[[0-9]{1,9}\])*"
PATH = re.compile(rf"{PART}(?:\.{PART}){{0,7}}")
STEP = re.compile(r"\[([0-9]+)\]|([^.\[\]]+)")
NAMED = (("training", "optimizer"), ("training", "schedule"))
"""Where a bare name stands for a mapping."""


def apply_overrides(root: Node, overrides: Iterable[str]) -> tuple[Node, list[Problem]]:
    """Return a new tree with every ``key=value`` set, and what is wrong with those that are not."""
    problems: list[Problem] = []
    for number, override in enumerate(overrides):
        place = Place((1, number, 0), f"--set {shorten(override, 100)}")
        try:
            root = _applied(root, override, place)
        except ConfigError as error:
            problems += [(place, line) for line in error.lines]
    return root, problems


def _applied(root: Node, override: str, place: Place) -> Node:
    key, equals, text = override.partition("=")
    if not equals or not PATH.fullmatch(key):
        raise ConfigError("expected KEY=VALUE, such as training.epochs=5 or network.hidden[0]=8")
    path = tuple(int(index) if index else name for index, name in STEP.findall(key))
    return _put(root, path, 0, _node(_parsed(text, path), place))


def _parsed(text: str, path: KeyPath) -> Any:
    try:
        return parse_value(text, "value").plain()
    except ConfigError as error:
        reason = error.lines[0].split(": ", 1)[1]
        raise ConfigError(f"{show_path(path)}: {reason}") from None


def _node(value: Any, place: Place) -> Node:
    """Return a plain value as a tree that was written at one place."""
    if isinstance(value, dict):
        value = {key: _node(item, place) for key, item in value.items()}
    elif isinstance(value, list):
        value = [_node(item, place) for item in value]
    return Node(value, place, place)


def _put(node: Node, path: KeyPath, depth: int, new: Node) -> Node:
    """Return the node with the new one put in at the rest of the path."""
    if depth == len(path):
        return new
    here, part = path[:depth], path[depth]
    absent = Node(None, new.place, new.place)
    if isinstance(part, int):
        items = _as_list(node, here, part)
        old = items[part] if part < len(items) else absent
        items[part : part + 1] = [_put(old, path, depth + 1, new)]
        return replace(node, value=items)
    mapping = _as_mapping(node, here, part)
    changed = _put(mapping.get(part, absent), path, depth + 1, new)
    return replace(node, value={**mapping, part: changed})


def _as_mapping(node: Node, path: KeyPath, key: str) -> dict[str, Node]:
    """Return what is in the mapping to set a key in; a bare name becomes one."""
    if node.value is None:
        return {}
    if isinstance(node.value, str) and path in NAMED:
        return {"name": node}
    if isinstance(node.value, dict):
        return node.value
    got = f"got {show_value(node.plain())}"
    raise ConfigError(f"{show_path(path)}: expected a mapping to set {show_value(key)} in, {got}")


def _as_list(node: Node, path: KeyPath, index: int) -> list[Node]:
    """Return what is in the list, or else in the default, to set an item of or to append one."""
    node = _node(_default(path), node.place) if node.value is None else node
    if not isinstance(node.value, list):
        got = f"got {show_value(node.plain())}"
        raise ConfigError(f"{show_path(path)}: expected a list to set [{index}] in, {got}")
    if index > len(node.value):
        raise ConfigError(f"{show_path(path)}: expected an index <= {len(node.value)}, got {index}")
    return list(node.value)


def _default(path: KeyPath) -> Any:
    """Return the default of a key as plain values; an empty list where it has none."""
    names = [str(part) for part in path]
    section = Config.model_fields[names[0]].default if names[0] in Config.model_fields else None
    value = getattr(section, names[1], None) if len(names) == 2 else None
    return [] if value is None else list(value) if isinstance(value, tuple) else value
