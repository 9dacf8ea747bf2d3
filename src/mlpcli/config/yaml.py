"""YAML text becomes a plain tree in which every value knows its line and column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn

import yaml

from mlpcli.config.scalars import resolve
from mlpcli.config.tree import KeyPath, Place, Spot, Tree
from mlpcli.config.words import shorten, show_path, show_value
from mlpcli.config.yaml_problems import explain
from mlpcli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["parse_value", "read_yaml"]

MAX_NODES = 10_000
"""Values after aliases are expanded: far above any config, far below an alias bomb."""
MAX_DEPTH = 32
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
UNPRINTABLE = re.compile(
    "[^\\x09\\x0a\\x0d\\x20-\\x7e\\x85\\xa0-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]"
)


UNUSABLE = re.compile("[\\x00\\ud800-\\udfff]")
"""What an escape may still put into a text, but no file name or file can hold."""


def read_yaml(text: str, source: str) -> Tree:
    """Return the one mapping that the text holds; raise ConfigError with one line otherwise.

    `source` is the file's name as the user gave it, which opens every message.
    """
    tree = parse_value(text, source)
    if not isinstance(tree.root, dict):
        got = "an empty file" if tree.root is None else show_value(tree.root)
        label = tree.spots[()].value.label
        raise ConfigError(
            f"{label}: expected a config with the sections data, network, loss, training, "
            f"gradcheck, got {got}; `mlp init` writes one to start from"
        )
    return tree


def parse_value(text: str, source: str) -> Tree:
    """Return any one YAML value with its spots; an empty text is null."""
    builder = _Builder(text, source)
    if bad := UNPRINTABLE.search(text):
        line = text.count("\n", 0, bad.start())
        column = bad.start() - (text.rfind("\n", 0, bad.start()) + 1)
        builder.refuse(
            builder.place_at(line, column),
            f"expected text, got the character {show_value(bad.group())}; is this a binary file?",
        )
    try:
        return builder.build()
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        line, column, reason = explain(error, text)
        raise ConfigError(f"{builder.place_at(line, column).label}: {reason}") from None


class _Builder:
    """Builds the tree from the parser's events, so that limits hold before memory is spent."""

    def __init__(self, text: str, source: str) -> None:
        self.source = source
        self.tree = Tree()
        self.events: Iterator[Any] = yaml.parse(text, Loader=LOADER)
        self.anchors: dict[str, tuple[Any, KeyPath]] = {}
        self.nodes = 0

    def place_at(self, line: int, column: int) -> Place:
        """Return the place of a 0-based line and column."""
        label = f"{self.source}:{line + 1}:{column + 1}"
        return Place((0, line + 1, column + 1), label)

    def place(self, event: Any) -> Place:
        return self.place_at(event.start_mark.line, event.start_mark.column)

    def refuse(self, place: Place, reason: str, path: KeyPath = ()) -> NoReturn:
        name = f"{show_path(path)}: " if path else ""
        raise ConfigError(f"{place.label}: {name}{reason}")

    def build(self) -> Tree:
        events = [type(next(self.events)), type(next(self.events))]
        if events[1] is yaml.StreamEndEvent:
            start = self.place_at(0, 0)
            self.tree.spots[()] = Spot(start, start)
            return self.tree
        self.tree.root = self.value(next(self.events), ())
        next(self.events)
        if isinstance(event := next(self.events), yaml.DocumentStartEvent):
            self.refuse(self.place(event), 'expected one document, got a second; remove this "---"')
        return self.tree

    def value(self, event: Any, path: KeyPath, key: Place | None = None) -> Any:
        """Return the value that begins with this event, and note its spot."""
        place = self.place(event)
        self.note(path, Spot(key or place, place))
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, path, place)
        if event.tag is not None:
            tag = shorten(event.tag.replace("tag:yaml.org,2002:", "!!"))
            self.refuse(place, f"expected a plain value, got the tag {tag}; remove the tag", path)
        value = self.content(event, path, place)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, path)
        return value

    def content(self, event: Any, path: KeyPath, place: Place) -> Any:
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path)
        if bad := UNUSABLE.search(event.value):
            got = show_value(bad.group())
            self.refuse(place, f"expected text, got the character {got}; remove it", path)
        try:
            return resolve(event.value) if event.implicit[0] else event.value
        except ValueError as error:
            self.refuse(place, str(error), path)

    def note(self, path: KeyPath, spot: Spot) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.refuse(spot.value, f"expected at most {MAX_NODES} values, got more; is this data?")
        if len(path) > MAX_DEPTH:
            self.refuse(spot.value, f"expected at most {MAX_DEPTH} levels of nesting, got more")
        self.tree.spots[path] = spot

    def sequence(self, path: KeyPath) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            values.append(self.value(event, (*path, len(values))))
        return values

    def mapping(self, path: KeyPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key, place = self.key(event, path), self.place(event)
            if key in lines:
                self.refuse(
                    place,
                    f"expected each key once, got it on lines {lines[key]} and {place.order[1]}; "
                    "remove one",
                    (*path, key),
                )
            lines[key] = place.order[1]
            values[key] = self.value(next(self.events), (*path, key), place)
        return values

    def key(self, event: Any, path: KeyPath) -> str:
        """Return the text of a key: keys stay text, whatever they look like."""
        if not isinstance(event, yaml.ScalarEvent) or event.tag is not None:
            self.refuse(self.place(event), "expected a plain word as key", path)
        if event.value == "<<" and event.implicit[0]:
            self.refuse(
                self.place(event),
                "expected a key, got the merge key <<, which YAML 1.2 no longer has; "
                "write the keys out",
                path,
            )
        return str(event.value)

    def alias(self, event: Any, path: KeyPath, place: Place) -> Any:
        """Return a copy of an anchored value, each of whose nodes counts again."""
        if event.anchor not in self.anchors:
            name = shorten(event.anchor)
            self.refuse(place, f"expected an anchor &{name} above this alias, got none", path)
        value, origin = self.anchors[event.anchor]
        return self.copy(value, origin, path)

    def copy(self, value: Any, origin: KeyPath, path: KeyPath) -> Any:
        """Return a deep copy, its spots being those of the original."""

        def child(part: str | int) -> Any:
            self.note((*path, part), self.tree.spots[(*origin, part)])
            return self.copy(value[part], (*origin, part), (*path, part))

        if isinstance(value, dict):
            return {key: child(key) for key in value}
        return [child(index) for index in range(len(value))] if isinstance(value, list) else value
