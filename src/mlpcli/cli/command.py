"""Registers subcommands, and holds what several share: options, and how a case is had."""

from __future__ import annotations

import functools
import inspect
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlpcli.cli import completion
from mlpcli.cli.bar import choose_look
from mlpcli.cli.colour import When, choose
from mlpcli.cli.console import all_told
from mlpcli.cli.counter import counting
from mlpcli.cli.kinds import expect
from mlpcli.cli.paths import PathCommand, guarded, refuse_written
from mlpcli.errors import UsageError

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.config import Config

__all__ = [
    "ConfigFile",
    "Details",
    "Force",
    "Json",
    "MaybeConfig",
    "ModelFile",
    "Output",
    "Overrides",
    "Quiet",
    "Rows",
    "Threshold",
    "Weights",
    "add_command",
    "find_case",
    "plot_option",
    "read_config",
    "unwrapped_example",
]


def _probability(value: float | None) -> float | None:
    if value is not None and not 0 < value < 1:
        raise UsageError(f"--threshold: expected a number > 0 and < 1, got {value:g}")
    return value


def _drawable(path: Path | None) -> Path | None:
    if path is not None:
        from mlpcli.report.figures import require_format

        require_format(path)
    return path


ConfigFile = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="YAML config.", callback=expect("config"))
]
MaybeConfig = Annotated[
    Path | None,
    typer.Argument(
        metavar="[CONFIG]", help="YAML config.", show_default=False, callback=expect("config")
    ),
]
ModelFile = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL",
        help="A run folder or model file.",
        callback=expect("model", "run folder"),
    ),
]
Details = Annotated[bool, typer.Option("--details", help="Print every table, not only the answer.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there already.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document to stdout.")]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Instead of stdout.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        autocompletion=completion.settings,
        help="Override a key: training.epochs=5.",
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print nothing but errors (and --json).")
]
Rows = Annotated[
    int | None, typer.Option("--rows", metavar="N", min=1, help="Rows; default all, to 1000.")
]
Threshold = Annotated[
    float | None,
    typer.Option(
        "--threshold", metavar="T", help="Instead of the model's own.", callback=_probability
    ),
]
Weights = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="M",
        help="Trained weights, not fresh ones.",
        callback=expect("model", "run folder"),
    ),
]
_KEYWORD = inspect.Parameter.KEYWORD_ONLY
_EVERYWHERE = {
    "color": (
        Annotated[
            When,
            typer.Option(
                "--color", metavar="WHEN", help="auto, always or never.", show_default=False
            ),
        ],
        "auto",
    ),
    "debug": (
        Annotated[
            bool,
            typer.Option("--debug", help="Show the kernel, and tracebacks."),
        ],
        False,
    ),
}
"""The options that every command has: type and default."""


def plot_option(text: str) -> Any:
    """Return the option --plot with a help text; a bad name is refused before anything is done."""
    return typer.Option("--plot", metavar="FILE", help=text, callback=_drawable)


def read_config(path: Path, overrides: Sequence[str] | None) -> Config:
    """Return the config of a command line; pydantic and YAML are loaded only now.

    Raises UsageError where the command would write one of its tables.
    """
    from mlpcli.config import load_config

    config = load_config(path, overrides or ())
    refuse_written(config.tables)
    return config


def find_case(config: Config, *, model: Path | None = None, rows: int | None = None) -> Case:
    """Return the case of a config, with the weights of a model file if one is given."""
    from mlpcli.compare.from_config import case_from_config

    loaded = None
    if model is not None:
        from mlpcli.training.model_file import load_model

        loaded = load_model(model)
    wanted = config.gradcheck.rows if rows is None else rows
    return case_from_config(config, model=loaded, rows=wanted, counting=counting)


def unwrapped_example(text: str) -> str:
    """Return a help text whose example stays on one line, to be copied from a narrow terminal."""
    return text.replace("Example:", "\b\nExample:")


def add_command(app: typer.Typer, function: Callable[..., int]) -> None:
    """Make the function, which returns its exit status, a subcommand of its own name.

    Every command gets --color and --debug, which no function needs to know of. A parameter whose
    type is a dataclass is a group of options: each of its fields is one, of the field's type and
    default.
    """
    signature = inspect.signature(function, eval_str=True)
    groups = {p.name: p.annotation for p in signature.parameters.values() if _is_group(p)}

    @functools.wraps(function)
    def command(*, color: When, debug: bool, **options: object) -> int:
        choose(color)
        choose_look(json=bool(options.get("json")), quiet=bool(options.get("quiet")))
        try:
            with guarded(options), all_told() if debug else nullcontext():
                for name, group in groups.items():
                    options[name] = group(**{f.name: options.pop(f.name) for f in fields(group)})
                return function(**options)
        except Exception:
            if debug:
                traceback.print_exc()
            raise

    given = [one for p in signature.parameters.values() for one in _options_of(p)]
    shared = [
        inspect.Parameter(name, _KEYWORD, default=default, annotation=kind)
        for name, (kind, default) in _EVERYWHERE.items()
    ]
    parameters = [*given, *shared]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # functions take it, typeshed does not say so
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    app.command(cls=PathCommand, help=unwrapped_example(inspect.getdoc(function) or ""))(command)


def _is_group(parameter: inspect.Parameter) -> bool:
    return isinstance(parameter.annotation, type) and is_dataclass(parameter.annotation)


def _options_of(parameter: inspect.Parameter) -> Iterator[inspect.Parameter]:
    """Yield the options that a parameter of a command stands for, by keyword."""
    if not _is_group(parameter):
        yield parameter.replace(kind=_KEYWORD)
        return
    for option in inspect.signature(parameter.annotation, eval_str=True).parameters.values():
        yield option.replace(kind=_KEYWORD)
