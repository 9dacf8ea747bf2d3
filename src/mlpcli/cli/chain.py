"""`mlp chain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from mlpcli.cli.command import (
    ConfigFile,
    Details,
    Json,
    Overrides,
    Rows,
    Weights,
    find_case,
    plot_option,
    read_config,
)
from mlpcli.cli.console import draw, put, put_chart, put_json, put_table, put_words

__all__ = ["chain"]


def chain(
    config: ConfigFile,
    overrides: Overrides = None,
    model: Weights = None,
    rows: Rows = None,
    details: Details = False,
    json: Json = False,
    plot: Annotated[Path | None, plot_option("Draw the graph: png, svg, pdf.")] = None,
) -> int:
    """Show how the gradient of each layer is made from the layer above.

    Example: mlp chain configs/moons.yaml
    """
    settings = read_config(config, overrides)

    from mlpcli.check.chain import chain as link
    from mlpcli.report import chain as report
    from mlpcli.report.chain_figure import chain_figure

    result = link(find_case(settings, model=model, rows=rows))
    undrawn = draw(plot, lambda: chain_figure(result))
    if json:
        put_json(report.chain_document(result))
        return 0
    put_words(*report.chain_answer(result))
    put("")
    put_table(report.chain_table(result.all_rows, None if details else report.MOST_LAYERS))
    more = report.chain_more(result)
    if more and not details:
        put("")
        put_words(more)
    if details:
        for view in {view.rows: view for view in (result.one_row, result.full_rank)}.values():
            put("")
            put_table(report.chain_table(view))
        put("")
        put_words(*report.chain_words(result))
    if undrawn:
        put_chart(report.chain_chart(result))
    return 0
