"""A config file and the command line's --set become one checked Config."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.config.config import Config
from mlpcli.config.keys import takes_character
from mlpcli.config.messages import validate
from mlpcli.config.tree import plain_tree
from mlpcli.config.yaml import KeyPath, Node, Place, parse_value, read_yaml, show_path, unusable
from mlpcli.errors import ConfigError
from mlpcli.text import LONGEST, in_shell, quoted, shorten, show_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlpcli.config.messages import Problem

__all__ = ["apply_overrides", "load_config", "parse_config", "path_of"]

MAX_BYTES = 1_000_000
LONGEST_NAME = 200
PART = r"[^.\[\]=]+(?:\[[0-9]{1,9}\])*"
PATH = re.compile(rf"{PART}(?:\.{PART}){{0,7}}")
STEP = re.compile(r"\[([0-9]+)\]|([^.\[\]]+)")
NAMED = (("training", "optimizer"), ("training", "schedule"))
"""Where a bare name stands for a mapping."""


def load_config(
    path: str | os.PathLike[str] | Mapping[str, Any], overrides: Iterable[str] = ()
) -> Config:
    """Read a YAML config, apply each override ``section.key=value``, and check everything.

    Instead of a path it takes what a file would hold, as a dict. Paths in the result are seen from
    the current folder. Raises ConfigError with one line per problem, in file order, each opening
    with the path as given; that of a dict opens with the key.
    """
    if isinstance(path, Mapping):
        return _checked(plain_tree(path), overrides, ".").with_name("config")
    source = shorten(os.fspath(path), LONGEST_NAME)
    text = _decode(_read(Path(path), source), source)
    return parse_config(text, source, Path(path).parent, overrides).with_name(Path(path).stem)


def parse_config(
    text: str,
    source_name: str = "config.yaml",
    folder: str | os.PathLike[str] = ".",
    overrides: Iterable[str] = (),
) -> Config:
    """Check a config given as text; paths in it are relative to `folder`.

    `source_name` opens every message, and its stem becomes the config's name.
    """
    config = _checked(read_yaml(text, source_name), overrides, os.fspath(folder))
    return config.with_name(Path(source_name).stem or "config")


def _checked(root: Node, overrides: Iterable[str], folder: str) -> Config:
    root, problems = apply_overrides(root, overrides)
    config, found = validate(root)
    problems += found
    if config is None or problems:
        ordered = dict.fromkeys(sorted(problems, key=itemgetter(0)))
        raise ConfigError(*(f"{place.label}: {what}".removeprefix(": ") for place, what in ordered))
    return _placed(config, folder)


def _placed(config: Config, folder: str) -> Config:
    """Return the config of a folder with every path as seen from the current one.

    A path below the current folder becomes relative to it, so that messages are short and models
    do not record where a project was kept; any other becomes absolute.
    """
    here = Path.cwd()
    base = (here / folder).resolve()

    def resolve(path: str) -> str:
        full = Path(os.path.normpath(base / path))
        return str(full.relative_to(here)) if full.is_relative_to(here) else str(full)

    return config.with_paths(resolve).with_folder(str(base))


def _read(path: Path, source: str) -> bytes:
    if path.is_dir():
        raise ConfigError(f"{source}: expected a config file, got a directory")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(
            f"{source}: expected a config file, got no such file; `mlp init` writes one"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{source}: expected a readable file, got: {reason}") from None
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{source}: expected a config below 1 MB, got more; is this a data file?")
    return content.removeprefix(codecs.BOM_UTF8)


def _decode(content: bytes, source: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode()) + 1
        byte = show_value(f"0x{content[error.start]:02x}")[1:-1]
        raise ConfigError(
            f"{source}:{line}:{column}: expected UTF-8 text, got the byte {byte}; "
            "save the file as UTF-8"
        ) from None


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
    path = path_of(override)
    _, _, text = override.partition("=")
    return _put(root, path, 0, _node(_parsed(text, path), place))


def path_of(override: str) -> KeyPath:
    """Return the path of the key that a ``key=value`` sets; ConfigError if it is nothing such."""
    key, equals, _ = override.partition("=")
    if not equals or not PATH.fullmatch(key):
        raise ConfigError("expected KEY=VALUE, such as training.epochs=5 or network.hidden[0]=8")
    if complaint := unusable(key):
        raise ConfigError(complaint)
    return tuple(int(index) if index else name for index, name in STEP.findall(key))


def _parsed(text: str, path: KeyPath) -> Any:
    """Return what the text of a value says; raise ConfigError, with how to quote it, for no YAML.

    One character that YAML has another use for stands for itself: --set data.comment=#.
    """
    if len(text) == 1 and takes_character(path) and not unusable(text):
        return text
    alone = len(text) == 1 and text != "~" and not text.isspace()
    try:
        value = parse_value(text, "value").plain()
    except ConfigError as error:
        if alone and not unusable(text):
            return text
        reason = error.lines[0].split(": ", 1)[1]
        raise ConfigError(f"{show_path(path)}: {reason}{_in_quotes(text, path)}") from None
    if alone:
        return value if isinstance(value, int) else text
    if _ends_in_comment(text, value):
        reason = f"expected a value, got a comment, which # begins{_in_quotes(text, path)}"
        raise ConfigError(f"{show_path(path)}: {reason}")
    return value


def _ends_in_comment(text: str, value: Any) -> bool:
    """Whether YAML takes a part of plain text, or all of it, for a comment."""
    said = "" if value is None else value
    return isinstance(said, str) and text.lstrip().removeprefix(said).lstrip().startswith("#")


def _in_quotes(text: str, path: KeyPath) -> str:
    """Return how a value that may be plain text, and is short, is set as such."""
    if text.lstrip()[:1] in {*"[{\"'"} or unusable(text) or len(text) > LONGEST:
        return ""
    return f"; as text: --set {in_shell(f'{show_path(path)}={quoted(text)}')}"


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
        return node._replace(value=items)
    mapping = _as_mapping(node, here, part)
    changed = _put(mapping.get(part, absent), path, depth + 1, new)
    return node._replace(value={**mapping, part: changed})


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
    section, *keys = map(str, path)
    defaults = dict(dict(Config.model_construct()).get(section, ()))
    value = defaults.get(keys[0]) if len(keys) == 1 else None
    return [] if value is None else list(value) if isinstance(value, tuple) else value
