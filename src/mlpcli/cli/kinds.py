"""What an argument of the command line is by its look, and where it belongs if not here."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer  # noqa: TC002  typer reads the types of a callback

from mlpcli.errors import UsageError
from mlpcli.text import in_shell

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["command_for", "expect", "kind_of"]

T = TypeVar("T")

_SUFFIXES = {
    "config": (".yaml", ".yml"),
    "table": (
        *(f"{kind}{packed}" for kind in (".csv", ".tsv") for packed in ("", ".gz", ".zst", ".zip")),
        ".parquet",
    ),
    "model": (".safetensors",),
    "case": (".npz",),
    "Python file": (".py",),
}
_FUNCTION = re.compile(r".*\.py:[\w.]+")
_COMMANDS = {
    "config": "mlp train {}",
    "table": "mlp train {} --target COLUMN",
    "model": "mlp info {}",
    "run folder": "mlp info {}",
    "case": "mlp gradcheck --case {}",
    "file of arrays": "mlp gradcheck --case {}",
    "function": "mlp gradcheck --gradient {}",
    "Python file": "mlp gradcheck --gradient {}:FUNCTION",
}
"""What most people want to do with each kind."""

_OPTIONS = {
    "case": "--case {}",
    "function": "--gradient {}",
    "model": "--model {} beside its CONFIG",
    "Python file": "--gradient {}:FUNCTION",
    "run folder": "--model {} beside its CONFIG",
}
"""The option by which a command takes a kind of thing, where it has that option."""

_INSTEAD = {
    (
        "config",
        "file of arrays",
    ): "write its columns as CSV; then: mlp train TABLE --target COLUMN",
    ("config", "run folder"): "its config is {}/config.yaml; --resume goes on with a run",
    ("config", "model"): "train by a config; mlp info {} shows the one it was trained by",
    ("config", "table"): "write one for it: mlp init {} --target COLUMN -o mine.yaml",
    ("model", "config"): "train one by it: mlp train {}",
    ("model", "table"): "the model comes first: mlp {command} MODEL {}",
    ("table", "config"): "the table is what its data.train names",
    ("table", "file of arrays"): "write its columns as CSV or Parquet",
    ("table", "run folder"): "the model comes first and the table second",
    ("table", "model"): "the model comes first and the table second",
}
"""What to do with a thing of the second kind where the first is expected."""


def kind_of(text: str) -> str | None:
    """Return what the argument is by its name, or by what is in the folder; None if unclear."""
    if _FUNCTION.fullmatch(text):
        return "function"
    if os.path.isdir(text):  # noqa: PTH112  unlike Path's it takes a name that is too long
        return "run folder" if Path(text, "model.safetensors").exists() else None
    name = Path(text).name.lower()
    kind = next((kind for kind, ends in _SUFFIXES.items() if name.endswith(ends)), None)
    return "file of arrays" if kind == "case" and _lacks_weights(text) else kind


def _lacks_weights(text: str) -> bool:
    """Say whether a file that could be a case is there and has other arrays alone."""
    try:
        with zipfile.ZipFile(text) as archive:
            return "W1.npy" not in archive.namelist()
    except (OSError, ValueError, zipfile.BadZipFile):
        return False


def command_for(text: str) -> str | None:
    """Return the command that most people want for such an argument."""
    kind = kind_of(text)
    return None if kind is None else _COMMANDS[kind].format(in_shell(text))


def expect(wanted: str, *also: str) -> Callable[[typer.Context, typer.CallbackParam, T], T]:
    """Return a callback for one thing or several that have to be, or may also be, of these kinds.

    It raises UsageError where the value looks like another kind, and says where that belongs.
    """

    def checked(context: typer.Context, parameter: typer.CallbackParam, value: T) -> T:
        for each in value if isinstance(value, list) else (value,):
            if text := "" if each is None else str(each):
                _refuse_other(context, parameter, (wanted, *also), text)
        return value

    return checked


def _refuse_other(
    context: typer.Context, parameter: typer.CallbackParam, kinds: tuple[str, ...], text: str
) -> None:
    """Raise UsageError where a text looks like none of the kinds; the first is the wanted one."""
    kind, wanted = kind_of(text), kinds[0]
    if kind is not None and kind not in kinds:
        article = "an" if kind[0] in "aeiou" else "a"
        option = parameter.param_type_name == "option"
        instead = "" if option else f"; {_instead(context, wanted, kind)}"
        raise UsageError(
            f"{f'{parameter.opts[0]} ' if option else ''}{text}: is {article} {kind}, "
            f"expected a {wanted}{instead.format(in_shell(text), command=context.info_name)}"
        )
    if kind is None and not os.path.exists(text):  # noqa: PTH110
        _refuse_names(context, wanted, text)


def _instead(context: typer.Context, wanted: str, kind: str) -> str:
    option = _OPTIONS.get(kind)
    known = {name for parameter in context.command.params for name in parameter.opts}
    if option is not None and option.partition(" ")[0] in known:
        return f"did you mean {option}?"
    return _INSTEAD.get((wanted, kind), f"did you mean {_COMMANDS[kind]}?")


def _refuse_names(context: typer.Context, wanted: str, text: str) -> None:
    """Raise UsageError for a word that is no file, but means something."""
    if text == "help":
        raise UsageError(f"help is no {wanted}; see {context.command_path} --help")
    if wanted != "config":
        return
    for path in (f"{text}.yaml", f"configs/{text}.yaml"):
        if os.path.exists(path):  # noqa: PTH110
            raise UsageError(f"{text}: no such file, did you mean {path}?")
    from mlpcli.examples import list_examples

    if text in {example.name for example in list_examples()}:
        raise UsageError(f"{text}: is an example; to copy it: mlp example {text}")
