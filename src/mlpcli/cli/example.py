"""`mlp example`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli import completion
from mlpcli.cli.command import Force
from mlpcli.cli.console import complain, put_table
from mlpcli.text import in_shell

__all__ = ["example"]


def example(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            autocompletion=completion.examples,
            help="Which one.",
            show_default=False,
        ),
    ] = None,
    folder: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Folder to copy it to.")
    ] = Path(),
    force: Force = False,
) -> int:
    """List the examples, or copy one: its config and its data.

    Example: mlp example moons && mlp train moons.yaml
    """
    from mlpcli.examples import copy_example, find_example, list_examples
    from mlpcli.report.table import Table

    if name is None:
        rows = tuple((e.name, e.title, ", ".join(e.tables)) for e in list_examples())
        title = "copy one by: mlp example NAME -o DIR"
        put_table(Table(title, ("name", "about", "data"), rows, numeric=False))
        return 0
    config, *tables = copy_example(find_example(name), folder, force=force)
    beside = ", ".join(path.name for path in tables)
    complain(f"{config}: written, with {beside}; train with: mlp train {in_shell(config)}")
    return 0
