"""The chain from layer to layer as a table, in words, and as a JSON document."""

from __future__ import annotations

from dataclasses import asdict
from math import isfinite
from typing import TYPE_CHECKING, Any

from mlpcli.report.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.chain import Chain, ChainLayer, ChainView

__all__ = ["chain_document", "chain_table", "chain_words"]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _row(layer: ChainLayer) -> tuple[str, ...]:
    recoverable = {None: "-", True: "yes", False: "no"}[layer.recoverable]
    return (
        str(layer.layer),
        "x".join(map(str, layer.shape)),
        _number(layer.delta_norm),
        _number(layer.gradient_norm),
        _number(layer.amplification),
        _number(layer.closed_form_error),
        "-" if layer.rank is None else str(layer.rank),
        recoverable,
        _number(layer.recovery_error),
    )


def chain_table(view: ChainView) -> Table:
    """Return one row per layer, from the output down, as backpropagation runs."""
    rows = f"{view.rows} row{'s' if view.rows > 1 else ''}"
    header = ("layer", "W", "|delta|", "|dJ/dW|", "amplification", "closed form error", "rank",
              "recoverable", "recovery error")  # fmt: skip
    return Table(f"with {rows}", header, tuple(_row(layer) for layer in reversed(view.layers)))


def chain_words(chain: Chain) -> Iterator[str]:
    """Yield the explanation of the tables, with the numbers of this network."""
    depth, rows = len(chain.all_rows.layers), chain.all_rows.rows
    start, where = "(Z_L - Y)/N", "is right at the last layer only; its column shows by how much it"
    if chain.kind == "mse":
        start = "2 (Z_L - Y) * sigma'(H_L)/N"
        where = (
            "belongs to cross-entropy and is right nowhere here; its column shows by how much it"
        )
    yield (
        f"The link between layers is delta, not dJ/dW: delta_L = {start}, delta_i = "
        "(delta_{i+1} W_{i+1}) * sigma'(H_i), and dJ/dW_i = delta_i^T Z_{i-1}. "
        f"The closed form (Z_i - Y)^T Z_{{i-1}}/N {where} is wrong"
        + (" (1 is 100 %)." if chain.kind == "mse" else " elsewhere (1 is 100 %).")
    )
    if depth == 1:
        yield "With one layer there is nothing to connect."
        return
    lowest = chain.one_row.layers[0].recovery_error
    error = "" if lowest is None else f" (recovery error {_number(lowest)} at layer 1)"
    why, inputs = "", "Z_i"
    if chain.bias:
        why, inputs = " since delta_{i+1} = dJ/db_{i+1}", "[Z_i 1]"
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
    document = {**asdict(layer), "shape": list(layer.shape)}
    overflown = [key for key, v in document.items() if isinstance(v, float) and not isfinite(v)]
    if overflown:
        document |= dict.fromkeys(overflown)
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
