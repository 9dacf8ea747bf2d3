"""Predicts the rows of a table block by block, while it is read: nothing of it is kept."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.counting import ROW_READ, in_silence
from mlpcli.data.columns import rows_of
from mlpcli.data.examples import refuse_rows
from mlpcli.data.frames import tables_of
from mlpcli.data.labels import listed
from mlpcli.data.notes import unseen_notes
from mlpcli.data.table import Scan
from mlpcli.data.table_notes import notation_notes
from mlpcli.errors import DataError, UsageError
from mlpcli.parallel import limit_blas
from mlpcli.ranks import job
from mlpcli.text import show, show_name
from mlpcli.training.prediction_text import Prediction, output_names
from mlpcli.training.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from mlpcli.counting import Counting
    from mlpcli.data.frames import Data
    from mlpcli.data.table import Column
    from mlpcli.training.model_file import Model

__all__ = ["Prediction", "Predictions", "predict"]

_ENOUGH_ROWS = 20


@dataclass
class Predictions:
    """An iterator over the blocks of a table, in row order; tallies what it meets on the way.

    `rows` counts rows so far, `unknown` those without a prediction, `unseen` by column those with
    a text that training never saw; `tally` what else is odd about them.
    """

    model: Model
    scan: Scan
    rows: int = 0
    unknown: int = 0
    unseen: Counter[str] = field(default_factory=Counter)
    tally: Tally = field(default_factory=Tally)
    allow_unseen: bool = False
    counting: Counting = in_silence

    def __iter__(self) -> Iterator[Prediction]:
        predict = self.model.loss.predict
        with limit_blas(1), self.counting(ROW_READ, self.scan.expected_rows()) as count:
            found = job().in_order(partial(_score, self.model), self._read())
            for (columns, known), (h, unseen, tally) in found:
                self._refuse_overflow(h, known, self.rows)
                self.rows += len(h)
                self.unknown += int(np.count_nonzero(~known))
                self.unseen.update(unseen)
                self.tally.add(tally)
                kept = self.scan.kept_of(columns)
                yield Prediction(np.asarray(predict(h), np.float64), known, h, kept)
                count(len(h))

    def _read(self) -> Iterator[tuple[Mapping[str, Column], NDArray[np.bool_]]]:
        """Yield the columns of each block and which rows are complete; refuse what must be."""
        encoder, start = self.model.encoder, 0
        for columns in self.scan.blocks():
            if not start and not self.allow_unseen:
                self._refuse_strangers(columns)
            missing = encoder.missing(columns)
            refused = {
                name: mask for name, mask in missing.items() if encoder.policies.of(name) != "drop"
            }
            why = (
                "missing value, and the model was trained with data.missing: error; fill it in, or "
                "train with --set data.missing=median"
            )
            refuse_rows(self.scan, columns, refused, why, start)
            known = np.ones(rows_of(columns), np.bool_)
            for mask in missing.values():
                known &= ~mask
            yield columns, known
            start += known.size

    def _refuse_strangers(self, columns: Mapping[str, Column]) -> None:
        """Raise DataError where a column of the first block holds nothing that training saw."""
        rows = rows_of(columns)
        found = self.model.encoder.strangers(columns) if rows >= _ENOUGH_ROWS else {}
        lines = [
            f"{self.scan.paths[0]}: column {show_name(name)}: no text of the first {rows} rows, "
            f"such as {show(text)}, was seen in training ({listed(seen)}); mend it, or give "
            "--allow-unseen"
            for name, (text, seen) in found.items()
        ]
        if lines:
            raise DataError(*lines)

    def _refuse_overflow(
        self, h: NDArray[np.float64], known: NDArray[np.bool_], start: int
    ) -> None:
        broken = np.flatnonzero(np.isnan(h).any(axis=1) & known)
        if broken.size:
            path, line = self.scan.locate(start + int(broken[0]))
            dtype = self.model.dtype
            raise DataError(f"{path}:{line}: the network's output is not a number; a value of this "
                            f"row is too large for {dtype}")  # fmt: skip

    def notes(self) -> list[str]:
        """Return what is worth knowing of the rows so far."""
        notes = [*self.scan.notes, *notation_notes(self.scan)]
        notes += [*unseen_notes(self.unseen, self.rows)]
        notes += self.tally.notes(self.model.encoder)
        if self.unknown:
            notes.append(f"{self.unknown} of {self.rows} rows miss a value: no prediction for them")
        return notes


def _score(
    model: Model, block: tuple[Mapping[str, Column], NDArray[np.bool_]]
) -> tuple[NDArray[np.float64], dict[str, int], Tally]:
    h, unseen = model.score(block[0])
    return h, unseen, Tally.of(model.encoder, block[0])


def predict(
    model: Model,
    data: Data,
    keep: Sequence[str] | None = (),
    *,
    allow_unseen: bool = False,
    counting: Counting = in_silence,
) -> Predictions:
    """Open the tables for prediction; close `.scan` when done. No target column is needed.

    `data` is a path, several, or a table in memory. `keep` names columns to hand on as texts, in
    this order; None stands for all. A column of which the first 20 rows and more hold nothing that
    training saw is refused, unless `allow_unseen`. `counting` shows how far it is.

    Raises DataError where a column is missing, UsageError where one to keep has the name of a
    column of the output, and, while iterating, DataError where a row holds what the model cannot
    read, or misses a value that the model's policy does not fill.
    """
    with ExitStack() as stack:  # which closes it if anything is refused
        scan = stack.enter_context(Scan(tables_of(data), model.reading_of(model.encoder.kinds)))
        scan.keep(keep)
        _refuse_taken(scan.kept, output_names(model.targets))
        stack.pop_all()
    return Predictions(model, scan, allow_unseen=allow_unseen, counting=counting)


def _refuse_taken(kept: Sequence[str], names: Sequence[str]) -> None:
    for name in kept:
        if name in names:
            raise UsageError(
                f"--keep: column {show_name(name)} has the name of a column of the output; "
                "leave it out, or rename it"
            )
