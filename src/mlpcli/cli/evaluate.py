"""`mlp evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli.command import Json, ModelFile
from mlpcli.cli.console import complain, put_json, put_table, warn
from mlpcli.cli.pictures import accept, draw, put_chart

__all__ = ["evaluate"]

CHECK_FAILED = 1
_BOUND = "SCORE=VALUE"


def evaluate(
    model: ModelFile,
    data: Annotated[str, typer.Argument(metavar="DATA", help="Table with the target; a glob too.")],
    threshold: Annotated[
        float | None, typer.Option("--threshold", metavar="T", help="Instead of the model's own.")
    ] = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option("--fail-under", metavar=_BOUND, help="Exit 1 if the score is lower."),
    ] = None,
    fail_over: Annotated[
        list[str] | None,
        typer.Option("--fail-over", metavar=_BOUND, help="Exit 1 if the score is higher."),
    ] = None,
    bootstrap: Annotated[
        int, typer.Option("--bootstrap", metavar="B", min=0, help="Intervals from B resamples.")
    ] = 0,
    json: Json = False,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw curves: png, svg or pdf.")
    ] = None,
) -> int:
    """Measure a model on labelled rows.

    Example: mlp evaluate model.safetensors new.csv --fail-under roc_auc=0.9

    Exit status: 0 done, 1 a score is beyond its bound, 2 bad model or data.
    """
    from mlpcli.cli.bounds import parse_bounds, probability

    accept(plot)
    bounds = [
        *parse_bounds(fail_under or (), lower=True),
        *parse_bounds(fail_over or (), lower=False),
    ]
    chosen = None if threshold is None else probability(threshold)

    from mlpcli.report.documents import evaluation_document
    from mlpcli.report.evaluation_plots import evaluation_chart, evaluation_figure
    from mlpcli.report.tables import evaluation_table
    from mlpcli.training.evaluate import evaluate as measure
    from mlpcli.training.model_file import load_model

    result = measure(load_model(model), data, threshold=chosen, bootstrap=bootstrap)
    warn(*result.notes)
    title = f"{model} on {data}"
    undrawn = draw(plot, lambda: evaluation_figure(result, title))
    if json:
        put_json(evaluation_document(result, str(model), data))
    else:
        put_table(evaluation_table(result, title))
        if undrawn:
            put_chart(evaluation_chart(result))
    failures = [line for bound in bounds if (line := bound.failure(result.metrics))]
    complain(*failures)
    return CHECK_FAILED if failures else 0
