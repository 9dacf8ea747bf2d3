"""Measures a model on a labelled table, read block by block."""

from __future__ import annotations

from collections import Counter
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.counting import ROW_READ, in_silence
from mlpcli.data.columns import rows_of, take
from mlpcli.data.examples import read_labels
from mlpcli.data.frames import tables_of
from mlpcli.data.notes import unseen_notes
from mlpcli.data.roles import Roles
from mlpcli.data.table import Scan
from mlpcli.data.table_notes import notation_notes, unlabelled_note
from mlpcli.data.target import one_hot
from mlpcli.errors import DataError
from mlpcli.parallel import limit_blas
from mlpcli.ranks import job
from mlpcli.records import dataclass
from mlpcli.training.bootstrap import intervals_of
from mlpcli.training.importance import RowSample, measure_importance
from mlpcli.training.score_rows import scored
from mlpcli.training.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from mlpcli.counting import Counting
    from mlpcli.data.examples import Labels
    from mlpcli.data.frames import Data, Tables
    from mlpcli.data.table import Column
    from mlpcli.nn.sigmoid import FloatArray
    from mlpcli.training.importance import Importance
    from mlpcli.training.metrics import Scores
    from mlpcli.training.model_file import Model
    from mlpcli.training.score_rows import ScoredRows

__all__ = ["Evaluation", "evaluate"]


@dataclass(frozen=True)
class Evaluation:
    """Metrics of a model on a table; `intervals` holds a 95 % interval per score if asked for.

    `digest` is the SHA-256 of the data; `notes` are things to know, such as unseen categories;
    `rows` are what the metrics were computed from; `importance` is that of each column, if asked
    for.
    """

    metrics: Scores
    digest: str
    notes: tuple[str, ...]
    intervals: Mapping[str, tuple[float, float]] | None = None
    rows: ScoredRows | None = field(default=None, repr=False, compare=False)
    importance: tuple[Importance, ...] | None = None

    def __repr__(self) -> str:
        scores = {"rows": self.metrics.rows, "loss": self.metrics.loss}
        shown = ", ".join(f"{name} {value:.4g}" for name, value in scores.items())
        return f"<Evaluation {shown}>"


def evaluate(
    model: Model,
    data: Data,
    *,
    threshold: float | None = None,
    bootstrap: int = 0,
    importance: bool = False,
    counting: Counting = in_silence,
) -> Evaluation:
    """Measure the model on labelled tables, read block by block.

    `data` is a path, several, or a table in memory, as in `train`.
    `threshold` overrides the model's own. With `bootstrap` B > 0 each score also gets the interval
    between the 2.5 % and 97.5 % quantiles over B resamples of the rows (Efron 1979), seeded by
    the model's seed. With `importance` each column gets its own. `counting` shows how
    far each of these is. Raises DataError where the tables do not fit the model.
    """
    if threshold is not None:
        model = model.with_threshold(threshold)
    files = tables_of(data)
    sample = RowSample(model.seed) if importance else None
    rows, digest, notes = _score_tables(model, files, sample, counting)
    columns = intervals = None
    if sample is not None:
        with limit_blas(1):
            columns = measure_importance(model, sample, counting)
        notes += sample.note()
    if bootstrap:
        intervals = intervals_of(rows, model, bootstrap, counting)
    metrics = rows.metrics(model.loss)
    return Evaluation(metrics, digest, tuple(notes), intervals, rows, columns)


def _score_tables(
    model: Model, files: Tables, sample: RowSample | None, counting: Counting
) -> tuple[ScoredRows, str, list[str]]:
    """Return all labelled rows with their logits, the digest of the tables, and notes.

    `sample` takes in their inputs and labels.
    """
    roles = Roles(model.encoder.names, model.names, model.config["data"]["weight"])
    kinds = {**model.encoder.kinds, **{target.name: target.kind for target in model.targets}}
    if roles.weight is not None:
        kinds[roles.weight] = "number"
    logits, labels, weights, read, unlabelled = [], [], [], 0, 0
    unseen, tally = Counter[str](), Tally()

    with (
        Scan(files, model.reading_of(kinds)) as scan,
        limit_blas(1),
        counting(ROW_READ, scan.expected_rows()) as count,
    ):
        score = partial(_score, model, sample is not None)
        for (found, _), (X, h, new, odd) in job().in_order(score, _read(scan, model, roles)):
            logits.append(h)
            if sample is not None and X is not None:
                sample.add(X, one_hot(found.y, model.targets), found.weight)
            labels.append(found.y)
            if found.weight is not None:
                weights.append(found.weight)
            unseen.update(new)
            tally.add(odd)
            unlabelled += found.unlabelled
            count(scan.rows - read)
            read = scan.rows
        left = sum(map(len, labels))
        digest, dropped = scan.digest, scan.rows - left
        notes = [*scan.notes, *notation_notes(scan)]
    if not left:
        what = "has no target" if 0 < unlabelled == dropped else "misses a value"
        raise DataError(f"{files[0]}: no row is left to evaluate on: each {what}")
    weight = np.concatenate(weights) if weights else None
    if weight is not None and not weight.any():
        raise DataError(f'{files[0]}: column "{roles.weight}": every weight is 0')
    notes += [*unseen_notes(unseen, left), *tally.notes(model.encoder)]
    if unlabelled:
        notes.append(unlabelled_note(unlabelled))
    if dropped > unlabelled:
        notes.append(f"{dropped - unlabelled} rows with a missing value are left out")
    h, y = np.concatenate(logits), one_hot(np.concatenate(labels), model.targets)
    return scored(model, h, y, model.thresholds, weight), digest, notes


def _score(
    model: Model, keep: bool, block: tuple[Labels, Mapping[str, Column]]
) -> tuple[FloatArray | None, NDArray[np.float64], dict[str, int], Tally]:
    """Return inputs, if they are to be kept, logits, unseen texts by column, and what is odd."""
    X, unseen = model.encoder.encode(block[1], model.dtype)
    odd = Tally.of(model.encoder, block[1])
    return X if keep else None, model.logits(X), unseen, odd


def _read(scan: Scan, model: Model, roles: Roles) -> Iterator[tuple[Labels, Mapping[str, Column]]]:
    """Yield labels and columns of each block; DataError where they miss what they must not.

    Rows without a target cannot be measured, whatever became of them in training: they are left
    out.
    """
    start, policies = 0, replace(model.encoder.policies, target="drop")
    for columns in scan.blocks():
        found = read_labels(scan, columns, roles, model.targets, policies, start=start)
        yield found, columns if found.kept is None else take(columns, found.kept)
        start += rows_of(columns)
