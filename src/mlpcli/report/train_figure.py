"""A picture of a training run: losses, learning rate and every layer's gradient, by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.report.figures import MOST_LINES, THIN, legend_beside, log_map, plain, styles
from mlpcli.report.train import history_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from mlpcli.training.loop import EpochRecord
    from mlpcli.training.result import TrainingResult

    Lines = Mapping[str, NDArray[np.float64]]

__all__ = ["training_figure"]

_BRIGHT = 20  # what falls by more than this factor is drawn on a logarithmic axis


def training_figure(history: Sequence[EpochRecord], result: TrainingResult) -> Figure:
    """Return three panels over the epochs of a run's whole history, with its best epoch.

    The gradient has a line per layer; of more than `MOST_LINES` layers it is a map, layer by epoch.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.6, 8.0), layout="constrained")
    title = f"{result.path}: {result.epochs_run} epochs, stopped: {result.stopped}"
    figure.suptitle(plain(title), fontsize=11)
    if not history:
        figure.text(0.5, 0.5, "no epoch was completed", ha="center", fontsize=12)
        return figure
    losses, rate, layers = history_lines(history)
    epochs = np.array([record.epoch for record in history])
    loss_axes, rate_axes, norm_axes = figure.subplots(3, 1, sharex=True, height_ratios=(3, 1.2, 3))
    _draw_lines(loss_axes, epochs, losses, "loss")
    _draw_lines(rate_axes, epochs, rate, "learning rate")
    few = len(layers) <= MOST_LINES
    (_draw_lines if few else _draw_map)(norm_axes, epochs, layers, "gradient norm")
    if few and len(layers) > 1:
        legend_beside(norm_axes)
    if result.best_epoch:
        for axes in (loss_axes, rate_axes, norm_axes):
            axes.axvline(result.best_epoch, label=f"best epoch, {result.best_epoch}", **THIN)
    if few:
        legend_beside(loss_axes)
    else:  # the scale of the map stands beside
        loss_axes.legend(fontsize=9, framealpha=0.9)
    norm_axes.set_xlabel("epoch")
    norm_axes.xaxis.get_major_locator().set_params(integer=True)
    return figure


def _draw_lines(axes: Any, epochs: NDArray[np.int64], lines: Lines, name: str) -> None:
    marker = "o" if epochs.size == 1 else ""
    for (label, values), style in zip(lines.items(), styles(len(lines)), strict=True):
        axes.plot(epochs, values, label=label, marker=marker, **style)
    _scale(axes, np.concatenate(list(lines.values())))
    axes.set_ylabel(name)
    axes.grid(alpha=0.3)


def _scale(axes: Any, values: NDArray[np.float64]) -> None:
    positive = values[values > 0]
    if positive.size and positive.max() > _BRIGHT * positive.min():
        axes.set_yscale("log", nonpositive="mask")
    else:
        axes.set_ylim(0, 1.08 * float(np.nanmax(values, initial=1e-12)))


def _draw_map(axes: Any, epochs: NDArray[np.int64], layers: Lines, name: str) -> None:
    values = np.stack(list(layers.values()))
    extent = (epochs[0] - 0.5, epochs[-1] + 0.5, 0.5, len(layers) + 0.5)
    log_map(axes, values, extent, f"{name} (crossed: 0)")
    axes.set_ylabel("layer")
    axes.yaxis.get_major_locator().set_params(integer=True)
