"""A training run: its scores as a table, and its history as a chart in text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.report.evaluate import score_rows
from mlpcli.report.figures import line_chart
from mlpcli.report.table import Table
from mlpcli.text import counted
from mlpcli.training.loop import EpochRecord

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mlpcli.training.result import TrainingResult

__all__ = ["history_lines", "read_history", "training_chart", "training_table"]


def training_table(result: TrainingResult) -> Table:
    """Return the metrics of each part, and of the baseline on the part that counts most."""
    columns = {part: metrics for part, metrics in result.metrics.items() if metrics}
    last = list(columns)[-1]
    baseline = result.baseline[last]
    assert baseline is not None
    columns[f"base rate ({last})"] = baseline
    title = (
        f"{result.path}: {counted(result.epochs_run, 'epoch')} in {result.seconds:.2f} s, "
        f"best {result.best_epoch}, stopped: {result.stopped}"
    )
    return Table(title, ("metric", *columns), tuple(score_rows(columns)))


def read_history(path: Path) -> tuple[EpochRecord, ...]:
    """Return the records of a history.jsonl, those before a resume included."""
    lines = map(json.loads, path.read_text("utf-8").splitlines())
    return tuple(
        EpochRecord(**{**line, "gradient_norm": tuple(line["gradient_norm"])}) for line in lines
    )


def history_lines(history: Sequence[EpochRecord]) -> tuple[dict[str, NDArray[np.float64]], ...]:
    """Return the lines of each panel by their labels."""
    loss = {"training": np.array([record.train_loss for record in history], np.float64)}
    if any(record.validation_loss is not None for record in history):
        loss["validation"] = np.array([r.validation_loss for r in history], np.float64)
    rate = np.array([record.learning_rate for record in history], np.float64)
    norms = np.array([record.gradient_norm for record in history], np.float64)
    layers = {f"layer {i}": column for i, column in enumerate(norms.T, start=1)}
    return loss, {"learning rate": rate}, layers


def training_chart(history: Sequence[EpochRecord]) -> str:
    """Return the same in text: a line of bars each."""
    if not history:
        return "no epoch was completed"
    loss, rate, layers = history_lines(history)
    named = {f"{part} loss": values for part, values in loss.items()}
    norms = {f"gradient {layer}": values for layer, values in layers.items()}
    return line_chart({**named, **rate, **norms}, log=True)
