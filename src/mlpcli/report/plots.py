"""Pictures, by matplotlib, which is an extra: heat maps of a check, the graph of a chain."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from mlpcli.check.chain import Chain, ChainView
    from mlpcli.check.run import GradcheckResult
    from mlpcli.check.verdict.rule import TensorResult

__all__ = [
    "chain_graph",
    "error_heat_map",
    "matplotlib_missing",
    "require_format",
    "to_bytes",
]

_FORMATS = ("png", "svg", "pdf")
_FLOOR = 1e-17  # below every relative error but 0


def require_format(path: Path) -> None:
    """Raise UsageError unless the name of the file says a format that can be drawn."""
    if path.suffix[1:] not in _FORMATS:
        raise UsageError(f"--plot {path}: expected a name that ends in .png, .svg or .pdf")


def matplotlib_missing() -> str | None:
    """Return None if pictures can be drawn, else what to install."""
    try:
        import matplotlib  # noqa: F401  whether it is there
    except ImportError:
        return "it needs matplotlib: pip install 'mlpcli[plot]'"
    return None


def to_bytes(figure: Figure, path: Path) -> bytes:
    """Return the figure in the format of the file's suffix, the same bytes for the same figure."""
    import matplotlib as mpl

    buffer = io.BytesIO()
    no_date = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with mpl.rc_context({"svg.hashsalt": "mlp"}):
        figure.savefig(buffer, format=path.suffix[1:], metadata=no_date[path.suffix[1:]], dpi=150)
    return buffer.getvalue()


def error_heat_map(result: GradcheckResult) -> Figure:
    """Return one map per tensor of log10 of the relative error; wrong tensors are framed in red."""
    from matplotlib.figure import Figure

    layers = sorted({tensor.layer for tensor in result.check.layers})
    figure = Figure(figsize=(3.2 * len(layers) + 1.2, 4.2), layout="constrained")
    rows = figure.subplots(2, len(layers), squeeze=False, height_ratios=(5, 1))
    image = None
    for axes in rows.ravel():
        axes.set_axis_off()
    for tensor in result.check.layers:
        axes = rows[0 if tensor.parameter == "W" else 1][tensor.layer - 1]
        image = _draw_tensor(axes, tensor)
    assert image is not None
    bar = figure.colorbar(image, ax=rows.ravel().tolist(), shrink=0.8)
    bar.set_label("log10 of the relative error")
    figure.suptitle(f"gradient check: {result.verdict}")
    return figure


def _draw_tensor(axes: Any, tensor: TensorResult) -> Any:
    errors = np.atleast_2d(np.nan_to_num(tensor.errors, nan=np.inf, posinf=1.0))
    image = axes.imshow(
        np.log10(np.clip(errors, _FLOOR, 1.0)), vmin=-17, vmax=0, cmap="cividis", aspect="auto",
        interpolation="nearest",
    )  # fmt: skip
    axes.set_axis_on()
    axes.set_xticks([])
    axes.set_yticks([])
    colour = {"pass": "black", "fail": "tab:red", "inconclusive": "tab:orange"}[tensor.verdict]
    for spine in axes.spines.values():
        spine.set_edgecolor(colour)
        spine.set_linewidth(1 if tensor.verdict == "pass" else 3)
    shape = "x".join(map(str, tensor.shape))
    name = f"{tensor.parameter}{tensor.layer}"
    axes.set_title(f"{name} {shape}: {tensor.verdict}", fontsize=9, color=colour)
    return image


def chain_graph(chain: Chain) -> Figure:
    """Return the computation graph, forwards on top, deltas with their norms coming back below."""
    from matplotlib.figure import Figure

    view: ChainView = chain.all_rows
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
