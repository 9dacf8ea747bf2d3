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

    from mlpcli.checking import find_case
    from mlpcli.gradients.chain import chain as link
    from mlpcli.report.chain import chain_document, chain_table, chain_words
    from mlpcli.report.plots import chain_graph, require_matplotlib, to_bytes
    from mlpcli.training.storage import write_bytes

    if plot is not None:
        require_matplotlib(plot)
    result = link(find_case(settings, model=model, rows=rows))
    if json:
        put_json(chain_document(result))
    else:
        views = (result.one_row, result.full_rank, result.all_rows)
        for view in {view.rows: view for view in views}.values():
            put_table(chain_table(view))
            put("")
        put_words(*chain_words(result))
    if plot is not None:
        write_bytes(plot, to_bytes(chain_graph(result), plot))
    return 0
