"""YAML text becomes a tree of plain values, each of which knows its line and column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import yaml

from mlpcli.config.scalars import Scalar, resolve
from mlpcli.config.yaml_errors import explain
from mlpcli.errors import ConfigError
from mlpcli.text import shorten, show_value

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "KeyPath",
    "Node",
    "Place",
    "parse_value",
    "read_yaml",
    "show_path",
    "unusable",
]

KeyPath = tuple[str | int, ...]
"""Where a value stands in the tree: keys of mappings and 0-based indices of lists."""

MAX_NODES = 10_000
"""Values after aliases are expanded: far above any config, far below an alias bomb."""
MAX_DEPTH = 32
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
PLAIN_KEY = re.compile(r"[\w-]+", re.ASCII)
UNPRINTABLE = yaml.reader.Reader.NON_PRINTABLE
"""The YAML standard's."""
UNUSABLE = re.compile("[\\x00\\ud800-\\udfff]")
"""What an escape may still put into a text, but no file name or file can hold."""


def unusable(text: str) -> str:
    """Return what is wrong with a text, or a key, that no file can hold; else an empty string."""
    bad = UNUSABLE.search(text)
    return f"expected text, got the character {show_value(bad.group())}; remove it" if bad else ""


def show_path(path: KeyPath) -> str:
    """Return ``network.hidden[1]`` for ``("network", "hidden", 1)``."""

    def shown(part: str | int) -> str:
        if isinstance(part, int):
            return f"[{part}]"
        return f".{part if PLAIN_KEY.fullmatch(part) else show_value(part)}"

    return "".join(map(shown, path)).removeprefix(".")


class Place(NamedTuple):
    """Where something was written: `order` sorts messages, `label` opens them."""

    order: tuple[int, int, int]
    label: str


class Node(NamedTuple):
    """A value with its place and that of its key; in a list, and at the root, both are its own."""

    value: dict[str, Node] | list[Node] | Scalar
    place: Place
    key: Place

    def plain(self) -> Any:
        """Return the value without places: dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        return [node.plain() for node in self.value] if isinstance(self.value, list) else self.value

    def nearest(self, path: KeyPath) -> tuple[KeyPath, Node]:
        """Return as much of a path as was written, and the node there."""
        node = self
        for depth, part in enumerate(path):
            inside: Any = node.value if isinstance(node.value, dict | list) else {}
            try:
                node = inside[part]
            except (LookupError, TypeError):
                return path[:depth], node
        return path, node


def read_yaml(text: str, source: str) -> Node:
    """Return the one mapping that the text holds; raise ConfigError with one line otherwise.

    `source` is the file's name as the user gave it, which opens every message.
    """
    root = parse_value(text, source)
    if not isinstance(root.value, dict):
        got = "an empty file" if root.value is None else show_value(root.plain())
        raise ConfigError(
            f"{root.place.label}: expected a config with the sections data, network, loss, "
            f"training, gradcheck, got {got}; `mlp init` writes one to start from"
        )
    return root


def parse_value(text: str, source: str) -> Node:
    """Return any one YAML value with its places; an empty text is null."""
    builder = _Builder(text, source)
    if bad := UNPRINTABLE.search(text):
        line, column = text.count("\n", 0, bad.start()), text.rfind("\n", 0, bad.start())
        got = f"the character {show_value(bad.group())}; is this a binary file?"
        builder.refuse(builder.at(line, bad.start() - column - 1), f"expected text, got {got}")
    try:
        return builder.build()
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        line, column, reason = explain(error, text)
        builder.refuse(builder.at(line, column), reason)


class _Builder:
    """Builds the tree from the parser's events, so that limits hold before memory is spent.

    PyYAML's own nodes would not do: they have lost the tags and where the aliases stand.
    """

    def __init__(self, text: str, source: str) -> None:
        self.source = source
        self.events: Iterator[Any] = yaml.parse(text, Loader=LOADER)
        self.anchors: dict[str, Node] = {}
        self.nodes = 0

    def at(self, line: int, column: int) -> Place:
        """Return the place of a 0-based line and column."""
        label = f"{self.source}:{line + 1}:{column + 1}"
        return Place((0, line + 1, column + 1), label)

    def place(self, event: Any) -> Place:
        return self.at(event.start_mark.line, event.start_mark.column)

    def refuse(self, place: Place, reason: str, path: KeyPath = ()) -> NoReturn:
        name = f"{show_path(path)}: " if path else ""
        raise ConfigError(f"{place.label}: {name}{reason}") from None

    def build(self) -> Node:
        next(self.events)
        if isinstance(next(self.events), yaml.StreamEndEvent):
            return Node(None, self.at(0, 0), self.at(0, 0))
        root = self.node(next(self.events), ())
        next(self.events)
        if isinstance(event := next(self.events), yaml.DocumentStartEvent):
            self.refuse(self.place(event), 'expected one document, got a second; remove this "---"')
        return root

    def node(self, event: Any, path: KeyPath, key: Place | None = None) -> Node:
        """Return the node that begins with this event."""
        place = self.place(event)
        self.count(place, len(path))
        if isinstance(event, yaml.AliasEvent):
            return Node(self.alias(event, path, place), place, key or place)
        if event.tag is not None:
            tag = shorten(event.tag.replace("tag:yaml.org,2002:", "!!"))
            self.refuse(place, f"expected a plain value, got the tag {tag}; remove the tag", path)
        node = Node(self.content(event, path, place), place, key or place)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def count(self, place: Place, depth: int) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.refuse(place, f"expected at most {MAX_NODES} values, got more; is this data?")
        if depth > MAX_DEPTH:
            self.refuse(place, f"expected at most {MAX_DEPTH} levels of nesting, got more")

    def content(self, event: Any, path: KeyPath, place: Place) -> Any:
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path)
        if complaint := unusable(event.value):
            self.refuse(place, complaint, path)
        try:
            return resolve(event.value) if event.implicit[0] else event.value
        except ValueError as error:
            self.refuse(place, str(error), path)

    def sequence(self, path: KeyPath) -> list[Node]:
        nodes: list[Node] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            nodes.append(self.node(event, (*path, len(nodes))))
        return nodes

    def mapping(self, path: KeyPath) -> dict[str, Node]:
        nodes: dict[str, Node] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key, place = self.key(event, path), self.place(event)
            if key in nodes:
                lines = f"{nodes[key].key.order[1]} and {place.order[1]}"
                reason = f"expected each key once, got it on lines {lines}; remove one"
                self.refuse(place, reason, (*path, key))
            nodes[key] = self.node(next(self.events), (*path, key), place)
        return nodes

    def key(self, event: Any, path: KeyPath) -> str:
        """Return the text of a key: keys stay text, whatever they look like."""
        if not isinstance(event, yaml.ScalarEvent) or event.tag is not None:
            self.refuse(self.place(event), "expected a plain word as key", path)
        if event.value == "<<" and event.implicit[0]:
            got = "the merge key <<, which YAML 1.2 no longer has; write the keys out"
            self.refuse(self.place(event), f"expected a key, got {got}", path)
        if complaint := unusable(event.value):
            self.refuse(self.place(event), complaint, path)
        return str(event.value)

    def alias(self, event: Any, path: KeyPath, place: Place) -> Any:
        """Return what an anchor marks, each of whose nodes counts again."""
        if event.anchor not in self.anchors:
            name = shorten(event.anchor)
            self.refuse(place, f"expected an anchor &{name} above this alias, got none", path)
        anchored = self.anchors[event.anchor].value
        self.recount(anchored, len(path) + 1)
        return anchored

    def recount(self, value: Any, depth: int) -> None:
        inside = value.values() if isinstance(value, dict) else value
        for node in inside if isinstance(value, dict | list) else ():
            self.count(node.place, depth)
            self.recount(node.value, depth + 1)
