"""Pictures of the comparison: error, gradient and loss curves; in text where nothing can draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.compare.choices import OTHER_LOSS
from mlpcli.compare.line import Line
from mlpcli.nn.losses import LOSSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from mlpcli.compare.records import TrainingRun
    from mlpcli.compare.summary import Comparison
    from mlpcli.compare.sweep import Curve

__all__ = ["comparison_chart", "comparison_figure"]

# Okabe and Ito's colours, told apart by colour-blind eyes, with dashes for print without colour.
# Wide pale lines come first, so that a line on top of another leaves it in sight.
_STYLES: dict[str, dict[str, Any]] = {
    "stable": {"color": "#009E73", "linestyle": "-", "linewidth": 4.5, "alpha": 0.45},
    "fused": {"color": "#0072B2", "linestyle": "-", "linewidth": 1.4},
    "naive": {"color": "#D55E00", "linestyle": (0, (6, 2)), "linewidth": 1.6},
    "clamped": {"color": "#CC79A7", "linestyle": (0, (5, 1.5, 1, 1.5)), "linewidth": 1.8},
    "epsilon": {"color": "#E69F00", "linestyle": (0, (2, 1.2)), "linewidth": 1.8},
    "torch": {"color": "#56B4E9", "linestyle": (0, (8, 3)), "linewidth": 1.8},
    "keras": {"color": "#000000", "linestyle": (0, (1, 1.5)), "linewidth": 1.8},
    "scikit-learn": {"color": "#8C6D31", "linestyle": (0, (3, 1, 1, 1, 1, 1)), "linewidth": 1.8},
    "mse": {"color": "#7F7F7F", "linestyle": (0, (1, 1)), "linewidth": 1.4},
}
_QUANTITIES = ("relative error", "relative error", "gradient dJ/dh")
_LINEAR = 40  # the axis of logits is linear so far from 0, then logarithmic
_TICKS = (-800, -100, -20, 0, 20, 100, 800)
_WINDOW = 7

# The axis of the chart in text: -100 to 100, a symmetric logarithm.
_TURNS = np.linspace(-1, 1, 51)
_LOGITS = np.sign(_TURNS) * (10 ** (2 * np.abs(_TURNS)) - 1) / 99 * 100
_MARKS = (-100, -10, -1, 0, 1, 10, 100)


def comparison_figure(result: Comparison) -> Figure:
    """Return panels per dtype: errors for wrong and right answers, the gradient; loss curves.

    The curves of the other loss, which is another quantity, have a panel of their own.
    """
    from matplotlib.figure import Figure

    dtypes = list(dict.fromkeys(curve.dtype for curve in result.curves))
    rows = 4 if result.training else 3
    figure = Figure(figsize=(max(3.9 * len(dtypes), 8.2), 2.9 * rows + 0.9), layout="constrained")
    grid = figure.add_gridspec(rows, len(dtypes))
    for column, dtype in enumerate(dtypes):
        chosen = [curve for curve in result.curves if curve.dtype == dtype]
        panels = [figure.add_subplot(grid[row, column]) for row in range(3)]
        for label in (0, 1):
            _errors(panels[label], [c for c in chosen if c.label == label])
            panels[label].set_title(f"{dtype}, y = {label}")
        _gradients(panels[2], [c for c in chosen if c.label == 0])
        panels[2].set_title(f"{dtype}, y = 0")
        if column == 0:
            for axes, name in zip(panels, _QUANTITIES, strict=True):
                axes.set_ylabel(name)
    if result.training:
        row = grid[3, :].subgridspec(1, 2, width_ratios=(2, 1))
        forms = [run for run in result.training if run.form != OTHER_LOSS]
        other = [run for run in result.training if run.form == OTHER_LOSS]
        _losses(figure.add_subplot(row[0]), forms, "training; thin: other seeds; cross: diverged")
        _losses(figure.add_subplot(row[1]), other, f"{OTHER_LOSS}: another loss, another scale")
    _legend(figure, result)
    return figure


def _legend(figure: Figure, result: Comparison) -> None:
    from matplotlib.lines import Line2D

    forms = [form for form in _STYLES if form in {curve.form for curve in result.curves}]
    lines = [Line2D([], [], label=form, **_STYLES[form]) for form in (*forms, OTHER_LOSS)]
    lines[-1].set_label("mse (another loss)")
    cross = Line2D([], [], color="black", marker="x", linestyle="", label="nan from here on")
    figure.legend(
        handles=[*lines, cross], loc="outside upper center", ncols=min(len(lines) + 1, 5),
        frameon=False, title=Line(result.loss).said or None,
    )  # fmt: skip


def _in_order(curves: list[Curve]) -> list[Curve]:
    return sorted(curves, key=lambda curve: list(_STYLES).index(curve.form))


def _errors(axes: Any, curves: list[Curve]) -> None:
    """Draw relative errors, each the worst of a few neighbouring logits, down to mere rounding."""
    for curve in _in_order(curves):
        error = np.where(curve.exact.judged, curve.relative_error, np.nan)
        rounding = float(np.finfo(curve.dtype).eps) / 4
        drawn = np.maximum(_envelope(error), rounding)
        axes.plot(_float(curve.logits), drawn, **_STYLES[curve.form])
    axes.set_yscale("log")
    axes.set_ylim(1e-21, 1e5)
    axes.set_yticks([1e-20, 1e-15, 1e-10, 1e-5, 1])
    axes.minorticks_off()
    _logit_axis(axes, curves)


def _envelope(error: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest of each value and its neighbours; nan stays nan."""
    padded = np.pad(error, _WINDOW // 2, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)
    return np.where(np.isnan(error), np.nan, np.fmax.reduce(windows, axis=1))


def _gradients(axes: Any, curves: list[Curve]) -> None:
    for curve in _in_order(curves):
        axes.plot(_float(curve.logits), _float(curve.gradient), **_STYLES[curve.form])
    h = _float(curves[0].logits)
    axes.plot(
        h, LOSSES[OTHER_LOSS].truth.derivative(h, np.zeros_like(h), 0.0), **_STYLES[OTHER_LOSS]
    )
    axes.set_ylim(-0.05, 1.3)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    _logit_axis(axes, curves)


def _logit_axis(axes: Any, curves: list[Curve]) -> None:
    """Scale and name the axis of logits, and mark where a gradient stops being a number."""
    low = min(float(curve.logits[0]) for curve in curves)
    high = max(float(curve.logits[-1]) for curve in curves)
    axes.set_xscale("symlog", linthresh=_LINEAR, linscale=1.2)
    axes.set_xlim((low, high) if low < high else (low - 1, high + 1))
    ticks = [tick for tick in _TICKS if low <= tick <= high]
    if len(ticks) > 1:
        axes.set_xticks(ticks, [f"{tick}".replace("-", "\N{MINUS SIGN}") for tick in ticks])
        axes.minorticks_off()
    right, wrong = "right answers", "wrong answers"
    left, ahead = (right, wrong) if curves[0].label == 0 else (wrong, right)
    axes.set_xlabel(f"\N{LEFTWARDS ARROW} {left}    logit h    {ahead} \N{RIGHTWARDS ARROW}")
    axes.grid(alpha=0.3)
    for curve in curves:
        _crosses(axes, curve.form, _edges(curve))


def _crosses(axes: Any, form: str, x: NDArray[np.float64]) -> None:
    """Draw crosses at the top, those of each form at its own height."""
    level = 0.97 - 0.065 * (list(_STYLES).index(form) % 3)
    axes.plot(x, np.full(x.shape, level), linestyle="", marker="x", markersize=6,
              markeredgewidth=1.8, color=_STYLES[form]["color"],
              transform=axes.get_xaxis_transform())  # fmt: skip


def _edges(curve: Curve) -> NDArray[np.float64]:
    """Return the logits next to 0, on either side, at which the gradient is nan or inf."""
    broken = _float(curve.logits)[~curve.finite]
    return np.concatenate([broken[broken > 0][:1], broken[broken < 0][-1:]])


def _float(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    return values.astype(np.float64)


def _losses(axes: Any, runs: Sequence[TrainingRun], title: str) -> None:
    """Draw a curve per run, of the first seed in full; a cross marks where a run diverged."""
    first = min((run.seed for run in runs), default=0)
    longest = max([1, *(len(run.curve) for run in runs)])
    order = list(_STYLES)
    for run in sorted(runs, key=lambda run: order.index(run.form)):
        style = dict(_STYLES[run.form])
        if run.seed != first:
            style |= {"linewidth": 0.7, "alpha": 0.5}
        axes.plot(np.arange(1, len(run.curve) + 1), run.curve, **style)
        if run.stopped == "diverged":
            _crosses(axes, run.form, np.array([len(run.curve) + 1.0]))
    axes.set_yscale("log")
    axes.set_xlim(0, longest + 1)
    axes.set_title(title)
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    axes.grid(alpha=0.3)


def comparison_chart(result: Comparison) -> str:
    """Return a line per form, dtype and label: where the gradient is right, lost, dead, no number.

    It stands in for the figure where matplotlib is missing.
    """
    header = [" "] * (_TURNS.size + 8)
    for mark in _MARKS:
        at = int(np.abs(_LOGITS - mark).argmin())
        text = str(mark)
        header[at : at + len(text)] = text
    lines = [
        "# right   - more than 1 % off   0 dead   x nan or inf",
        f"{'form':<12} {'dtype':<10} y {''.join(header).rstrip()}",
    ]
    for curve in result.curves:
        nearest = np.abs(_float(curve.logits)[:, np.newaxis] - _LOGITS).argmin(axis=0)
        marks = "".join(_mark(curve, int(i)) for i in nearest)
        lines.append(f"{curve.form:<12} {curve.dtype:<10} {curve.label} {marks}")
    return "\n".join(lines)


def _mark(curve: Curve, i: int) -> str:
    if not curve.finite[i]:
        return "x"
    if curve.dead[i]:
        return "0"
    return "-" if curve.exact.judged[i] and curve.relative_error[i] > 0.01 else "#"
