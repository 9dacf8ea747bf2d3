"""`mlp init`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli import completion
from mlpcli.cli.command import Force, Output, Overrides
from mlpcli.cli.console import complain, put
from mlpcli.cli.kinds import expect
from mlpcli.cli.paths import require_utf8
from mlpcli.cli.starter import starter_for
from mlpcli.text import in_shell

__all__ = ["init"]


def init(
    data: Annotated[
        Path,
        typer.Argument(metavar="DATA", help="CSV or Parquet file.", callback=expect("table")),
    ],
    target: Annotated[
        list[str],
        typer.Option(
            "--target",
            metavar="COL",
            autocompletion=completion.columns,
            help="Column to predict; repeat it for several.",
        ),
    ],
    drop: Annotated[
        list[str] | None,
        typer.Option(
            "--drop",
            metavar="COL",
            autocompletion=completion.columns,
            help="Column to leave out; repeat it.",
        ),
    ] = None,
    overrides: Overrides = None,
    output: Output = None,
    force: Force = False,  # noqa: ARG001  judged in cli/paths.py
) -> int:
    """Read a table and write a commented config to start from.

    Example: mlp init data/penguins.csv --target sex -o mine.yaml

    --set says how the table is read, as data.skip_lines=2, or changes what is written.
    """
    from mlpcli.config.rewrite import rewrite
    from mlpcli.files import write_bytes

    overrides = overrides or []
    train = os.path.relpath(data, Path() if output is None else output.parent)
    require_utf8(train)
    place = str(output or "config.yaml")
    starter = starter_for(data, target, overrides, drop or (), train=train, place=place)
    text = rewrite(starter.text, overrides)
    if output is None:
        put(text, end="")
    else:
        write_bytes(output, text.encode())
        complain(f"{output}: written; train with: mlp train {in_shell(output)}")
    return 0
