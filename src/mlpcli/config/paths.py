"""Paths in a config are relative to the config's folder; after loading they work from here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.config.schema import Config

__all__ = ["absolute_paths", "portable_paths", "resolve_paths"]


def resolve_paths(config: Config, folder: str) -> Config:
    """Return the config with every path as seen from the current folder.

    A path below the current folder becomes relative to it, so that messages are short and models
    do not record where a project was kept; any other becomes absolute. Globs stay globs.
    """
    here = Path.cwd()
    base = (here / folder).resolve()

    def resolve(path: str) -> str:
        full = Path(os.path.normpath(base / path))
        return str(full.relative_to(here)) if full.is_relative_to(here) else str(full)

    return _map_paths(config, resolve).with_folder(str(base))


def portable_paths(config: Config) -> Config:
    """Return the config with every path as seen from the config's own folder.

    That is the same wherever the project lies, and from wherever it was started.
    """
    base = Path(config.folder).resolve()
    return _map_paths(config, lambda path: os.path.relpath(path, base))


def absolute_paths(config: Config) -> Config:
    """Return the config with every path absolute, to be read from any folder."""
    return _map_paths(config, os.path.abspath)


def _map_paths(config: Config, change: Callable[[str], str]) -> Config:
    def files(value: Any) -> Any:
        return tuple(change(path) for path in value) if isinstance(value, tuple) else value

    data, training = config.data, config.training
    tables = {key: files(getattr(data, key)) for key in ("train", "validation", "test")}
    output = None if training.output is None else change(training.output)
    return config.model_copy(
        update={
            "data": data.model_copy(update=tables),
            "training": training.model_copy(update={"output": output}),
        }
    )
