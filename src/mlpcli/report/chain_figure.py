"""A picture of the chain: the computation graph, or of a deep network the norms layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.report.figures import THIN, legend_beside, styles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.figure import Figure

    from mlpcli.check.chain import Chain, ChainLayer

__all__ = ["chain_figure"]

_DEEPEST_GRAPH = 6  # layers; a graph of more is too wide for a page
_MANY_MARKS = 40


def chain_figure(chain: Chain) -> Figure:
    """Return the graph with its norms, or of more than six layers the norms as curves."""
    return (_graph if len(chain.all_rows.layers) <= _DEEPEST_GRAPH else _curves)(chain)


def _title(chain: Chain) -> str:
    rows = chain.all_rows.rows
    return f"$\\delta$ links the layers, not dJ/dW (norms over {rows} row{'s' * (rows != 1)})"


def _graph(chain: Chain) -> Figure:
    """Return the computation graph, forwards on top, deltas with their norms coming back below."""
    from matplotlib.figure import Figure

    layers = chain.all_rows.layers
    depth, slope = len(layers), _math(f"{chain.activation.letter}'")
    figure = Figure(figsize=(2.6 * depth + 2.4, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_xlim(-0.6, depth + 1.1)
    axes.set_ylim(-1.9, 1.5)
    _node(axes, 0, 1, "$X = Z_0$", "lightgrey")
    for layer in layers:
        i = layer.layer
        _node(axes, i, 1, f"$Z_{{{i}}}$" if i < depth else f"$Z_{{{i}}}$, J", "lightgrey")
        _node(axes, i, 0, f"$\\delta_{{{i}}}$\n{layer.delta_norm:.2e}", "#cfe3f5")
        _node(axes, i, -1.2, f"$dJ/dW_{{{i}}}$\n{layer.gradient_norm:.2e}", "#fbe3c4")
        _arrow(axes, (i - 1, 1), (i, 1), f"$W_{{{i}}}" + (f",\\ b_{{{i}}}$" * chain.bias or "$"))
        _arrow(axes, (i, 0), (i, -1.2), f"$Z_{{{i - 1}}}$")
        if layer.amplification is not None:
            carried = f"$W_{{{i + 1}}}$, {slope}\n$\\times${layer.amplification:.3g}"
            _arrow(axes, (i + 1, 0), (i, 0), carried)
    _arrow(axes, (depth, 1), (depth, 0), _math(chain.delta))
    axes.set_title(_title(chain))
    return figure


def _math(letters: str) -> str:
    """Return letters as the code writes them in those of TeX, between dollars.

    A prime stands outside of them: in the text of an SVG TeX's own is another letter.
    """
    tex = letters.replace("sigma", "\\sigma").replace("*", "\\odot")
    return f"${tex}$".replace("'", "$\N{PRIME}$").removesuffix("$$")


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


def _curves(chain: Chain) -> Figure:
    """Return the norms of delta and of dJ/dW, and what each layer does to delta, all in decades."""
    from matplotlib.figure import Figure

    layers = chain.all_rows.layers
    figure = Figure(figsize=(9.4, 6.2), layout="constrained")
    figure.suptitle(_title(chain))
    norms, factors = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    delta, gradient, amplification = styles(3)
    _draw(norms, layers, lambda layer: layer.delta_norm, label="$|\\delta_i|$", **delta)
    _draw(norms, layers, lambda layer: layer.gradient_norm, label="$|dJ/dW_i|$", **gradient)
    norms.set_ylabel("Frobenius norm")
    label = "$|\\delta_i| / |\\delta_{i+1}|$"
    _draw(factors, layers, lambda layer: layer.amplification, label=label, **amplification)
    factors.axhline(1, label="kept as it is", **THIN)
    factors.set_ylabel("amplification")
    factors.set_xlabel("layer i  (backpropagation runs from right to left)")
    factors.set_xlim(0.5, len(layers) + 0.5)
    factors.xaxis.get_major_locator().set_params(integer=True)
    norms.set_title(_span(layers), fontsize=10)
    for axes in (norms, factors):
        axes.grid(alpha=0.3)
        legend_beside(axes)
    return figure


def _draw(
    axes: Any,
    layers: Sequence[ChainLayer],
    of: Callable[[ChainLayer], float | None],
    **style: Any,
) -> None:
    """Draw a number of each layer on a logarithmic axis, a cross at the bottom where it is 0."""
    x = np.array([layer.layer for layer in layers])
    y = np.array([np.nan if (value := of(layer)) is None else value for layer in layers])
    axes.plot(x, np.where(y > 0, y, np.nan), marker="." if x.size <= _MANY_MARKS else "", **style)
    if np.isfinite(y[y > 0]).any():
        axes.set_yscale("log")
    axes.plot(x[y == 0], np.full(np.count_nonzero(y == 0), 0.03), linestyle="", marker="x",
              color=style["color"], transform=axes.get_xaxis_transform())  # fmt: skip


def _span(layers: Sequence[ChainLayer]) -> str:
    """Return by what factor delta changes on its way from the output down to the first layer."""
    first, last = layers[0].delta_norm, layers[-1].delta_norm
    if not np.isfinite(first):
        broken = max(layer.layer for layer in layers if not np.isfinite(layer.delta_norm))
        return f"$\\delta_i$ is no number from layer {broken} down: this network overflows"
    if not first:
        vanished = max(layer.layer for layer in layers if not layer.delta_norm)
        return f"$\\delta_i$ is 0 from layer {vanished} down (crosses)"
    change = f"from $|\\delta_{{{len(layers)}}}|$ = {last:.2g} to $|\\delta_1|$ = {first:.2g}"
    each = (first / last) ** (1 / (len(layers) - 1)) if last else np.inf
    return f"{change}: a factor of {each:.3g} per layer on the way down"
