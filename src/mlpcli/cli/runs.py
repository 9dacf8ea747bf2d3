"""`mlp runs`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli import completion
from mlpcli.cli.command import Json
from mlpcli.cli.console import complain, put_json, put_table
from mlpcli.cli.other_names import score_hint
from mlpcli.errors import UsageError
from mlpcli.names import SCORES

__all__ = ["runs"]


def runs(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[DIR]...", help="Default runs.", show_default=False),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort",
            metavar="METRIC",
            autocompletion=completion.scores,
            help="Best first; default by name.",
        ),
    ] = None,
    json: Json = False,
) -> int:
    """Show runs side by side: the keys in which their configs differ, and their scores.

    Example: mlp runs runs --sort roc_auc

    A score is that of the test rows, else of the validation rows, else of the training rows.
    """
    from mlpcli.report.runs import runs_document, runs_table
    from mlpcli.training.past_runs import read_runs, sort_runs

    if sort is not None and sort not in SCORES:
        raise UsageError(f'--sort: unknown score "{sort}"{score_hint(sort)}')
    chosen = folders or [Path("runs")]
    found, problems = read_runs(chosen)
    complain(*problems)
    if not found:
        raise UsageError(f"{', '.join(map(str, chosen))}: no run here; `mlp train` makes one")
    if sort is not None:
        found = sort_runs(found, sort)
    if json:
        put_json(runs_document(found))
    else:
        put_table(runs_table(found, sort))
    return 0
