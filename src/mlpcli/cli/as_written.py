"""Lets parameters take texts, paths and their defaults as they are, without pydantic.

Typer builds a type of pydantic for each parameter of a command, given or not: 10 ms for those of
`mlp train`, and 45 ms more with the first one where nothing else needs pydantic.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["take_as_written"]

_MEANINGS: dict[Any, Callable[[Any], Any]] = {
    str: str,
    Path: Path,
    list[str]: list,
    list[Path]: lambda words: [*map(Path, words)],
}
"""Types whose values are what was written, and how they are made."""


def take_as_written(parameters: Iterable[Any]) -> None:
    """Leave parameters to Typer only where what was written has to be converted."""
    for parameter in parameters:
        parameter.get_runtime_param = _AsWritten(parameter).runtime_param


class _AsWritten:
    """Stands where Typer's own conversion of a parameter would."""

    def __init__(self, parameter: Any) -> None:
        self._meaning = _MEANINGS.get(parameter.type_descriptor.annotation)
        self._typers_own = parameter.get_runtime_param

    def runtime_param(self) -> _AsWritten:
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value of what was written, or the default, which is a value already."""
        if ctx.get_parameter_source(param.name).name == "DEFAULT":
            return value
        if self._meaning is not None:
            return self._meaning(value)
        return self._typers_own().coerce(value, param=param, ctx=ctx)
