"""`mlp init`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli import completion
from mlpcli.cli.command import Force, Output
from mlpcli.cli.console import complain, put
from mlpcli.cli.counter import counting
from mlpcli.cli.kinds import expect

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
    output: Output = None,
    force: Force = False,  # noqa: ARG001  judged in cli/paths.py
) -> int:
    """Read a table and write a commented config to start from.

    Example: mlp init data/penguins.csv --target sex -o mine.yaml
    """
    from mlpcli.data.survey import survey
    from mlpcli.files import write_bytes
    from mlpcli.report.init import starter_config

    folder = Path() if output is None else output.parent
    train = os.path.relpath(data, folder)
    seen = survey(data, tuple(dict.fromkeys(target)), drop or (), counting=counting)
    text = starter_config(seen, str(data), train, str(output or "config.yaml"))
    if output is None:
        put(text, end="")
    else:
        write_bytes(output, text.encode())
        complain(f"{output}: written; train with: mlp train {output}")
    return 0
