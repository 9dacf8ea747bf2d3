"""A config file and the command line's --set become one checked Config."""

from __future__ import annotations

import codecs
import os
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from mlpcli.config.messages import validate
from mlpcli.config.overrides import apply_overrides
from mlpcli.config.yaml import read_yaml
from mlpcli.errors import ConfigError
from mlpcli.text import shorten, show_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlpcli.config.schema import Config

__all__ = ["load_config", "parse_config"]

MAX_BYTES = 1_000_000
LONGEST_NAME = 200


def load_config(path: str | os.PathLike[str], overrides: Iterable[str] = ()) -> Config:
    """Read a YAML config, apply each override ``section.key=value``, and check everything.

    Paths in the result are seen from the current folder. Raises ConfigError with one line per
    problem, in file order, each opening with the path as given.
    """
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
    root, problems = apply_overrides(read_yaml(text, source_name), overrides)
    config, found = validate(root)
    problems += found
    if config is None or problems:
        ordered = dict.fromkeys(sorted(problems, key=itemgetter(0)))
        raise ConfigError(*(f"{place.label}: {what}" for place, what in ordered))
    return _placed(config, os.fspath(folder)).with_name(Path(source_name).stem or "config")


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
