"""`mlp compare-losses`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlpcli.cli.command import Json, Overrides
from mlpcli.cli.console import complain, put, put_words
from mlpcli.cli.pictures import accept, draw, put_chart

if TYPE_CHECKING:
    from mlpcli.report.compare_losses import Comparison

__all__ = ["compare_losses"]


def compare_losses(
    config: Annotated[
        Path | None, typer.Argument(metavar="[CONFIG]", help="YAML config.", show_default=False)
    ] = None,
    overrides: Overrides = None,
    form: Annotated[
        list[str] | None,
        typer.Option("--form", metavar="F", help="Only these; also torch, keras, scikit-learn."),
    ] = None,
    dtype: Annotated[
        list[str] | None,
        typer.Option("--dtype", metavar="D", help="Only these: float16, .., longdouble."),
    ] = None,
    logits: Annotated[
        str | None, typer.Option("--logits", metavar="LO:HI:STEP", help="Default -800 to 800.")
    ] = None,
    epsilon: Annotated[
        str | None,
        typer.Option("--epsilon", metavar="E", help="A number, or torch, keras, scikit-learn."),
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="M", help="Trained weights for the layers.")
    ] = None,
    weight_scale: Annotated[
        float | None,
        typer.Option("--weight-scale", metavar="S", help="Multiplies the first weights."),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", metavar="N", min=1, help="Runs per form; default 3.")
    ] = None,
    json: Json = False,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw it: png, svg or pdf.")
    ] = None,
) -> int:
    """Compare the forms of the BCE derivative with the exact value.

    Example: mlp compare-losses --dtype float32 --form naive --form stable

    With a CONFIG also the gradient of each layer under each form, and training under each form.
    """
    from mlpcli.cli.comparison_request import parse_request

    accept(plot)
    request = parse_request(form, dtype, logits, epsilon, weight_scale, seeds)
    if config is None:
        request.refuse_data_options(model, overrides or ())
        result = request.on_grid()
    else:
        from mlpcli.config import load_config

        result = request.with_data(load_config(config, overrides or ()), model, complain)
    undrawn = plot is not None and _draw(plot, result)
    if json:
        _put_document(result)
    else:
        _put_text(result)
        if undrawn:
            from mlpcli.report.charts import comparison_chart

            put_chart(comparison_chart(result))
    return 0


def _draw(plot: Path, result: Comparison) -> bool:
    from mlpcli.report.comparison_plots import comparison_figure

    return draw(plot, lambda: comparison_figure(result))


def _put_document(result: Comparison) -> None:
    from mlpcli.report.compare_losses import comparison_json

    for piece in comparison_json(result):
        put(piece, end="")
    put("")


def _put_text(result: Comparison) -> None:
    from mlpcli.report.comparison_text import grid_sections

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    sections = list(grid_sections(result, width))
    if result.layers or result.training:
        from mlpcli.report.comparison_runs import run_sections

        sections += run_sections(result, width)
    for k, section in enumerate(sections):
        if k:
            put("")
        lines = section.title.splitlines()
        put_words(*([" ".join(lines)] if sys.stdout.isatty() else lines))
        for line in section.table:
            put(line)
        put_words(*section.words)
