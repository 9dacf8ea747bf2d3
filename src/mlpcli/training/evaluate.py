"""Measures a model on encoded rows or on a table, against what a constant guess would score."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mlpcli.data.columns import rows_of, take
from mlpcli.data.examples import read_labels
from mlpcli.data.notes import unseen_notes
from mlpcli.data.roles import Roles
from mlpcli.data.rows import pieces
from mlpcli.data.table import Reading, Scan
from mlpcli.errors import DataError
from mlpcli.nn.losses import BCE_FORMS
from mlpcli.parallel import limit_blas, map_ahead
from mlpcli.training.metrics import SCORES, Metrics, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from mlpcli.data.examples import Labels
    from mlpcli.data.rows import AnyRows
    from mlpcli.data.table import Column
    from mlpcli.nn.network import Network
    from mlpcli.training.model_file import Model

__all__ = [
    "Evaluation",
    "ScoredRows",
    "baseline_metrics",
    "evaluate",
    "rows_logits",
    "rows_metrics",
]


@dataclass(frozen=True)
class ScoredRows:
    """What a model said of rows, and what is true: logits and labels (N x K) of K targets."""

    logits: NDArray[np.float64]
    labels: NDArray[np.float64]
    names: tuple[str, ...]
    thresholds: tuple[float, ...]


@dataclass(frozen=True)
class Evaluation:
    """Metrics of a model on a table; `intervals` holds a 95 % interval per score if asked for.

    `digest` is the SHA-256 of the data; `notes` are things to know, such as unseen categories;
    `rows` are what the metrics were computed from.
    """

    metrics: Metrics
    digest: str
    notes: tuple[str, ...]
    intervals: Mapping[str, tuple[float, float]] | None = None
    rows: ScoredRows | None = field(default=None, repr=False, compare=False)


def rows_metrics(model: Model, rows: AnyRows) -> Metrics:
    """Return the metrics of the model on encoded rows."""
    h = rows_logits(model.network, rows)
    return _measure(model, h, rows.y, rows.weight, model.thresholds)


def rows_logits(network: Network, rows: AnyRows) -> NDArray[np.float64]:
    """Return the logits (N x K) of encoded rows, computed in the network's dtype."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.concatenate([network.logits(some.X) for some in pieces(rows)]).astype(np.float64)


def true_loss(network: Network, rows: AnyRows) -> float:
    """Return the mean binary cross-entropy over rows, weighted by theirs if they have weights."""
    h = rows_logits(network, rows)
    with np.errstate(over="ignore", invalid="ignore"):
        losses = BCE_FORMS["stable"].value(h, rows.y.astype(np.float64), 0.0).sum(axis=1)
    return float(np.average(losses, weights=rows.weight))


def baseline_metrics(
    model: Model, train: AnyRows, parts: Mapping[str, AnyRows | None]
) -> dict[str, Metrics | None]:
    """Return, by part, the metrics of predicting the training base rate for every row.

    Its threshold is 1/2, so that it always answers with the commoner label.
    """
    rate = np.average(train.y.astype(np.float64), axis=0, weights=train.weight)
    with np.errstate(divide="ignore"):
        h = np.clip(np.log(rate) - np.log1p(-rate), -700, 700)
    halves = (0.5,) * h.size
    return {
        part: _measure(model, np.broadcast_to(h, rows.y.shape), rows.y, rows.weight, halves)
        if rows
        else None
        for part, rows in parts.items()
    }


def _measure(
    model: Model,
    h: NDArray[np.float64],
    y: NDArray[np.floating[Any]],
    weight: NDArray[np.floating[Any]] | None,
    thresholds: Sequence[float],
) -> Metrics:
    return measure(h, y, model.loss, thresholds, names=model.names, weight=weight)


def evaluate(
    model: Model,
    data: str | Path | Sequence[str | Path],
    *,
    threshold: float | None = None,
    bootstrap: int = 0,
) -> Evaluation:
    """Measure the model on labelled tables, read block by block.

    `threshold` overrides the model's own. With `bootstrap` B > 0 each score also gets the interval
    between the 2.5 % and 97.5 % quantiles over B resamples of the rows (Efron 1979), seeded by
    the model's seed. Raises DataError where the tables do not fit the model.
    """
    files = [data] if isinstance(data, str | Path) else list(data)
    thresholds = model.thresholds if threshold is None else (threshold,) * len(model.targets)
    h, y, weight, digest, notes = _read(model, files)
    metrics = _measure(model, h, y, weight, thresholds)
    intervals = None
    if bootstrap:

        def resample(rows: NDArray[np.int64]) -> Metrics | None:
            part = None if weight is None else weight[rows]
            if part is not None and not part.any():
                return None
            return _measure(model, h[rows], y[rows], part, thresholds)

        rng = np.random.default_rng(model.seed)
        intervals = _intervals(resample, h.shape[0], bootstrap, rng)
    rows = ScoredRows(h, y, tuple(model.names), tuple(thresholds))
    return Evaluation(metrics, digest, notes, intervals, rows)


class _Labelled(NamedTuple):
    """Labelled rows of tables: logits and labels (N x K), weights (N,) or None, digest, notes."""

    h: NDArray[np.float64]
    y: NDArray[np.float64]
    weight: NDArray[np.float64] | None
    digest: str
    notes: tuple[str, ...]


def _read(model: Model, files: Sequence[str | Path]) -> _Labelled:
    """Compute the logits of all labelled rows while the tables are read."""
    roles = Roles(model.encoder.names, model.names, model.config["data"]["weight"])
    kinds = {**model.encoder.kinds, **{target.name: target.kind for target in model.targets}}
    if roles.weight is not None:
        kinds[roles.weight] = "number"
    logits, labels, weights, unseen, rows = [], [], [], Counter[str](), 0
    encoder, dtype = model.encoder, str(model.network.theta.dtype)

    def complete(scan: Scan) -> Iterator[tuple[Labels, Mapping[str, Column]]]:
        start = 0
        for columns in scan.blocks():
            found = read_labels(scan, columns, roles, model.targets, encoder.policy, start=start)
            yield found, columns if found.kept is None else take(columns, found.kept)
            start += rows_of(columns)

    def compute(
        block: tuple[Labels, Mapping[str, Column]],
    ) -> tuple[Labels, NDArray[np.float64], dict[str, int]]:
        found, columns = block
        X, new = encoder.encode(columns, dtype)
        return found, model.logits(X), new

    with Scan(files, Reading.only(kinds)) as scan, limit_blas(1):
        for block, h, new in map_ahead(compute, complete(scan)):
            rows += len(block.y)
            unseen.update(new)
            logits.append(h)
            labels.append(block.y)
            weights.append(block.weight)
        digest, total = scan.digest, scan.rows
    if not rows:
        raise DataError(f"{files[0]}: no row is left to evaluate on: each misses a value")
    notes = unseen_notes(unseen, rows)
    if total > rows:
        notes.append(f"{total - rows} rows with a missing value are left out")
    present = [weight for weight in weights if weight is not None]
    weight = np.concatenate(present) if present else None
    if weight is not None and not weight.any():
        raise DataError(f'{files[0]}: column "{roles.weight}": every weight is 0')
    h, y = np.concatenate(logits), np.concatenate(labels)
    return _Labelled(h, y, weight, digest, tuple(notes))


def _intervals(
    resample: Callable[[NDArray[np.int64]], Metrics | None],
    rows: int,
    count: int,
    rng: np.random.Generator,
) -> Mapping[str, tuple[float, float]]:
    """Return the 2.5 % and 97.5 % quantiles of each score over `count` resamples of the rows.

    A resample that lacks a score, or all weight, counts for nothing.
    """
    drawn: dict[str, list[float]] = {score: [] for score in SCORES}
    for _ in range(count):
        metrics = resample(rng.integers(0, rows, rows))
        for score, values in drawn.items():
            value = getattr(metrics, score, None)
            if value is not None:
                values.append(value)
    quantiles = {score: np.quantile(v, (0.025, 0.975)) for score, v in drawn.items() if v}
    return MappingProxyType({score: (float(a), float(b)) for score, (a, b) in quantiles.items()})
