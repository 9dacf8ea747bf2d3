"""What can go wrong, as one tree; the command line turns each class into its exit status.

::

    MlpError
    ├── InputError            2   something that the user gave cannot be used
    │   ├── UsageError            a command line that asks for the impossible
    │   ├── ConfigError           the YAML config or a --set
    │   ├── DataError             a table: missing, malformed, or not what the config says
    │   ├── ModelError            a model or checkpoint file
    │   └── CaseError             a gradcheck case or a gradient to be checked
    ├── StorageError         74   a file that cannot be written: disk full, read-only
    └── Interrupted    130, 143   stopped by SIGINT or SIGTERM after saving a checkpoint

A verdict (a failed check, an inconclusive check, a diverged training) is a result, not an error.
"""

from __future__ import annotations

__all__ = [
    "CaseError",
    "ConfigError",
    "DataError",
    "InputError",
    "Interrupted",
    "MlpError",
    "ModelError",
    "StorageError",
    "UsageError",
]


class MlpError(Exception):
    """Base of all errors of this package; each of `lines` is one complete message."""

    exit_code: int

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class InputError(MlpError):
    """Something that the user gave cannot be used."""

    exit_code = 2


class UsageError(InputError):
    """A command line that asks for the impossible."""


class ConfigError(InputError):
    """A config that is not YAML, or not a config; one line per problem."""


class DataError(InputError):
    """A table that is missing, malformed, or not what the config or the model says."""


class ModelError(InputError):
    """A model or checkpoint file that cannot be trusted."""


class CaseError(InputError):
    """A gradcheck case, or a gradient to be checked, of the wrong names, shapes or types."""


class StorageError(MlpError):
    """A file that cannot be written."""

    exit_code = 74


class Interrupted(MlpError):
    """A signal asked to stop, and what was done so far is saved."""

    def __init__(self, signum: int, *lines: str) -> None:
        super().__init__(*lines)
        self.exit_code = 128 + signum
