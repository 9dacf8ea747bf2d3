"""A picture of a gradient check: a map per layer, given against numeric, and the error by step."""

from __future__ import annotations

from math import ceil, sqrt
from typing import TYPE_CHECKING, Any

from mlpcli.report.figures import plain
from mlpcli.report.gradcheck_maps import draw_layer, error_scale
from mlpcli.report.gradcheck_panels import draw_scatter, draw_sweep
from mlpcli.report.table import number
from mlpcli.text import shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from mlpcli.check.result import GradcheckResult
    from mlpcli.check.verdict.rule import TensorResult

__all__ = ["gradcheck_figure"]

_WIDTH, _PANELS = 12.0, 4.4  # inches: of all, and in height of the two panels below the maps
_MOST_BUGS = 2  # in the title
_ROOMY = 8  # so many maps have room for axes and numbers
_LETTERS = 140  # that stand side by side in the width of all
_NAMES = 0.9  # inches for names of inputs


def gradcheck_figure(result: GradcheckResult) -> Figure:
    """Return the maps of all layers, wrapped into lines, above a scatter and a sweep of steps."""
    from matplotlib.figure import Figure

    layers = _by_layer(result.check.layers)
    columns = _columns(len(layers))
    lines, roomy = ceil(len(layers) / columns), len(layers) <= _ROOMY
    maps = lines * (3.2 if roomy else max(1.35, 0.9 * _WIDTH / columns))
    maps += _NAMES * bool(roomy and result.case.inputs)
    figure: Any = Figure(figsize=(_WIDTH, maps + _PANELS + 0.9), layout="constrained")
    figure.suptitle(_title(result), fontsize=13)
    above, below = figure.subfigures(2, 1, height_ratios=(maps, _PANELS))
    grid = above.subplots(lines, columns, squeeze=False)
    for axes in grid.ravel()[len(layers) :]:
        axes.set_axis_off()
    room = _LETTERS // columns if roomy else 0
    for i, (axes, tensors) in enumerate(zip(grid.ravel(), layers, strict=False)):
        inputs = result.case.inputs if i == 0 else ()
        outputs = result.case.outputs if i == len(layers) - 1 else ()
        draw_layer(axes, tensors, room, inputs=inputs, outputs=outputs)
    error_scale(above, grid)
    left, right = below.subplots(1, 2)
    draw_scatter(left, result)
    draw_sweep(right, result)
    drawn: Figure = figure
    return drawn


def _by_layer(tensors: Sequence[TensorResult]) -> list[list[TensorResult]]:
    depth = max(tensor.layer for tensor in tensors)
    return [[t for t in tensors if t.layer == i] for i in range(1, depth + 1)]


def _columns(layers: int) -> int:
    """Return how many maps stand side by side."""
    if layers <= 4:
        return layers
    return ceil(layers / 2) if layers <= _ROOMY else ceil(sqrt(1.7 * layers))


def _title(result: GradcheckResult) -> str:
    """Return the verdict with the bug's name, and the worst entry of the worst tensor."""
    named = [f"{d.bug} in {_listed(d.parameters)}" for d in result.diagnosis[:_MOST_BUGS]]
    more = len(result.diagnosis) - len(named)
    said = ", ".join(named) + f" and {more} more" * (more > 0) or _PLAIN[result.verdict]
    return f"gradient check: {result.verdict.upper()}, {plain(said)}\n{_worst(result)}"


_PLAIN = {
    "pass": "every tensor is right",
    "fail": "something is wrong",
    "inconclusive": "rounding hides what is right",
}


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{names[0]}, {names[1]} .. {names[-1]}"


def _worst(result: GradcheckResult) -> str:
    """Return the worst entry of the worst tensor, with both numbers; of equals where the bug is."""
    order = ["pass", "inconclusive", "fail"]
    bugs = {name for diagnosis in result.diagnosis for name in diagnosis.parameters}

    def rank(tensor: TensorResult) -> tuple[int, bool, float]:
        return order.index(tensor.verdict), tensor.name in bugs, tensor.max_relative_error

    tensor = max(result.check.layers, key=rank)
    index = ", ".join(map(str, tensor.worst.index))
    numbers = (number(value, ".9g") for value in (tensor.worst.analytic, tensor.worst.numeric))
    given, numeric = numbers
    named = _input_of(result, tensor)
    return f"worst entry {tensor.name}[{index}]{named}: given {given}, numeric {numeric}"


def _input_of(result: GradcheckResult, tensor: TensorResult) -> str:
    """Return the name of the input that the worst entry of W1 multiplies, if it has one."""
    names = result.case.inputs
    if tensor.name != "W1" or len(names) != tensor.shape[1]:
        return ""
    return f" (input {plain(shorten(names[tensor.worst.index[1]], 30))})"
