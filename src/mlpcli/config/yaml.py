"""YAML text becomes a tree of plain values, each of which knows its line and column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import yaml

from mlpcli.errors import ConfigError
from mlpcli.text import shorten, show_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "KeyPath",
    "Node",
    "Place",
    "parse_value",
    "read_yaml",
    "reads_as_number",
    "resolve",
    "show_path",
    "unusable",
]

KeyPath = tuple[str | int, ...]
"""Where a value stands in the tree: keys of mappings and 0-based indices of lists."""
Scalar = str | int | float | bool | None

MAX_NODES = 10_000
"""Values after aliases are expanded: far above any config, far below an alias bomb."""
MAX_DEPTH = 32
LONGEST_INTEGER = 300
"""Digits that still fit a float; Python itself refuses to read integers much longer than that."""
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
        line, column, reason = _explain(error, text)
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


def _integer(text: str) -> int:
    if len(text) > LONGEST_INTEGER:
        raise ValueError(f"expected a number of at most {LONGEST_INTEGER} digits, got {len(text)}")
    return int(text)


MEANINGS: tuple[tuple[re.Pattern[str], Callable[[str], Scalar]], ...] = (
    (re.compile(r"|~|null|Null|NULL"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    (re.compile(r"[-+]?[0-9]+"), _integer),
    (re.compile(r"0o[0-7]{1,90}|0x[0-9a-fA-F]{1,70}"), lambda text: int(text, 0)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)"), lambda text: float(text.replace(".", ""))),
    (re.compile(r"\.(nan|NaN|NAN)"), lambda _: float("nan")),
)
"""Patterns of https://yaml.org/spec/1.2.2/#103-core-schema in its order, with what they mean."""


def resolve(text: str) -> Scalar:
    """Return what a plain scalar means: ``1e-3`` is a float, ``010`` is 10, ``no`` is text.

    Raises ValueError for an integer of more than 300 digits.
    """
    for pattern, meaning in MEANINGS:
        if pattern.fullmatch(text):
            return meaning(text)
    return text


def reads_as_number(text: str) -> bool:
    """Whether text in quotes would be a number, or true or false, without them, of any length."""
    try:
        return isinstance(resolve(text), int | float)
    except ValueError:
        return True


TAB_INDENT = re.compile(r"^ *\t", re.MULTILINE)
UNCLOSED = 'expected a closing "{}" of what opens here, got none'
COLON = 'expected one "key: value", got a second ":"; put text with ": " in quotes'
START = "expected a value, got a character that cannot begin one; put the text in quotes"
KEY = 'expected a key in line with the others, as in "epochs: 10"; check the indentation'

ADVICE = (
    ("mapping values are not allowed", COLON),
    ("could not find expected ':'", 'expected "key: value", got a line without ":"'),
    ("unexpected end of stream", "expected a closing quote of the text that opens here, got none"),
    ("cannot start any token", START),
    ("expected ',' or ']'", UNCLOSED.format("]")),
    ("expected ',' or '}'", UNCLOSED.format("}")),
    ("did not find expected key", KEY),
    ("expected <block end>", KEY),
    ("'-' indicator", 'expected "- item" like the lines above; check the indentation'),
    ("node content", "expected a value, got a closing bracket or a comma"),
    ("escape", r"expected an escape that YAML knows; write \\ for \, or use single quotes"),
    ("maximum nesting", "expected at most 32 levels of nesting, got more"),
)
"""Parts of the problems that libyaml and PyYAML name, with what to tell the user."""


def _explain(error: Exception, text: str) -> tuple[int, int, str]:
    """Return the 0-based line and column of a parser's error, and what is wrong there."""
    problem = str(getattr(error, "problem", None) or error)
    mark = getattr(error, "problem_mark", None)
    opening = getattr(error, "context_mark", None)
    if opening and (mark is None or mark.index >= len(text.rstrip())):
        mark = opening
    line, column = (mark.line, mark.column) if mark else (0, 0)
    tab = TAB_INDENT.search(text)
    if tab and (tab_line := text.count("\n", 0, tab.start())) <= line:
        return tab_line, len(tab.group()) - 1, "expected spaces before the key, got a tab"
    for part, advice in ADVICE:
        if part in problem:
            return line, column, advice
    return line, column, f"expected YAML, got something else: {shorten(problem)}"
