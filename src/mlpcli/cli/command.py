"""Registers subcommands, and holds the options that several of them share."""

from __future__ import annotations

import functools
import inspect
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "ConfigFile",
    "Force",
    "Json",
    "ModelFile",
    "Overrides",
    "add_command",
    "unwrapped_example",
]

ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="YAML config.")]
ModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="A model.safetensors file.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there already.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document to stdout.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a key: training.epochs=5."),
]
_Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback with an error.")]


def unwrapped_example(text: str) -> str:
    """Return a help text whose example stays on one line, to be copied from a narrow terminal."""
    return text.replace("Example:", "\b\nExample:")


def add_command(app: typer.Typer, function: Callable[..., int]) -> None:
    """Make the function, which returns its exit status, a subcommand of its own name.

    Every command gets --debug, which no function needs to know of.
    """

    @functools.wraps(function)
    def command(*, debug: bool, **options: object) -> int:
        try:
            return function(**options)
        except Exception:
            if debug:
                traceback.print_exc()
            raise

    signature = inspect.signature(function, eval_str=True)
    option = inspect.Parameter(
        "debug", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=_Debug
    )
    parameters = [*signature.parameters.values(), option]
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # functions take it, typeshed does not say so
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    app.command(help=unwrapped_example(inspect.getdoc(function) or ""))(command)
