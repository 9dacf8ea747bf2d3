"""`mlp crossval`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli.command import ConfigFile, Force, Json, Overrides, Quiet, read_config
from mlpcli.cli.console import complain, put, put_json, put_tables, put_words, warn

__all__ = ["crossval"]

DIVERGED = 3


def crossval(
    config: ConfigFile,
    overrides: Overrides = None,
    folds: Annotated[
        int, typer.Option("--folds", metavar="K", min=2, help="Parts of the rows.")
    ] = 5,
    seeds: Annotated[
        int, typer.Option("--seeds", metavar="N", min=1, help="How often, each with its own seed.")
    ] = 1,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", metavar="N", min=1, help="Most processes; default one per core."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Default runs/NAME-crossval.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the folds that are done, add what is missing.")
    ] = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Predict every row once by a model that has not seen it, and measure.

    Example: mlp crossval configs/breast_cancer.yaml --folds 5

    Folds that are done are kept: after Ctrl-C the same command goes on. Exit status: 0 done, 2 bad
    config or data, 3 a fold diverged, 130 or 143 interrupted.
    """
    settings = read_config(config, overrides)

    from mlpcli.cli.fold_progress import SilentFolds, suitable_fold_progress
    from mlpcli.report.crossval import crossval_tables, crossval_words
    from mlpcli.training.crossval import crossval as run
    from mlpcli.training.fold_folder import fold_folder_for

    fold_folder_for(settings, out).refuse_inputs([config])
    with SilentFolds() if quiet else suitable_fold_progress() as progress:
        result = run(settings, folds=folds, seeds=seeds, jobs=jobs, out=out, resume=resume,
                     force=force, observer=progress)  # fmt: skip
    if not quiet:
        warn(*result.notes())
    if json:
        put_json(result.to_document())
    elif not quiet:
        put_tables(crossval_tables(result))
        put("")
        put_words(*crossval_words(result))
    for fold in result.diverged:
        complain(f"fold {fold.number}, seed {fold.seed}: {fold.reason}", meaning="error")
    return DIVERGED if result.diverged else 0
