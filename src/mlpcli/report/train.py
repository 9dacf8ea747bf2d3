"""A training run: its scores as a table, and its history as a picture or a chart in text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.report.evaluate import score_rows
from mlpcli.report.figures import THIN, legend_beside, line_chart, plain, styles
from mlpcli.report.table import Table
from mlpcli.training.loop import EpochRecord

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from mlpcli.training.run import TrainingResult

__all__ = ["read_history", "training_chart", "training_figure", "training_table"]

_BRIGHT = 20  # a loss that falls by more than this factor is drawn on a logarithmic axis


def training_table(result: TrainingResult) -> Table:
    """Return the metrics of each part, and of the baseline on the part that counts most."""
    columns = {part: metrics for part, metrics in result.metrics.items() if metrics}
    last = list(columns)[-1]
    baseline = result.baseline[last]
    assert baseline is not None
    columns[f"base rate ({last})"] = baseline
    title = (
        f"{result.path}: {result.epochs_run} epochs in {result.seconds:.2f} s, "
        f"best {result.best_epoch}, stopped: {result.stopped}"
    )
    return Table(title, ("metric", *columns), tuple(score_rows(columns)))


def read_history(path: Path) -> tuple[EpochRecord, ...]:
    """Return the records of a history.jsonl, those before a resume included."""
    lines = map(json.loads, path.read_text("utf-8").splitlines())
    return tuple(
        EpochRecord(**{**line, "gradient_norm": tuple(line["gradient_norm"])}) for line in lines
    )


def training_figure(history: Sequence[EpochRecord], result: TrainingResult) -> Figure:
    """Return three panels over the epochs of a run's whole history, with its best epoch."""
    from matplotlib.figure import Figure

    best_epoch = result.best_epoch
    title = f"{result.path}: {result.epochs_run} epochs, stopped: {result.stopped}"

    figure = Figure(figsize=(8.2, 8.0), layout="constrained")
    figure.suptitle(plain(title))
    if not history:
        figure.text(0.5, 0.5, "no epoch was completed", ha="center", fontsize=12)
        return figure
    panels = figure.subplots(3, 1, sharex=True, height_ratios=(3, 1.4, 2.4))
    epochs = np.array([record.epoch for record in history])
    marker = "o" if len(history) == 1 else ""
    for axes, name, lines in zip(panels, _NAMES, _panels(history), strict=True):
        for (label, values), style in zip(lines.items(), styles(len(lines)), strict=True):
            axes.plot(epochs, values, label=label, marker=marker, **style)
        _scale(axes, np.concatenate(list(lines.values())), name)
        if best_epoch:
            told = f"best epoch, {best_epoch}" if axes is panels[0] else None
            axes.axvline(best_epoch, label=told, **THIN)
        if len(lines) > 1 or axes is panels[0]:
            legend_beside(axes)
    panels[-1].set_xlabel("epoch")
    panels[-1].xaxis.get_major_locator().set_params(integer=True)
    return figure


_NAMES = ("loss", "learning rate", "gradient norm")


def _panels(history: Sequence[EpochRecord]) -> tuple[dict[str, NDArray[np.float64]], ...]:
    """Return the lines of each panel by their labels."""
    loss = {"training": np.array([record.train_loss for record in history], np.float64)}
    if any(record.validation_loss is not None for record in history):
        loss["validation"] = np.array([r.validation_loss for r in history], np.float64)
    rate = np.array([record.learning_rate for record in history], np.float64)
    norms = np.array([record.gradient_norm for record in history], np.float64)
    layers = {f"layer {i}": column for i, column in enumerate(norms.T, start=1)}
    return loss, {"learning rate": rate}, layers


def _scale(axes: Any, values: NDArray[np.float64], name: str) -> None:
    axes.set_ylabel(name)
    axes.grid(alpha=0.3)
    positive = values[values > 0]
    if positive.size and positive.max() > _BRIGHT * positive.min():
        axes.set_yscale("log", nonpositive="mask")
    else:
        axes.set_ylim(0, 1.08 * float(np.nanmax(values, initial=1e-12)))


def training_chart(history: Sequence[EpochRecord]) -> str:
    """Return the same in text: a line of bars each."""
    if not history:
        return "no epoch was completed"
    loss, rate, layers = _panels(history)
    named = {f"{part} loss": values for part, values in loss.items()}
    norms = {f"gradient {layer}": values for layer, values in layers.items()}
    return line_chart({**named, **rate, **norms}, log=True)
