"""The chain from layer to layer: as a table, in words, as a JSON document, and as pictures."""

from __future__ import annotations

from dataclasses import asdict
from math import floor, inf, log10
from typing import TYPE_CHECKING, Any

from mlpcli.report.figures import bar
from mlpcli.report.table import Table, number
from mlpcli.text import finite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

    from mlpcli.check.chain import Chain, ChainLayer, ChainView

__all__ = ["chain_chart", "chain_document", "chain_graph", "chain_table", "chain_words"]


def chain_table(view: ChainView) -> Table:
    """Return one row per layer, from the output down, as backpropagation runs."""
    rows = f"{view.rows} row{'s' if view.rows > 1 else ''}"
    header = ("layer", "W", "|delta|", "|dJ/dW|", "amplification", "closed form error", "rank",
              "recoverable", "recovery error")  # fmt: skip
    return Table(f"with {rows}", header, tuple(map(_row, reversed(view.layers))))


def _row(layer: ChainLayer) -> tuple[str, ...]:
    return (
        str(layer.layer),
        "x".join(map(str, layer.shape)),
        number(layer.delta_norm),
        number(layer.gradient_norm),
        number(layer.amplification),
        number(layer.closed_form_error),
        number(layer.rank, "d"),
        {None: "-", True: "yes", False: "no"}[layer.recoverable],
        number(layer.recovery_error),
    )


def chain_words(chain: Chain) -> Iterator[str]:
    """Yield the explanation of the tables, with the numbers of this network."""
    depth, rows = len(chain.all_rows.layers), chain.all_rows.rows
    loss, letter = chain.loss, chain.activation.letter
    elsewhere = " elsewhere" if loss.canonical else ""
    yield (
        f"The link between layers is delta, not dJ/dW: delta_L = {loss.written}, delta_i = "
        f"(delta_{{i+1}} W_{{i+1}}) * {letter}'(H_i), and dJ/dW_i = delta_i^T Z_{{i-1}}. "
        f"The closed form (Z_i - Y)^T Z_{{i-1}}/N {loss.closed}; its column shows by how much "
        f"it is wrong{elsewhere} (1 is 100 %)."
    )
    if depth == 1:
        yield "With one layer there is nothing to connect."
        return
    lowest = chain.one_row.layers[0].recovery_error
    error = "" if lowest is None else f" (recovery error {number(lowest)} at layer 1)"
    why = " since delta_{i+1} = dJ/db_{i+1}" if chain.bias else ""
    inputs = "[Z_i 1]" if chain.bias else "Z_i"
    yield (
        f"With one row dJ/dW_i does follow from the gradient above{why}{error}. "
        f"With n rows that takes {inputs} of rank n: here up to n = {chain.full_rank.rows}."
    )
    lost = [layer for layer in chain.all_rows.layers if layer.recoverable is False]
    if lost:
        where = ", ".join(f"rank {layer.rank} at layer {layer.layer}" for layer in lost)
        yield (
            f"With all {rows} rows it is {where}: many deltas share the same dJ/dW above and "
            "differ in dJ/dW below, so no formula can connect the two without delta. (Where the "
            "recovery error is small all the same, delta lies near those that one can recover.)"
        )


def _view(view: ChainView) -> dict[str, Any]:
    return {"rows": view.rows, "layers": [_layer(layer) for layer in view.layers]}


def _layer(layer: ChainLayer) -> dict[str, Any]:
    found = {**asdict(layer), "shape": list(layer.shape)}
    document = finite(found)
    if document != found:
        document["reason"] = "non-finite: the numbers of this network overflow"
    return document


def chain_document(chain: Chain) -> dict[str, Any]:
    """Return the document of `mlp chain --json`."""
    views = {"one_row": chain.one_row, "full_rank": chain.full_rank, "all_rows": chain.all_rows}
    return {
        "schema": "mlp.chain/1",
        **_view(chain.all_rows),
        "views": {name: _view(view) for name, view in views.items()},
    }


def chain_chart(chain: Chain) -> str:
    """Return a bar per layer for the norm of its delta, each decade the same length."""
    layers = list(reversed(chain.all_rows.layers))
    logs = [log10(layer.delta_norm) for layer in layers if 0 < layer.delta_norm < inf]
    low, high = (floor(min(logs)), max(logs)) if logs else (0, 1)
    lines = [f"norm of delta from the output down, on a logarithmic scale from 1e{low}"]
    for layer in layers:
        norm = layer.delta_norm
        share = (log10(norm) - low) / ((high - low) or 1) if 0 < norm < inf else 0
        lines.append(f"delta_{layer.layer:<3} {bar(share)} {norm:.2e}")
    return "\n".join(lines)


def chain_graph(chain: Chain) -> Figure:
    """Return the computation graph, forwards on top, deltas with their norms coming back below."""
    from matplotlib.figure import Figure

    view = chain.all_rows
    depth = len(view.layers)
    figure = Figure(figsize=(2.6 * depth + 2.4, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_xlim(-0.6, depth + 1.0)
    axes.set_ylim(-1.9, 1.5)
    _node(axes, 0, 1, "$X = Z_0$", "lightgrey")
    for layer in view.layers:
        i = layer.layer
        _node(axes, i, 1, f"$Z_{{{i}}}$" if i < depth else f"$Z_{{{i}}}$, J", "lightgrey")
        _node(axes, i, 0, f"$\\delta_{{{i}}}$\n{layer.delta_norm:.2e}", "#cfe3f5")
        _node(axes, i, -1.2, f"$dJ/dW_{{{i}}}$\n{layer.gradient_norm:.2e}", "#fbe3c4")
        _arrow(axes, (i - 1, 1), (i, 1), f"$W_{{{i}}},\\ b_{{{i}}}$")
        _arrow(axes, (i, 0), (i, -1.2), f"$Z_{{{i - 1}}}$")
        if layer.amplification is not None:
            carried = f"$W_{{{i + 1}}},\\ \\sigma'$\n$\\times${layer.amplification:.3g}"
            _arrow(axes, (i + 1, 0), (i, 0), carried)
    _arrow(axes, (depth, 1), (depth, 0), "$z - y$")
    axes.set_title(f"$\\delta$ links the layers, not dJ/dW (norms over {view.rows} rows)")
    return figure


def _node(axes: Any, x: float, y: float, text: str, colour: str) -> None:
    box = {"boxstyle": "round,pad=0.45", "facecolor": colour, "edgecolor": "black"}
    axes.text(x, y, text, ha="center", va="center", fontsize=9, bbox=box, color="black")


def _arrow(axes: Any, start: tuple[float, float], end: tuple[float, float], text: str) -> None:
    style = {"arrowstyle": "-|>", "color": "dimgrey", "shrinkA": 28, "shrinkB": 28}
    axes.annotate("", xy=end, xytext=start, arrowprops=style)
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    across = start[1] == end[1]
    axes.text(
        middle[0] + (0 if across else 0.08), middle[1] + (0.12 if across else 0), text,
        ha="center" if across else "left", va="bottom" if across else "center", fontsize=8,
        color="dimgrey",
    )  # fmt: skip
