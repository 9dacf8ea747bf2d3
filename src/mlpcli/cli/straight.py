"""Trains straight from a table: by the config that `mlp init` writes for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlpcli.cli.starter import starter_for
from mlpcli.errors import UsageError
from mlpcli.text import in_shell, quoted, show_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.config import Config

__all__ = ["Plan", "plan_for"]

_CONFIGS = (".yaml", ".yml")
_NAMES_SHOWN = 20


class Plan(NamedTuple):
    """A config to train by, and what is worth knowing of how it was found."""

    config: Config
    notes: tuple[str, ...] = ()


def plan_for(source: Path, targets: Sequence[str], overrides: Sequence[str]) -> Plan:
    """Return the plan of a config, or of a table (what does not end in .yaml or .yml).

    With a config, targets stand for its `data.target`. Raises UsageError where a table has no
    target, ConfigError and DataError.
    """
    if source.suffix.lower() in _CONFIGS:
        from mlpcli.config import load_config

        chosen = [f"data.target=[{', '.join(map(quoted, targets))}]"] if targets else []
        return Plan(load_config(source, [*chosen, *overrides]))
    _refuse_mistakes(source, targets)
    return _from_table(source, targets, overrides)


def _refuse_mistakes(source: Path, targets: Sequence[str]) -> None:
    """Raise UsageError where something else than a table and its targets must be meant."""
    from mlpcli.training.run_folder import RunFolder

    config = RunFolder(source).config
    if config.exists():
        raise UsageError(
            f"{source}: is a run folder; train from its config: mlp train {in_shell(config)}"
        )
    for target in targets:
        if Path(target).suffix.lower() in _CONFIGS and Path(target).exists():
            raise UsageError(
                f"--target: expected a column of {source}, got a config; train from it with: "
                f"mlp train {in_shell(target)}"
            )
    if not targets:
        raise UsageError(
            f"{source}: name the column to predict with --target; it has {_columns(source)}"
        )


def _columns(source: Path) -> str:
    from mlpcli.data.table import Origin

    with Origin([source]) as table:
        return show_names(table.all_names, _NAMES_SHOWN)


def _from_table(source: Path, targets: Sequence[str], overrides: Sequence[str]) -> Plan:
    name = _name(source)
    starter = starter_for(source, targets, overrides, train=str(source), place=f"{name}.yaml")
    return Plan(starter.config.with_name(name), starter.notes)


def _name(source: Path) -> str:
    """Return the name of a table without suffixes, or that of the folder of a glob without one."""
    names = (re.sub(r"\[.*?\]|[*?]", "", part.split(".")[0]).strip(" -_")
             for part in (source.name, source.absolute().parent.name))  # fmt: skip
    return next((name for name in names if name), "table")
