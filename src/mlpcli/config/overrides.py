"""`--set a.b=1` on the command line beats what the file says."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from mlpcli.config.schema import Config
from mlpcli.config.tree import KeyPath, Place, Spot, Tree
from mlpcli.config.words import shorten, show_path, show_value
from mlpcli.config.yaml import parse_value
from mlpcli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlpcli.config.findings import Message

__all__ = ["apply_overrides"]

PART = r"[^.\[\]=]+(?:\[[0-9]{1,9}\])*"
PATH = re.compile(rf"{PART}(?:\.{PART}){{0,7}}")
STEP = re.compile(r"\[([0-9]+)\]|([^.\[\]]+)")
NAMED = (("training", "optimizer"), ("training", "schedule"))
"""Where a bare name stands for a mapping."""


def apply_overrides(tree: Tree, overrides: Iterable[str]) -> tuple[Tree, list[Message]]:
    """Return a new tree with every ``key=value`` set, and what is wrong with those that are not."""
    result = Tree(copy.deepcopy(tree.root), dict(tree.spots))
    messages: list[Message] = []
    for number, override in enumerate(overrides):
        place = Place((1, number, 0), f"--set {shorten(override, 100)}")
        try:
            _apply(result, override, place)
        except ConfigError as error:
            messages += [(place, line) for line in error.lines]
    return result, messages


def _apply(tree: Tree, override: str, place: Place) -> None:
    key, equals, text = override.partition("=")
    if not equals or not PATH.fullmatch(key):
        raise ConfigError("expected KEY=VALUE, such as training.epochs=5 or network.hidden[0]=8")
    path = tuple(int(index) if index else name for index, name in STEP.findall(key))
    value = _parse(text, path)
    tree.root = _replace(tree, tree.root, path, 0, value)
    spot = Spot(place, place)
    for above in (path[:size] for size in range(len(path))):
        tree.spots.setdefault(above, spot)
    for stale in [other for other in tree.spots if other[: len(path)] == path]:
        del tree.spots[stale]
    tree.spots.update((below, spot) for below in _paths(value, path))


def _parse(text: str, path: KeyPath) -> Any:
    try:
        return parse_value(text, "value").root
    except ConfigError as error:
        reason = error.lines[0].split(": ", 1)[1]
        raise ConfigError(f"{show_path(path)}: {reason}") from None


def _replace(tree: Tree, node: Any, path: KeyPath, depth: int, value: Any) -> Any:
    """Return the node with the value put in at the rest of the path."""
    if depth == len(path):
        return value
    here, part = path[:depth], path[depth]
    if isinstance(part, int):
        items = _as_list(node, here, part)
        old = items[part] if part < len(items) else None
        items[part : part + 1] = [_replace(tree, old, path, depth + 1, value)]
        return items
    mapping = _as_mapping(tree, node, here, part)
    mapping[part] = _replace(tree, mapping.get(part), path, depth + 1, value)
    return mapping


def _as_mapping(tree: Tree, node: Any, path: KeyPath, key: str) -> dict[str, Any]:
    """Return the node as the mapping to set a key in; a bare name becomes one."""
    if node is None:
        return {}
    if isinstance(node, str) and path in NAMED:
        tree.spots[*path, "name"] = tree.spot(path)
        return {"name": node}
    if isinstance(node, dict):
        return node
    got = f"got {show_value(node)}"
    raise ConfigError(f"{show_path(path)}: expected a mapping to set {show_value(key)} in, {got}")


def _as_list(node: Any, path: KeyPath, index: int) -> list[Any]:
    """Return the node, or else the default, as the list to set an item in or append one to."""
    items = _default(path) if node is None else node
    if not isinstance(items, list):
        got = f"got {show_value(items)}"
        raise ConfigError(f"{show_path(path)}: expected a list to set [{index}] in, {got}")
    if index > len(items):
        raise ConfigError(f"{show_path(path)}: expected an index <= {len(items)}, got {index}")
    return items


def _default(path: KeyPath) -> Any:
    """Return the default of a key as plain values; an empty list where it has none."""
    names = [str(part) for part in path]
    section = Config.model_fields[names[0]].default if names[0] in Config.model_fields else None
    value = getattr(section, names[1], None) if len(names) == 2 else None
    return [] if value is None else list(value) if isinstance(value, tuple) else value


def _paths(value: Any, path: KeyPath) -> Iterator[KeyPath]:
    """Yield the path of a value and of everything in it."""
    yield path
    parts = (
        value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    )
    for part in parts:
        yield from _paths(value[part], (*path, part))
