"""`mlp config check`, `mlp config show`, `mlp config schema`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli.command import (
    ConfigFile,
    Overrides,
    add_command,
    read_config,
    unwrapped_example,
)
from mlpcli.cli.console import put, put_json
from mlpcli.cli.group import Group
from mlpcli.cli.kinds import expect
from mlpcli.errors import ConfigError

__all__ = ["app"]


def check(
    configs: Annotated[
        list[Path],
        typer.Argument(metavar="CONFIG", help="YAML configs.", callback=expect("config")),
    ],
    overrides: Overrides = None,
) -> int:
    """Report every error of a config, or several, without reading any data.

    Example: mlp config check configs/moons.yaml
    """
    errors: list[str] = []
    for config in configs:
        try:
            read_config(config, overrides)
        except ConfigError as error:
            errors += error.lines
        else:
            put(f"{config}: valid")
    if errors:
        raise ConfigError(*errors)
    return 0


def show(config: ConfigFile, overrides: Overrides = None) -> int:
    """Print the config with every default filled in.

    Example: mlp config show configs/moons.yaml --set training.optimizer=sgd
    """
    from mlpcli.config import to_yaml

    put(to_yaml(read_config(config, overrides)), end="")
    return 0


def schema() -> int:
    """Print the JSON Schema of configs, for editors that check while you type.

    Example: mlp config schema > mlp.schema.json
    """
    from mlpcli.config import json_schema

    put_json(json_schema())
    return 0


app = typer.Typer(
    cls=Group,
    help=unwrapped_example(
        "Check or show a config, or print its JSON Schema.\n\n"
        "Example: mlp config check configs/moons.yaml"
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
)
for function in (check, show, schema):
    add_command(app, function)
