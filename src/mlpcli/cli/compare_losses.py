"""`mlp compare-losses`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli.command import Json, Overrides
from mlpcli.cli.console import complain, put, put_json, put_table

__all__ = ["compare_losses"]


def compare_losses(
    config: Annotated[
        Path | None, typer.Argument(metavar="[CONFIG]", help="YAML config.", show_default=False)
    ] = None,
    overrides: Overrides = None,
    form: Annotated[
        list[str] | None, typer.Option("--form", metavar="F", help="Only these; also torch, keras.")
    ] = None,
    dtype: Annotated[
        list[str] | None, typer.Option("--dtype", metavar="D", help="Only these; float32, ..")
    ] = None,
    logits: Annotated[
        str | None, typer.Option("--logits", metavar="LO:HI:STEP", help="Default -800 to 800.")
    ] = None,
    epsilon: Annotated[
        str | None, typer.Option("--epsilon", metavar="E", help="A number, or torch, keras, ..")
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="M", help="Trained weights for the layers.")
    ] = None,
    weight_scale: Annotated[
        float, typer.Option("--weight-scale", metavar="S", help="Multiplies the first weights.")
    ] = 1.0,
    seeds: Annotated[
        int, typer.Option("--seeds", metavar="N", min=1, help="Training runs per form.")
    ] = 3,
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

    request = parse_request(form, dtype, logits, epsilon, weight_scale)
    if config is None and (model is not None or weight_scale != 1 or overrides):
        from mlpcli.errors import UsageError

        raise UsageError("--model, --weight-scale and --set need a CONFIG")
    settings = None
    if config is not None:
        from mlpcli.config import load_config

        settings = load_config(config, overrides or ())

    from mlpcli.report.comparison import comparison_document, comparison_tables

    result = request.run(settings, model=model, seeds=seeds, progress=complain)
    if json:
        put_json(comparison_document(result))
    else:
        for table in comparison_tables(result):
            put_table(table)
            put("")
    if plot is not None:
        from mlpcli.cli.pictures import draw
        from mlpcli.report.comparison_plots import comparison_chart, comparison_figure

        draw(plot, lambda: comparison_figure(result), lambda: comparison_chart(result))
    return 0
