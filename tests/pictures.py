"""What a reader would complain of in a picture: words upon words, words cut off, axes eaten up."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

SLACK = 1.5  # pixels that the boxes of two words may share


def faults(figure: Any) -> list[str]:
    """Words that lie upon each other or beyond the edge, and panels without room, as drawn."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    words = [(text.get_text().strip(), text.get_window_extent(renderer)) for text in _words(figure)]
    frame = figure.bbox.padded(SLACK)
    found = [
        f"beyond the edge: {text}"
        for text, box in words
        if not (frame.contains(*box.min) and frame.contains(*box.max))
    ]
    for (one, a), (two, b) in combinations(words, 2):
        wide = min(a.x1, b.x1) - max(a.x0, b.x0)
        high = min(a.y1, b.y1) - max(a.y0, b.y0)
        if wide > SLACK and high > SLACK:
            found.append(f"upon each other: {one!r} and {two!r}")
    return found


def _words(figure: Any) -> Iterator[Any]:
    """Every text that is drawn: of ticks only those in the range that is shown."""
    from matplotlib.text import Text

    known, drawn = set[Any](), set[Any]()
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        known |= _labels((*axis.get_major_ticks(), *axis.get_minor_ticks()))
        drawn |= _labels(axis._update_ticks() if axis.axes.axison else ())
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and (text in drawn or text not in known):
            yield text


def _labels(ticks: Any) -> set[Any]:
    return {label for tick in ticks for label in (tick.label1, tick.label2)}


def share_of_axes(figure: Any) -> float:
    """The share of the picture that its panels cover."""
    boxes = [axes.get_position() for axes in figure.axes]
    return float(np.sum([box.width * box.height for box in boxes]))
