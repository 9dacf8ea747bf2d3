"""The map of a layer: the relative error of every entry of [W_i b_i], the worst entry ringed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.report.figures import VERDICT_COLOURS, plain
from mlpcli.report.table import number
from mlpcli.text import shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcli.check.verdict.rule import TensorResult

__all__ = ["draw_layer", "error_scale"]

_FLOOR = 1e-17  # below every relative error but 0
_MOST_CELLS = 300  # along an axis; of more, each cell shows the largest of several errors
_MOST_LINES = 12  # that are named
_LONGEST = 20  # characters of a name
_WORDS = {"fail": "FAIL", "inconclusive": "?"}


def draw_layer(
    axes: Any,
    tensors: Sequence[TensorResult],
    room: int,
    *,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
) -> None:
    """Draw W_i (n_i x n_{i-1}) and beside it, apart, b_i; frames and words say each verdict.

    A map with `room` for some letters below it names its axes, by the names of its columns and
    lines where these are known, and its worst entry with both numbers where it is not right.
    """
    roomy = room > 0
    height, width = tensors[0].shape
    gap = 0.1 * width
    right = width - 0.5
    for tensor in tensors:
        left, right = (-0.5, right) if tensor.parameter == "W" else (right + gap, right + 2 * gap)
        _draw(axes, tensor, (left, right, height - 0.5, -0.5))
    margin = 0.02 * (right + 0.5)
    axes.set_xlim(-0.5 - margin, right + margin)
    axes.set_ylim(height - 0.5 + 0.02 * height, -0.5 - 0.02 * height)
    for spine in axes.spines.values():
        spine.set_visible(False)
    _title(axes, tensors, roomy=roomy)
    if roomy:
        height, width = tensors[0].shape
        columns = inputs if len(inputs) == width else ()
        lines = outputs if len(outputs) == height else ()
        _name_axes(axes, tensors, right - gap / 2, room, columns, lines)
    else:
        axes.set_xticks([])
        axes.set_yticks([])


def _title(axes: Any, tensors: Sequence[TensorResult], *, roomy: bool) -> None:
    """Name the layer and what is not right in it; a narrow map says so in fewer words."""
    wrong = [tensor for tensor in tensors if tensor.verdict != "pass"]
    worst = max((t.verdict for t in tensors), key=["pass", "inconclusive", "fail"].index)
    if roomy:
        said = ", ".join(f"{tensor.name} {_WORDS[tensor.verdict]}" for tensor in wrong) or "pass"
        title = f"W{tensors[0].layer} {'x'.join(map(str, tensors[0].shape))}: {said}"
    else:
        names = ", ".join(tensor.name for tensor in wrong or tensors[:1])
        title = f"{names} {_WORDS[worst]}" if wrong else names
    colour = "black" if worst == "pass" else VERDICT_COLOURS[worst]
    axes.set_title(title, fontsize=9 if roomy else 7, color=colour)


def _draw(axes: Any, tensor: TensorResult, extent: tuple[float, float, float, float]) -> None:
    from matplotlib.colors import LogNorm
    from matplotlib.patches import Rectangle

    errors = tensor.errors if tensor.errors.ndim == 2 else tensor.errors[:, np.newaxis]
    shown = np.clip(_coarse(np.nan_to_num(errors, nan=np.inf, posinf=1.0)), _FLOOR, 1.0)
    axes.imshow(shown, norm=LogNorm(_FLOOR, 1), cmap="cividis", aspect="auto", extent=extent,
                interpolation="nearest")  # fmt: skip
    left, right, low, high = extent
    frame = Rectangle((left, high), right - left, low - high, fill=False, clip_on=False,
                      edgecolor=VERDICT_COLOURS[tensor.verdict],
                      linewidth=0.8 if tensor.verdict == "pass" else 2.5)  # fmt: skip
    axes.add_patch(frame)
    if tensor.verdict == "fail":
        row, *column = tensor.worst.index
        x = column[0] if column else (left + right) / 2
        for colour, width in (("white", 3.2), (VERDICT_COLOURS["fail"], 1.4)):
            axes.plot(x, row, marker="o", markersize=8, markerfacecolor="none",
                      markeredgecolor=colour, markeredgewidth=width, clip_on=False)  # fmt: skip


def _coarse(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest error of each block, so that no wrong entry is lost between pixels."""
    for axis, count in enumerate(errors.shape):
        if count > _MOST_CELLS:
            starts = np.linspace(0, count, _MOST_CELLS, endpoint=False).astype(int)
            errors = np.maximum.reduceat(errors, starts, axis=axis)
    return errors


def _name_axes(  # noqa: PLR0917  one of a pair of axes each
    axes: Any,
    tensors: Sequence[TensorResult],
    middle: float,
    room: int,
    columns: Sequence[str],
    lines: Sequence[str],
) -> None:
    """Name some places of both axes, by number or in words, which stand upright if need be."""
    height, width = tensors[0].shape
    places = _named(width, max(1, room // 2)) if columns else _few(width)
    names = [_short(columns[j]) if columns else str(j) for j in places]
    upright = bool(columns) and sum(len(name) + 2 for name in names) > room
    ticks: list[float] = [*places]
    if len(tensors) > 1:
        ticks, names = [*ticks, middle], [*names, "b"]
    axes.set_xticks(ticks, names, fontsize=7 if columns else 8, rotation=90 if upright else 0)
    rows = _named(height, _MOST_LINES) if lines else _few(height)
    axes.set_yticks(rows, [_short(lines[i]) if lines else str(i) for i in rows], fontsize=8)
    axes.set_ylabel("output" if lines else "unit", fontsize=8)
    found = [_numbers(tensor) for tensor in tensors if tensor.verdict != "pass"]
    axes.set_xlabel("\n".join(["input", *found]), fontsize=8)


def _named(count: int, most: int) -> list[int]:
    """Return which of so many places are named: all, or as many as can stand side by side."""
    return list(range(0, count, -(-count // most)))


def _short(name: str) -> str:
    return plain(shorten(name, _LONGEST))


def _few(count: int) -> list[int]:
    """Return which of so many places are numbered: all of five, else first, middle and last."""
    return sorted({0, count // 2, count - 1}) if count > 5 else list(range(count))


def _numbers(tensor: TensorResult) -> str:
    index = ",".join(map(str, tensor.worst.index))
    given, numeric = (number(x, ".3g") for x in (tensor.worst.analytic, tensor.worst.numeric))
    return f"{tensor.name}[{index}] given {given}, numeric {numeric}"


def error_scale(figure: Any, grid: NDArray[Any]) -> None:
    """Draw the scale of all maps beside them."""
    scale = figure.colorbar(grid[0, 0].images[0], ax=grid, pad=0.01, fraction=0.03)
    scale.set_label("relative error  |A $-$ B| / max(|A|, |B|)")
    scale.ax.set_yticks([1e-16, 1e-12, 1e-8, 1e-4, 1])
