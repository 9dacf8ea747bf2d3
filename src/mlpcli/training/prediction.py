"""Predicts the rows of a table block by block; the table itself may spill to disk."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.data.dataset import unseen_notes
from mlpcli.data.examples import refuse_rows
from mlpcli.data.source import Table, open_table
from mlpcli.errors import DataError
from mlpcli.nn.activations import sigmoid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mlpcli.training.model_file import Model

__all__ = ["Prediction", "Predictions", "predict"]

_BLOCK_ROWS = 65_536


@dataclass(frozen=True)
class Prediction:
    """Probabilities (N x K) of one block, and which rows (N,) were complete enough to have any."""

    p: NDArray[np.float64]
    known: NDArray[np.bool_]


@dataclass
class Predictions:
    """An iterator over the blocks of a table, in row order; tallies what it meets on the way.

    `rows` counts rows so far, `unknown` those without a prediction, `unseen` by column those with
    a text that training never saw.
    """

    model: Model
    table: Table
    rows: int = 0
    unknown: int = 0
    unseen: Counter[str] = field(default_factory=Counter)

    def __iter__(self) -> Iterator[Prediction]:
        encoder = self.model.encoder
        for start in range(0, self.table.rows, _BLOCK_ROWS):
            stop = min(start + _BLOCK_ROWS, self.table.rows)
            columns = self.table.read(encoder.names, start, stop)
            missing = encoder.missing(columns)
            if encoder.policy != "drop":
                why = "missing value, and the model was trained with data.missing: error"
                refuse_rows(self.table, columns, missing, why, start)
            known = np.ones(stop - start, np.bool_)
            for mask in missing.values():
                known &= ~mask
            X, unseen = encoder.encode(columns, str(self.model.network.theta.dtype))
            self.rows += stop - start
            self.unknown += int(np.count_nonzero(~known))
            self.unseen.update(unseen)
            h = self.model.logits(X)
            self._refuse_overflow(h, known, start)
            p = np.asarray(sigmoid(h), np.float64)
            yield Prediction(p, known)

    def _refuse_overflow(
        self, h: NDArray[np.float64], known: NDArray[np.bool_], start: int
    ) -> None:
        broken = np.flatnonzero(np.isnan(h).any(axis=1) & known)
        if broken.size:
            path, line = self.table.locate(start + int(broken[0]))
            dtype = self.model.network.theta.dtype
            raise DataError(f"{path}:{line}: the network's output is not a number; a value of this "
                            f"row is too large for {dtype}")  # fmt: skip

    def notes(self) -> list[str]:
        """Return what is worth knowing of the rows so far."""
        notes = unseen_notes(self.unseen, self.rows)
        if self.unknown:
            notes.append(f"{self.unknown} of {self.rows} rows miss a value: no prediction for them")
        return notes


def predict(model: Model, files: Sequence[str | Path]) -> Predictions:
    """Open the tables for prediction; close `.table` when done. No target column is needed.

    Raises DataError where a column is missing or holds what the model cannot read, and, while
    iterating, where a value is missing that the model's policy does not fill.
    """
    return Predictions(
        model, open_table(files, columns=model.encoder.names, kinds=model.encoder.kinds)
    )
