"""Small charts in text, for a terminal without matplotlib: all fit into 80 columns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = ["bar", "line_chart"]

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 48


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
