"""Predictions as CSV text."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlpcli.data.target import Classes
    from mlpcli.training.predict import Predictions

__all__ = ["prediction_lines"]


def prediction_lines(predictions: Predictions) -> Iterator[str]:
    """Return text block by block, after a header: probability and label of each target.

    A target of three and more labels has a probability for each, in their order. The header comes
    with the first block: a table that cannot be predicted leaves nothing behind.
    Probabilities are written with the fewest digits that read back to the same float64. A row for
    which nothing can be predicted has empty fields, so that line numbers still match the input.
    """
    if predictions.model.classes is not None:
        return _label_lines(predictions, predictions.model.classes)
    return _target_lines(predictions)


def _target_lines(predictions: Predictions) -> Iterator[str]:
    """Yield probability and prediction of each target of two labels."""
    model = predictions.model
    one = len(model.targets) == 1
    prefixes = [""] if one else [f"{name}_" for name in model.names]
    header = _line(f"{p}{what}" for p in prefixes for what in ("probability", "prediction"))
    labels = [[_line([label])[:-1] for label in target.labels] for target in model.targets]
    for block in predictions:
        columns: list[list[str]] = []
        unknown = np.flatnonzero(~block.known).tolist()
        for k, label in enumerate(labels):
            p = block.p[:, k]
            written = [*map(repr, p.tolist())]
            chosen = [label[positive] for positive in (p >= model.thresholds[k]).tolist()]
            for row in unknown:
                written[row] = chosen[row] = ""
            columns += [written, chosen]
        yield header + "\n".join(map(",".join, zip(*columns, strict=True))) + "\n"
        header = ""


def _label_lines(predictions: Predictions, target: Classes) -> Iterator[str]:
    """Yield the probability of each label, and the likeliest label."""
    header = _line([*(f"{target.name}={label}" for label in target.labels), "prediction"])
    labels = [_line([label])[:-1] for label in target.labels]
    empty = "," * len(labels)
    for block in predictions:
        likeliest = block.logits.argmax(axis=1).tolist()
        lines = [
            ",".join([*map(repr, p), labels[c]]) if known else empty
            for p, c, known in zip(block.p.tolist(), likeliest, block.known.tolist(), strict=True)
        ]
        yield header + "\n".join(lines) + "\n"
        header = ""


def _line(cells: Iterable[str]) -> str:
    """Return a line of CSV, with quotes where a cell needs them."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()
