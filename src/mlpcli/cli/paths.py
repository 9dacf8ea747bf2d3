"""What a command does with each path that it is given, checked before it does anything.

An input is never an output, whatever it is called: by a link, by another spelling, or as one of the
tables of a config.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum, auto
from pathlib import Path
from typing import Any

from typer.core import TyperCommand

from mlpcli.cli.as_written import take_as_written
from mlpcli.errors import UsageError
from mlpcli.files import (
    files_named,
    refuse_existing,
    refuse_file,
    refuse_homeless,
    refuse_inputs,
    refuse_unreadable,
)

__all__ = ["ROLES", "PathCommand", "Role", "guarded", "refuse_written", "require_utf8"]


class Role(Enum):
    """What becomes of the file or folder that a parameter names."""

    READ = auto()
    WRITE = auto()  # where there is none yet, or by --force
    REPLACE = auto()
    FOLDER = auto()  # files are written into it


ROLES: Mapping[str, Role] = {
    "answers": Role.WRITE,
    "case": Role.READ,
    "config": Role.READ,
    "configs": Role.READ,
    "data": Role.READ,
    "dump": Role.WRITE,
    "folder": Role.FOLDER,
    "folders": Role.READ,
    "gradient": Role.READ,
    "junit": Role.REPLACE,
    "model": Role.READ,
    "out": Role.FOLDER,
    "output": Role.WRITE,
    "plot": Role.REPLACE,
    "run": Role.READ,
    "source": Role.READ,
}
"""By name of the parameter, of whatever command."""

_STDIN = "-"
_outputs: ContextVar[tuple[Path, ...]] = ContextVar("outputs", default=())


class PathCommand(TyperCommand):
    """A command that refuses an empty text as a path, which Path would take for this folder."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the command line apart."""
        raw, _, _ = self.make_parser(ctx).parse_args(args=[*args]) if "" in args else ({}, [], [])
        for parameter in self.params:
            given = raw.get(parameter.name)
            if parameter.name in ROLES and "" in (
                given if isinstance(given, (list, tuple)) else (given,)
            ):
                name = parameter.metavar or parameter.name
                where = name if parameter.param_type_name == "argument" else parameter.opts[-1]
                raise UsageError(f"{where}: expected the name of a file or folder, got none")
        take_as_written(self.get_params(ctx))
        return super().parse_args(ctx, args)


@contextmanager
def guarded(options: Mapping[str, Any]) -> Iterator[None]:
    """Check all paths among the options of a command; remember what it writes while it runs.

    Raises UsageError for a name that is no UTF-8, a file that is there already, a device, and an
    output that is an input or another output; InputError for what cannot be read.
    """
    read, written = [], []
    for name, path in _paths(options):
        role = ROLES[name]
        require_utf8(path)
        if role is Role.READ:
            read += _read_by(path)
        elif role is Role.FOLDER:
            refuse_file(Path(path))
        else:
            refuse_existing(Path(path), force=role is Role.REPLACE or bool(options.get("force")))
            refuse_homeless(Path(path))
            written.append(Path(path))
    _refuse_twice(written)
    refuse_inputs(written, read)
    token = _outputs.set(tuple(written))
    try:
        yield
    finally:
        _outputs.reset(token)


def refuse_written(patterns: tuple[str, ...]) -> None:
    """Raise UsageError where the running command would write one of these files or globs."""
    written = _outputs.get()
    if written:
        refuse_inputs(written, (path for pattern in patterns for path in files_named(pattern)))


def _paths(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the name of each parameter that is a path, and the path."""
    for name, value in options.items():
        if name not in ROLES or value is None:
            continue
        for path in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(path, (str, Path)) and path != _STDIN:
                yield name, str(path)


def require_utf8(path: str) -> None:
    """Raise UsageError for a name that is no UTF-8, which no config could hold."""
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{path}: expected a name in UTF-8; rename it") from error


def _read_by(text: str) -> list[Path]:
    """Return the files that a text may stand for: a path, a glob, a folder's, or FILE:FUNCTION."""
    from mlpcli.training.run_folder import RunFolder

    file, _, _ = text.rpartition(".py:")
    path = Path(f"{file}.py") if file else Path(text)
    refuse_unreadable(path)
    if path.is_dir():
        return [*RunFolder(path).files]
    return files_named(str(path))


def _refuse_twice(written: list[Path]) -> None:
    seen = set()
    for path in written:
        full = os.path.realpath(path)
        if full in seen:
            raise UsageError(f"{path}: is to be written twice; give each its own name")
        seen.add(full)
