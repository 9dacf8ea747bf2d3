"""`mlp report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli.command import Force
from mlpcli.cli.console import put

__all__ = ["report"]


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The page: FILE.html.")
    ],
    force: Force = False,  # noqa: ARG001  judged in cli/paths.py
) -> int:
    """Write one page about a run, which needs no network.

    Example: mlp report runs/moons -o moons.html

    It holds metrics with intervals, curves, ROC, calibration, the confusion with a slider for the
    threshold, importance, the gradient check, the chain and the config. The data are read again;
    where they are gone or have changed, the sections that need them say so.
    """
    from mlpcli.cli.report_facts import run_facts
    from mlpcli.files import write_bytes
    from mlpcli.report.page import run_page

    page = run_page(run_facts(run))
    write_bytes(output, page.encode())
    put(f"{output}: written; open it in a browser")
    return 0
