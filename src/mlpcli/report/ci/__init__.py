"""A gradient check in the formats of the services that run it: GitHub, JUnit, Gradescope and more.

To add a format of `mlp gradcheck --format`, write a function like `github.of_result` and name it
in FORMATS.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlpcli.check.result import GradcheckResult

__all__ = ["FORMATS", "Format", "Told"]


@dataclass(frozen=True)
class Told:
    """What a format is told beside the result: the name of the config, and points to share."""

    config: str | None = None
    points: float = 100


@dataclass(frozen=True)
class Format:
    """What `--format` knows beside text: how a result becomes the text for stdout.

    Where it grades, it has an answer to the lines of an error too. `below` says that the report as
    text stands above it, `fractions` that points need not be whole.
    """

    of_result: Callable[[GradcheckResult, Told], str]
    of_error: Callable[[Sequence[str], Told], str] | None = None
    below: bool = False
    fractions: bool = True

    @property
    def grades(self) -> bool:
        """Whether somebody gets points."""
        return self.of_error is not None


def _of(module: str, function: str) -> Callable[[Any, Told], str]:
    """Return a function of a module here, which is loaded when it is called."""

    def made(found: Any, told: Told) -> str:
        text: str = getattr(import_module(f"{__name__}.{module}"), function)(found, told)
        return text

    return made


def _grading(module: str, *, fractions: bool = True) -> Format:
    return Format(_of(module, "of_result"), _of(module, "of_error"), fractions=fractions)


FORMATS = {
    "github": Format(_of("github", "of_result"), below=True),
    "gradescope": _grading("gradescope"),
    "classroom50": _grading("classroom50", fractions=False),
}
"""By name; every command reads the names, so nothing is loaded for them."""
