"""Options that stand for the `--set` of a key that is often changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SHORTCUTS", "settings_of", "shortcut"]


@dataclass(frozen=True)
class Shortcut:
    """The key that an option sets, what stands for its value in the help, and if that is a list."""

    key: str
    metavar: str
    listed: bool = False

    def setting(self, value: str) -> str:
        """Return the `--set` for a value; the brackets of a list may be left out."""
        if self.listed and not value.lstrip().startswith("["):
            value = f"[{value}]"
        return f"{self.key}={value}"


SHORTCUTS = {
    "--epochs": Shortcut("training.epochs", "N"),
    "--learning-rate": Shortcut("training.optimizer.learning_rate", "R"),
    "--hidden": Shortcut("network.hidden", "N,N,..", listed=True),
    "--batch-size": Shortcut("training.batch_size", "N"),
    "--seed": Shortcut("training.seed", "N"),
}


def shortcut(option: str) -> Any:
    """Return the option for a signature; its value is judged as the key's is."""
    known = SHORTCUTS[option]
    return typer.Option(option, metavar=known.metavar, help=f"Short for --set {known.key}=..")


def settings_of(given: Mapping[str, str | None]) -> list[str]:
    """Return the `--set` of each option that is given."""
    return [SHORTCUTS[name].setting(value) for name, value in given.items() if value is not None]
