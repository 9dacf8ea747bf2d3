"""The examples that the package carries: a config each, and the tables that it names.

A wheel has them in a folder of the package, a checkout where they are edited.
"""

from __future__ import annotations

import re
from pathlib import Path

from mlpcli.errors import UsageError
from mlpcli.files import refuse_existing, storage_errors, write_bytes
from mlpcli.records import dataclass
from mlpcli.text import one_of

__all__ = ["Example", "copy_example", "find_example", "list_examples"]

_PACKAGE = Path(__file__).parent
_HOMES = (_PACKAGE / "example_files", _PACKAGE.parents[1])
_TABLE = re.compile(r"(?:\.\./)?data/([\w.]+)")  # as a config and its comments name one
_SCHEMA = re.compile(r"\A# yaml-language-server: .*\n")  # for editors; lies beside no copy
_CONFIG = re.compile(r"\bconfigs/(?=\w+\.yaml)")


@dataclass(frozen=True)
class Example:
    """A config among the examples; `title` is its first line, below that for editors."""

    path: Path

    @property
    def name(self) -> str:
        """What `mlp example` knows it by."""
        return self.path.stem

    @property
    def title(self) -> str:
        """What it is about, in a line."""
        return self._text().partition("\n")[0].lstrip("# ")

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that it is about."""
        return tuple(dict.fromkeys(_TABLE.findall(self._text())))

    def files(self) -> dict[str, bytes]:
        """Return what to copy, by name: the config, which then finds the tables beside it."""
        text = _CONFIG.sub("", _TABLE.sub(r"\1", self._text()))
        folder = self.path.parents[1] / "data"
        tables = {name: (folder / name).read_bytes() for name in self.tables}
        return {self.path.name: text.encode(), **tables}

    def _text(self) -> str:
        return _SCHEMA.sub("", self.path.read_text("utf-8"))


def list_examples() -> list[Example]:
    """Return all examples by name; UsageError where the installation lacks them."""
    for home in _HOMES:
        if paths := sorted((home / "configs").glob("*.yaml")):
            return [Example(path) for path in paths]
    raise UsageError("this installation has no examples; install from a checkout or a wheel")


def find_example(name: str) -> Example:
    """Return an example; raises UsageError with the nearest names."""
    known = {example.name: example for example in list_examples()}
    if name not in known:
        raise UsageError(f'no example "{name}"{one_of(name, known)}')
    return known[name]


def copy_example(example: Example, folder: Path, *, force: bool) -> list[Path]:
    """Write the files of an example into a folder, all or, where one is there already, none."""
    files = {folder / name: content for name, content in example.files().items()}
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; expected a folder to copy to")
    for path in files:
        refuse_existing(path, force=force)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        write_bytes(path, content)
    return [*files]
