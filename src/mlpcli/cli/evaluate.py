"""`mlp evaluate`."""

from __future__ import annotations

import math
from operator import ge, le
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlpcli.cli import completion
from mlpcli.cli.command import Json, ModelFile, Threshold, plot_option
from mlpcli.cli.console import complain, draw, put_chart, put_json, put_tables, warn
from mlpcli.cli.counter import counting
from mlpcli.cli.kinds import expect
from mlpcli.cli.other_names import score_hint
from mlpcli.errors import UsageError
from mlpcli.names import SCORES
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from mlpcli.training.evaluate import Evaluation
    from mlpcli.training.metrics import Scores

__all__ = ["evaluate"]

CHECK_FAILED = 1
_BOUND = "SCORE=VALUE"
_EXAMPLES = {"--fail-under": "roc_auc=0.9", "--fail-over": "loss=0.3"}


def evaluate(
    model: ModelFile,
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA", help="Table with the target; a glob too.", callback=expect("table")
        ),
    ],
    threshold: Threshold = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-under",
            metavar=_BOUND,
            autocompletion=completion.bounds,
            help="Exit 1 if the score is lower.",
        ),
    ] = None,
    fail_over: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-over",
            metavar=_BOUND,
            autocompletion=completion.bounds,
            help="Exit 1 if the score is higher.",
        ),
    ] = None,
    bootstrap: Annotated[
        int,
        typer.Option(
            "--bootstrap", metavar="B", min=0, max=100_000, help="Intervals from B resamples."
        ),
    ] = 0,
    importance: Annotated[
        bool, typer.Option("--importance", help="How much each column matters, with intervals.")
    ] = False,
    json: Json = False,
    plot: Annotated[Path | None, plot_option("Draw curves: png, svg or pdf.")] = None,
) -> int:
    """Measure a model on labelled rows.

    Example: mlp evaluate runs/moons new.csv --fail-under roc_auc=0.9

    Exit status: 0 done, 1 a score is beyond its bound, 2 bad model or data.
    """
    bounds = [
        *(_parse_bound("--fail-under", text) for text in fail_under or ()),
        *(_parse_bound("--fail-over", text) for text in fail_over or ()),
    ]

    from mlpcli.training.evaluate import evaluate as measure
    from mlpcli.training.model_file import load_model

    result = measure(load_model(model), data, threshold=threshold, bootstrap=bootstrap,
                     importance=importance, counting=counting)  # fmt: skip
    warn(*result.notes)
    _put(result, model, data, plot, json=json)
    failures = [line for bound in bounds if (line := bound.failure(result.metrics))]
    complain(*failures, meaning="error")
    return CHECK_FAILED if failures else 0


def _put(result: Evaluation, model: Path, data: str, plot: Path | None, *, json: bool) -> None:
    """Draw the evaluation where a picture is wanted, and print it."""
    from mlpcli.report.evaluate import evaluation_chart, evaluation_document, evaluation_tables
    from mlpcli.report.evaluate_figure import evaluation_figure

    title = f"{model} on {data}"
    undrawn = draw(plot, lambda: evaluation_figure(result, title))
    if json:
        put_json(evaluation_document(result, str(model), data))
        return
    put_tables(evaluation_tables(result, title))
    if undrawn:
        put_chart(evaluation_chart(result))


@dataclass(frozen=True)
class _Bound:
    """A value that a score must not be below, or by --fail-over above."""

    option: str
    score: str
    value: float

    def failure(self, metrics: Scores) -> str | None:
        """Return a line that says how the bound is broken, None if it holds.

        A score that these rows do not have breaks every bound.
        """
        got = getattr(metrics, self.score)
        sign, holds = (">=", ge) if self.option == "--fail-under" else ("<=", le)
        if got is not None and holds(got, self.value):
            return None
        found = f"none: {metrics.reason}" if got is None else f"{got:.6g}"
        return f"{self.option} {self.score}: expected {sign} {self.value:g}, got {found}"


def _parse_bound(option: str, text: str) -> _Bound:
    """Read "SCORE=VALUE"; raises UsageError for an unknown score or a value that is none."""
    score, equals, value = text.partition("=")
    if not equals:
        example = _EXAMPLES[option]
        raise UsageError(f'{option}: expected SCORE=VALUE, such as {example}, got "{text}"')
    if score not in SCORES:
        raise UsageError(f'{option}: unknown score "{score}"{score_hint(score)}')
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f'{option} {score}: expected a number, got "{value}"')
    return _Bound(option, score, number)
