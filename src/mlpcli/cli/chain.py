"""`mlp chain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli.command import ConfigFile, Json, Overrides
from mlpcli.cli.console import put, put_json, put_table, put_words

__all__ = ["chain"]


def chain(
    config: ConfigFile,
    overrides: Overrides = None,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="M", help="Trained weights, not fresh ones.")
    ] = None,
    rows: Annotated[
        int | None, typer.Option("--rows", metavar="N", min=1, help="Rows; default all, to 1000.")
    ] = None,
    json: Json = False,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw the graph: png, svg, pdf.")
    ] = None,
) -> int:
    """Show how the gradient of each layer is made from the layer above.

    Example: mlp chain configs/moons.yaml
    """
    from mlpcli.config import load_config

    settings = load_config(config, overrides or ())

    from mlpcli.check.chain import chain as link
    from mlpcli.cli.pictures import accept, draw, put_chart
    from mlpcli.cli.request import find_case
    from mlpcli.report.chain import chain_document, chain_table, chain_words
    from mlpcli.report.check_charts import chain_chart
    from mlpcli.report.plots import chain_graph

    accept(plot)
    result = link(find_case(settings, model=model, rows=rows))
    charted = draw(plot, lambda: chain_graph(result))
    if json:
        put_json(chain_document(result))
    else:
        views = (result.one_row, result.full_rank, result.all_rows)
        for view in {view.rows: view for view in views}.values():
            put_table(chain_table(view))
            put("")
        put_words(*chain_words(result))
        if charted:
            put_chart(chain_chart(result))
    return 0
