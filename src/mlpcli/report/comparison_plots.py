"""Pictures of the comparison: error and gradient against the logit, and loss curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from mlpcli.comparison.sweep import Curve
    from mlpcli.comparison.training_runs import TrainingRun
    from mlpcli.report.comparison import Comparison

__all__ = ["comparison_chart", "comparison_figure"]

# Okabe and Ito's colours, told apart by colour-blind eyes, with dashes for print without colour.
_STYLES = {
    "naive": ("#D55E00", "-"),
    "epsilon": ("#E69F00", "--"),
    "clamped": ("#CC79A7", "-."),
    "fused": ("#0072B2", ":"),
    "stable": ("#009E73", "-"),
    "torch": ("#56B4E9", "--"),
    "keras": ("#000000", ":"),
    "scikit-learn": ("#8C6D31", "-."),
    "mse": ("#7F7F7F", "--"),
}
_SMALLEST = 1e-17
_TICKS = (-800, -100, -10, 0, 10, 100, 800)
_COLUMNS = 61


def comparison_figure(result: Comparison) -> Figure:
    """Return panels per dtype: error for y = 0 and y = 1, gradient for y = 0; then loss curves."""
    from matplotlib.figure import Figure

    dtypes = list(dict.fromkeys(curve.dtype for curve in result.curves))
    rows = 4 if result.training else 3
    figure = Figure(figsize=(max(4.2 * len(dtypes), 7), 2.7 * rows + 0.6), layout="constrained")
    grid = figure.add_gridspec(rows, len(dtypes))
    for column, dtype in enumerate(dtypes):
        chosen = [curve for curve in result.curves if curve.dtype == dtype]
        for row, label in enumerate((0, 1)):
            axes = figure.add_subplot(grid[row, column])
            _errors(axes, [c for c in chosen if c.label == label])
            axes.set_title(f"{dtype}, y = {label}")
            axes.set_ylabel("relative error" if column == 0 else "")
        axes = figure.add_subplot(grid[2, column])
        _gradients(axes, [c for c in chosen if c.label == 0])
        axes.set_title(f"{dtype}, y = 0: the gradient")
        axes.set_ylabel("dJ/dh" if column == 0 else "")
        axes.set_xlabel("logit h")
    handles, names = figure.axes[0].get_legend_handles_labels()
    if result.training:
        _losses(figure.add_subplot(grid[3, :]), result.training)
    figure.legend(
        handles, names, loc="outside upper center", ncols=min(len(names), 6), frameon=False
    )
    return figure


def _errors(axes: Any, curves: list[Curve]) -> None:
    """Draw errors; a cross marks where the gradient stops being a number."""
    for curve in curves:
        colour, dashes = _STYLES[curve.form]
        error = np.where(curve.judged, curve.relative_error, np.nan)
        axes.plot(_float(curve.logits), np.clip(error, _SMALLEST, 2), dashes, color=colour,
                  label=curve.form, linewidth=1.4)  # fmt: skip
        broken = _edges(curve)
        axes.plot(broken, np.full(broken.shape, 2.0), "x", color=colour, markersize=7)
    axes.set_xscale("symlog", linthresh=10, linscale=0.6)
    axes.set_xticks(_TICKS, [str(tick) for tick in _TICKS])
    axes.minorticks_off()
    axes.set_yscale("log")
    axes.set_ylim(_SMALLEST / 2, 10)
    axes.grid(alpha=0.3)


def _gradients(axes: Any, curves: list[Curve]) -> None:
    for curve in curves:
        colour, dashes = _STYLES[curve.form]
        axes.plot(_float(curve.logits), _float(curve.gradient), dashes, color=colour,
                  linewidth=1.4)  # fmt: skip
        broken = _edges(curve)
        axes.plot(broken, np.zeros(broken.shape), "x", color=colour, markersize=7)
    axes.set_xlim(-20, 60)
    axes.grid(alpha=0.3)


def _edges(curve: Curve) -> NDArray[np.float64]:
    """Return the logits next to 0, on either side, at which the gradient is nan or inf."""
    broken = _float(curve.logits)[~np.isfinite(curve.gradient)]
    sides = (broken[broken > 0][:1], broken[broken < 0][-1:])
    return np.concatenate(sides)


def _float(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    return values.astype(np.float64)


def _losses(axes: Any, runs: tuple[TrainingRun, ...]) -> None:
    """Draw a curve per run; a cross marks where a run diverged."""
    for run in runs:
        colour, dashes = _STYLES[run.form]
        epochs = np.arange(1, len(run.curve) + 1)
        axes.plot(epochs, run.curve, dashes, color=colour, linewidth=1.2, alpha=0.8)
        if run.stopped == "diverged":
            last = run.curve[-1] if run.curve else 1.0
            axes.plot([len(run.curve) + 1], [last], "x", color=colour, markersize=8)
    axes.set_yscale("log")
    axes.set_title("training (x: diverged; grey: mse, its own loss)")
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    axes.grid(alpha=0.3)


def comparison_chart(result: Comparison) -> str:
    """Return a chart in text: one line per curve, logits on a symmetric logarithmic axis."""
    ticks = np.linspace(-1, 1, _COLUMNS)
    places = np.sign(ticks) * (8 * (10 ** (np.abs(ticks) * 2) - 1) / 99 * 100 / 8)
    lines = ["# right   - off by more than 1 %   0 dead   x nan        (logits -100 .. 0 .. 100)"]
    for curve in result.curves:
        logits = _float(curve.logits)
        nearest = np.abs(logits[:, np.newaxis] - places).argmin(axis=0)
        marks = "".join(_mark(curve, int(i)) for i in nearest)
        lines.append(f"{curve.form:>12} {curve.dtype:>10} y={curve.label} {marks}")
    return "\n".join(lines)


def _mark(curve: Curve, i: int) -> str:
    if not np.isfinite(curve.gradient[i]):
        return "x"
    if curve.dead[i]:
        return "0"
    return "-" if curve.judged[i] and curve.relative_error[i] > 0.01 else "#"
