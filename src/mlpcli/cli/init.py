"""`mlp init`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli.command import Force, Output
from mlpcli.cli.console import complain, put

__all__ = ["init"]


def init(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="CSV or Parquet file.")],
    target: Annotated[str, typer.Option("--target", metavar="COL", help="Column to predict.")],
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
    text = starter_config(survey(data, target), str(data), train, str(output or "config.yaml"))
    if output is None:
        put(text, end="")
    else:
        write_bytes(output, text.encode())
        complain(f"{output}: written; train with: mlp train {output}")
    return 0
