"""Pictures by matplotlib, which is an extra, and charts in text that stand in for them.

Lines are told apart by colour-blind eyes, and in print without colour. Charts fit into 80 columns.
"""

from __future__ import annotations

import io
import math
import os
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.errors import UsageError
from mlpcli.extras import lacking
from mlpcli.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "MOST_LINES",
    "THIN",
    "VERDICT_COLOURS",
    "bar",
    "legend_beside",
    "line_chart",
    "log_map",
    "matplotlib_missing",
    "plain",
    "require_format",
    "styles",
    "to_bytes",
]

# Each format of a file, and what keeps the time of drawing out of it.
_NO_DATE = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
# Okabe and Ito's colours but yellow, which is too pale on paper.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)), (0, (8, 3)))
_LONGEST = 90
_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 48  # of a chart in text
MOST_LINES = 10  # of layers in one panel; more are a map, layer by epoch
VERDICT_COLOURS = MappingProxyType(
    {"pass": "dimgrey", "fail": "#C1121F", "inconclusive": "#B35C00"}  # on white 5 to 1 and more
)
THIN = MappingProxyType({"color": "dimgrey", "linewidth": 1, "linestyle": (0, (1, 2))})


def require_format(path: Path) -> None:
    """Raise UsageError unless the name of the file says a format that can be drawn."""
    if path.suffix[1:] not in _NO_DATE:
        raise UsageError(f"--plot {path}: expected a name that ends in .png, .svg or .pdf")


def matplotlib_missing() -> str | None:
    """Return None if pictures can be drawn, else what to install.

    Pictures go to files, so what MPLBACKEND says of windows, even a name of nothing, is not asked.
    """
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib  # noqa: F401  whether it is there
    except ImportError:
        return f"it {lacking('matplotlib', 'plot')}"
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    return None


def to_bytes(figure: Figure, path: Path) -> bytes:
    """Return the figure in the format of the file's suffix, the same bytes for the same figure.

    The words of an SVG stay words, to be searched, read aloud and copied.
    """
    import matplotlib as mpl

    buffer, name = io.BytesIO(), path.suffix[1:]
    with mpl.rc_context({"svg.hashsalt": "mlp", "svg.fonttype": "none"}):
        figure.savefig(buffer, format=name, metadata=_NO_DATE[name], dpi=150)
    return buffer.getvalue()


def styles(count: int) -> list[dict[str, Any]]:
    """Return so many styles of line, no two alike up to 35."""
    return [
        {
            "color": _COLOURS[k % len(_COLOURS)],
            "linestyle": _DASHES[k % len(_DASHES)],
            "linewidth": 1.6,
        }
        for k in range(count)
    ]


def plain(text: str) -> str:
    """Return a user's text for a picture: on one line, not too long, no dollar taken for TeX."""
    short = printable(text)
    if len(short) > _LONGEST:
        short = ".." + short[2 - _LONGEST :]
    return short.replace("$", r"\$")


def legend_beside(axes: Any) -> None:
    """Put the legend to the right of the panel, where it hides nothing."""
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=9)


def log_map(axes: Any, values: NDArray[np.float64], extent: Sequence[float], label: str) -> None:
    """Draw values > 0 (rows from below, columns from the left) as shades of their logarithm.

    What is 0, or no number, is white and crossed out. `extent` is left, right, bottom, top.
    """
    from matplotlib.colors import LogNorm

    known = np.isfinite(values) & (values > 0)
    low, high = (values[known].min(), values[known].max()) if known.any() else (0.1, 1.0)
    norm = LogNorm(low, high if high > low else 2 * low)
    axes.set_facecolor("white")
    axes.patch.set(hatch="xx", edgecolor="silver")
    shown = np.ma.masked_where(~known, values)
    image = axes.imshow(shown, norm=norm, cmap="cividis", origin="lower", extent=extent,
                        aspect="auto", interpolation="nearest")  # fmt: skip
    axes.figure.colorbar(image, ax=axes, pad=0.01).set_label(label)


def bar(share: float) -> str:
    """Return a bar that fills a share, 0 to 1, of the width of a chart."""
    return f"{'#' * round(_WIDTH * share):<{_WIDTH}}"


def line_chart(series: Mapping[str, ArrayLike], *, log: bool = False) -> str:
    """Return a line of bars per series, each on its own scale, with its first and last value.

    Values that are not finite, and with `log` those up to 0, are blanks.
    """
    width = max(map(len, series), default=0)
    lines = []
    for name, values in series.items():
        array = np.asarray(values, np.float64)
        if array.size:
            ends = f"{array[0]:.4g} .. {array[-1]:.4g}"
            lines.append(f"{printable(name):<{width}} {_bars(array, log=log)} {ends}")
    return "\n".join(lines)


def _bars(values: NDArray[np.float64], *, log: bool) -> str:
    with np.errstate(divide="ignore", invalid="ignore"):
        heights = np.log(values) if log else values
    places = np.linspace(0, heights.size - 1, min(_WIDTH, heights.size)).round().astype(int)
    shown = heights[places]
    finite = shown[np.isfinite(shown)]
    if not finite.size:
        return " " * int(shown.size)
    low = finite.min()
    levels = (shown - low) / ((finite.max() - low) or 1.0) * (len(_BARS) - 1)
    bars = [_BARS[round(level)] if math.isfinite(level) else " " for level in levels.tolist()]
    return "".join(bars)
