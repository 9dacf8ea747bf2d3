"""The chain from layer to layer: as a table, in words, as a JSON document, and as a chart."""

from __future__ import annotations

from dataclasses import asdict
from math import floor, inf, log10
from typing import TYPE_CHECKING, Any

from mlpcli.report.figures import bar
from mlpcli.report.table import Table, number
from mlpcli.text import finite, show_ranges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.chain import Chain, ChainLayer, ChainView

__all__ = [
    "MOST_LAYERS",
    "chain_answer",
    "chain_chart",
    "chain_document",
    "chain_more",
    "chain_table",
    "chain_words",
]

MOST_LAYERS = 14  # of an answer; more fill more than a screen


def chain_table(view: ChainView, most: int | None = None) -> Table:
    """Return one row per layer, from the output down, as backpropagation runs.

    Of more than `most` layers those in the middle are left out.
    """
    header = ("layer", "W", "|delta|", "|dJ/dW|", "amplification", "closed form error", "rank",
              "recoverable", "recovery error")  # fmt: skip
    rows = [*map(_row, reversed(view.layers))]
    if most is not None and len(rows) > most:
        rows[most // 2 : -(most // 2)] = [("..", *[""] * (len(header) - 1))]
    return Table(f"with {_rows(view.rows)}", header, tuple(rows))


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


def chain_answer(chain: Chain) -> Iterator[str]:
    """Yield the link between the layers, and whether one gradient tells the next, in short."""
    letter, rows = chain.activation.letter, chain.all_rows.rows
    yield (
        f"delta links the layers, not dJ/dW: delta_i = (delta_{{i+1}} W_{{i+1}}) * {letter}'(H_i), "
        f"from delta_L = {chain.delta}; each dJ/dW_i = delta_i^T Z_{{i-1}}."
    )
    if len(chain.all_rows.layers) == 1:
        return
    inputs = "[Z_i 1]" if chain.bias else "Z_i"
    lost = _ranks(chain, "{rank} at layer{s} {layers}")
    enough = f"which takes {inputs} of rank {rows}"
    if lost:
        yield (
            f"With {rows} rows dJ/dW_i does not follow from the gradient above, {enough}: it has "
            f"{lost}. With up to {_rows(chain.full_rank.rows)} it does."
        )
    else:
        yield f"With {_rows(rows)} dJ/dW_i follows from the gradient above, {enough}."


def chain_more(chain: Chain) -> str | None:
    """Return what --details adds where the answer leaves layers out, None where it does not."""
    depth = len(chain.all_rows.layers)
    if depth <= MOST_LAYERS:
        return None
    few = dict.fromkeys(_rows(view.rows) for view in (chain.one_row, chain.full_rank))
    return f"--details: all {depth} layers, and the same with {' and '.join(few)}"


def _ranks(chain: Chain, words: str) -> str:
    """Return where dJ/dW does not follow with all rows, by rank, in these words; "" if nowhere."""
    layers: dict[int | None, list[int]] = {}
    for layer in chain.all_rows.layers:
        if layer.recoverable is False:
            layers.setdefault(layer.rank, []).append(layer.layer)
    return ", ".join(
        words.format(rank=rank, layers=show_ranges(some), s="s" if len(some) > 1 else "")
        for rank, some in layers.items()
    )


def _rows(count: int) -> str:
    return f"{count} row{'s' if count > 1 else ''}"


def chain_words(chain: Chain) -> Iterator[str]:
    """Yield the explanation of the tables, with the numbers of this network."""
    depth, rows = len(chain.all_rows.layers), chain.all_rows.rows
    loss, letter = chain.loss, chain.activation.letter
    elsewhere = " elsewhere" if loss.canonical else ""
    yield (
        f"The link between layers is delta, not dJ/dW: delta_L = {chain.delta}, delta_i = "
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
    lost = _ranks(chain, "rank {rank} at layer{s} {layers}")
    if lost:
        yield (
            f"With all {rows} rows it is {lost}: many deltas share the same dJ/dW above and "
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
