"""`mlp train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlpcli.cli import completion
from mlpcli.cli.command import Force, Json, Overrides, Quiet, plot_option
from mlpcli.cli.console import complain, draw, put_chart, put_json, put_table, warn
from mlpcli.cli.kinds import expect
from mlpcli.cli.paths import refuse_written
from mlpcli.cli.shortcuts import settings_of, shortcut
from mlpcli.cli.straight import plan_for
from mlpcli.files import refuse_inputs

if TYPE_CHECKING:
    from mlpcli.training.result import TrainingResult

__all__ = ["train"]

DIVERGED = 3


def train(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="CONFIG|DATA",
            help="YAML config, or a table with --target.",
            callback=expect("config", "table", "run folder"),
        ),
    ],
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            metavar="COL",
            autocompletion=completion.columns,
            help="Column to predict; repeat it for several.",
        ),
    ] = None,
    overrides: Overrides = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Run folder; runs/NAME by default.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted run.")
    ] = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    plot: Annotated[Path | None, plot_option("Draw losses: png, svg or pdf.")] = None,
    epochs: Annotated[str | None, shortcut("--epochs")] = None,
    learning_rate: Annotated[str | None, shortcut("--learning-rate")] = None,
    hidden: Annotated[str | None, shortcut("--hidden")] = None,
    batch_size: Annotated[str | None, shortcut("--batch-size")] = None,
    seed: Annotated[str | None, shortcut("--seed")] = None,
) -> int:
    """Train the network of a config and store the best weights.

    Example: mlp train configs/moons.yaml --epochs 50 --out runs/mine

    Straight from a table, which is what does not end in .yaml or .yml, by the config that mlp init
    would write, and that the run folder keeps: mlp train data/penguins.csv --target sex

    Exit status: 0 done, 2 bad config or data, 3 diverged, 130 or 143 interrupted (go on with
    --resume).
    """
    given = {"--epochs": epochs, "--learning-rate": learning_rate, "--hidden": hidden,
             "--batch-size": batch_size, "--seed": seed}  # fmt: skip
    plan = plan_for(source, target or (), [*(overrides or ()), *settings_of(given)])
    refuse_written(plan.config.tables)

    from mlpcli.cli.progress import SilentProgress, suitable_progress
    from mlpcli.training.run import train as run
    from mlpcli.training.run_folder import run_folder_for

    if not resume:
        refuse_inputs(run_folder_for(plan.config, out).files, [source])
    if not quiet:
        warn(*plan.notes)
    with SilentProgress() if quiet else suitable_progress() as progress:
        progress.said = plan.notes
        result = run(plan.config, out=out, resume=resume, force=force, observer=progress)
    _put(result, plot, json=json, quiet=quiet)
    if not quiet:
        warn(*result.hints)
    if result.divergence is not None:
        complain(result.divergence.message(), meaning="error")
        return DIVERGED
    return 0


def _put(result: TrainingResult, plot: Path | None, *, json: bool, quiet: bool) -> None:
    """Draw the run where a picture is wanted, and print what came of it."""
    from mlpcli.report.train import read_history, training_chart, training_table
    from mlpcli.report.train_figure import training_figure
    from mlpcli.training.run_folder import RunFolder

    history = RunFolder(result.path.parent).history
    undrawn = draw(plot, lambda: training_figure(read_history(history), result))
    if json:
        put_json(result.to_document())
    elif not quiet:
        put_table(training_table(result))
        if undrawn:
            put_chart(training_chart(read_history(history)))
