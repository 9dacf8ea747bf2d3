"""What is taken as written is what Typer's own conversion, the oracle, makes of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from mlpcli.cli.app import COMMANDS, program
from mlpcli.cli.as_written import take_as_written

WORDS = ["a", "a b", "ä/ü.csv", "-", "--", "1", "None", "./x/../y//z", "~"]


def commands(group: Any) -> list[tuple[str, Any]]:
    """Return the commands of a group, and of the groups in it, by their names."""
    if not hasattr(group, "commands"):
        return [(group.name, group)]
    return [pair for command in group.commands.values() for pair in commands(command)]


PARAMETERS = {
    f"{name}-{parameter.name}": (command, parameter)
    for name, command in commands(typer.main.get_command(program(*COMMANDS)))
    for parameter in command.params
}
AS_WRITTEN = [
    name
    for name, (_, parameter) in PARAMETERS.items()
    if parameter.type_descriptor.annotation in (str, Path, list[str], list[Path])
]


def coerced(name: str, value: Any, source: str) -> tuple[Any, Any]:
    """Return what Typer makes of a value, and what we do."""
    command, parameter = PARAMETERS[name]
    context: Any = typer.Context(command)
    context.set_parameter_source(parameter.name, SimpleNamespace(name=source))
    theirs = parameter.get_runtime_param().coerce(value, param=parameter, ctx=context)
    take_as_written([parameter])
    ours = parameter.get_runtime_param().coerce(value, param=parameter, ctx=context)
    del parameter.get_runtime_param
    return theirs, ours


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_default_is_a_value(name: str) -> None:
    theirs, ours = coerced(name, PARAMETERS[name][1].default, "DEFAULT")
    assert ours == theirs or (ours is None and theirs == ())  # the command gets None for either
    assert type(ours) is type(theirs) or ours is None


@pytest.mark.parametrize("name", AS_WRITTEN)
def test_a_text_or_path_is_what_was_written(name: str) -> None:
    parameter = PARAMETERS[name][1]
    several = parameter.nargs == -1 or getattr(parameter, "multiple", False)
    for given in [WORDS, *([word] for word in WORDS)] if several else WORDS:
        theirs, ours = coerced(name, given, "COMMANDLINE")
        assert ours == theirs
        assert type(ours) is type(theirs)


LOADED = """
import sys
from mlpcli.cli.app import run
status = run({args})
print(status, *sorted({{"pydantic", "yaml", "duckdb"}} & set(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "args", [["bugs"], ["gradcheck", "--gradient", "mine.py:f"], ["--version"]]
)
def test_a_command_without_a_config_loads_no_pydantic(here: Path, args: list[str]) -> None:
    (here / "mine.py").write_text("def f(weights, biases, X, y):\n    return weights, biases\n")
    code = [sys.executable, "-c", LOADED.format(args=args)]
    ran = subprocess.run(code, capture_output=True, text=True, check=True, timeout=60)
    assert ran.stderr.splitlines()[-1] in {"0", "1"}, ran.stderr
