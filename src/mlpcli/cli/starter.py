"""Looks a table over and writes the config to start from: for `mlp init`, and to train by."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlpcli.cli.counter import counting
from mlpcli.errors import ConfigError, UsageError
from mlpcli.text import show_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlpcli.config import Config, DataConfig

__all__ = ["Starter", "starter_for"]


class Starter(NamedTuple):
    """A config as text, without what is set in it, and as what it then says; notes on guesses."""

    text: str
    config: Config
    notes: tuple[str, ...]


def starter_for(
    source: Path,
    targets: Sequence[str],
    overrides: Sequence[str],
    drop: Sequence[str] = (),
    *,
    train: str,
    place: str,
) -> Starter:
    """Return the starter config of a table; `train` is the table's path as seen from the config.

    `place` is where the config is to be. Raises UsageError, ConfigError and DataError; as nobody
    has written the config yet, what is wrong with it is told by keys and not by lines.
    """
    from mlpcli.config.load import path_of
    from mlpcli.data.survey import survey
    from mlpcli.report.init import starter_config, starter_notes

    targets = tuple(dict.fromkeys(targets))
    drop = tuple(dict.fromkeys(drop))
    _refuse_unusable(targets, drop)
    if drop and any(path_of(setting)[:2] == ("data", "drop") for setting in overrides):
        raise UsageError("--drop: expected no --set data.drop beside it; give one of the two")
    said, patient = _said(train, targets, drop, overrides)
    seen = survey(source, targets, drop, said=said, counting=counting)
    text = starter_config(seen, str(source), train, place, patient=patient)
    return Starter(text, _config(text, overrides), starter_notes(seen))


def _refuse_unusable(targets: Sequence[str], drop: Sequence[str]) -> None:
    """Raise UsageError for columns that no table can have, and for one that is both."""
    from mlpcli.config.yaml import unusable

    for option, names in (("--target", targets), ("--drop", drop)):
        for name in names:
            if complaint := unusable(name) or ("" if name else 'expected a column, got ""'):
                raise UsageError(f"{option}: {complaint}")
    for name in drop:
        if name in targets:
            raise UsageError(
                f"--drop: expected another column than --target, got {show_name(name)}"
            )


def _said(
    train: str, targets: Sequence[str], drop: Sequence[str], overrides: Sequence[str]
) -> tuple[DataConfig, bool]:
    """Return what is said of a table before it is read, and if training may stop early then.

    Raises ConfigError where the starter config could not be so changed, however large the table.
    """
    from mlpcli.report.init import unseen_starter

    refused = []
    for enough, patient in ((True, True), (True, False), (False, False)):
        text = unseen_starter(train, targets, drop, enough=enough, patient=patient)
        try:
            return _config(text, overrides).data, patient or not enough
        except ConfigError as error:
            refused.append(error)
    raise refused[0]


def _config(text: str, overrides: Sequence[str]) -> Config:
    from mlpcli.config import load_config
    from mlpcli.config.yaml import read_yaml

    return load_config(read_yaml(text, "starter config").plain(), overrides)
