"""The measurement of a model on a table: as a table of scores, as JSON, and its curves."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.nn.sigmoid import sigmoid
from mlpcli.records import dataclass
from mlpcli.report.evaluate_labels import label_tables, weakest
from mlpcli.report.figures import line_chart
from mlpcli.report.table import Table, number
from mlpcli.training.confusion import THRESHOLD_SCORES, Ranking, sweep
from mlpcli.training.label_metrics import LabelMetrics
from mlpcli.training.metrics import SCORES, Metrics
from mlpcli.training.score_rows import ScoredLabels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mlpcli.training.evaluate import Evaluation
    from mlpcli.training.importance import Importance
    from mlpcli.training.metrics import Scores
    from mlpcli.training.score_rows import ScoredRows

__all__ = [
    "GRID",
    "Curves",
    "curves",
    "evaluation_chart",
    "evaluation_document",
    "evaluation_tables",
    "importance_words",
    "score_rows",
]

GRID = np.linspace(0, 1, 201)
_MOST_TARGETS = 8


def evaluation_tables(evaluation: Evaluation, title: str) -> list[Table]:
    """Return the metrics, with intervals if any, and what there is to say of each label."""
    metrics = evaluation.metrics
    tables = label_tables(metrics) if isinstance(metrics, LabelMetrics) else []
    if evaluation.importance:
        tables.append(_importance_table(evaluation.importance))
    return [_score_table(evaluation, title), *tables]


def _importance_table(columns: Sequence[Importance]) -> Table:
    """Return how much worse the model gets where a column is shuffled, the largest first."""
    title = f"importance: what {importance_words(columns)} by, where the column is shuffled"
    rows = [(c.column, *(f"{value:z.4f}" for value in (c.mean, c.low, c.high))) for c in columns]
    return Table(title, ("column", "mean", "95 % low", "high"), tuple(rows))


def importance_words(columns: Sequence[Importance]) -> str:
    """Return which score moves, and whither."""
    metric = columns[0].metric
    return f"{metric} {'rises' if metric == 'loss' else 'falls'}"


def _score_table(evaluation: Evaluation, title: str) -> Table:
    metrics, intervals = evaluation.metrics, evaluation.intervals
    targets = getattr(metrics, "per_target", None)
    columns = {"all targets" if targets else "value": metrics, **(targets or {})}
    header, rows = ("metric", *columns), score_rows(columns)
    if intervals is not None:
        header = (*header, "95 % interval")
        rows = [(*row, _interval(intervals.get(row[0]))) for row in rows]
    return Table(title, header, tuple(rows))


def score_rows(columns: Mapping[str, Scores]) -> list[tuple[str, ...]]:
    """Return a row of text per score, and per count of two labels, with a cell per column."""
    metrics = columns.values()
    rows = [("rows", *(str(m.rows) for m in metrics))]
    rows += [(score, *(number(getattr(m, score), ".4f") for m in metrics)) for score in SCORES]
    counted = [m for m in metrics if isinstance(m, Metrics)]
    for cell in ("tn", "fp", "fn", "tp") if counted else ():
        rows.append((cell, *(str(getattr(m.confusion, cell)) for m in counted)))
    if counted:
        rows.append(("threshold", *(number(m.threshold, ".4f") for m in counted)))
    return rows


def _interval(pair: tuple[float, float] | None) -> str:
    return "" if pair is None else f"{pair[0]:.4f} .. {pair[1]:.4f}"


def evaluation_document(evaluation: Evaluation, model: str, data: str) -> dict[str, Any]:
    """Return the document of `mlp evaluate --json`; `intervals`, `importance` if asked for."""
    document: dict[str, Any] = {
        "schema": "mlp.evaluate/1",
        "model": model,
        "data": data,
        "data_digest": evaluation.digest,
        "metrics": evaluation.metrics.to_document(),
        "notes": list(evaluation.notes),
    }
    if evaluation.intervals is not None:
        document["intervals"] = {name: list(pair) for name, pair in evaluation.intervals.items()}
    if evaluation.importance is not None:
        document["importance"] = [asdict(column) for column in evaluation.importance]
    return document


@dataclass(frozen=True)
class Curves:
    """One target: probabilities `p` (N,), their classes, and its rows ranked by their logits.

    `answers` are the labels that count as 0 and as 1.

    `sweep` holds each score that depends on a threshold, at all thresholds of GRID; of a label
    among three and more, which has no threshold, it holds none.
    """

    name: str
    threshold: float
    p: NDArray[np.float64]
    positive: NDArray[np.bool_]
    ranking: Ranking
    sweep: Mapping[str, NDArray[np.float64]]
    answers: tuple[str, str] = ("0", "1")

    @property
    def both(self) -> bool:
        """Whether there are rows of both classes."""
        return bool(self.positive.any() and not self.positive.all())


def curves(evaluation: Evaluation) -> list[Curves]:
    """Return the curves of the first eight targets whose logits are all finite.

    Of more labels than eight those of least f1 have curves, each against the rest.
    """
    rows, metrics = evaluation.rows, evaluation.metrics
    if rows is None:
        return []
    if isinstance(rows, ScoredLabels) and isinstance(metrics, LabelMetrics):
        known = np.isfinite(rows.logits).all()
        return [_curves_of_label(rows, c) for c in weakest(metrics, _MOST_TARGETS) if known]
    finite = np.flatnonzero(np.isfinite(rows.logits).all(axis=0)).tolist()
    return [_curves_of(rows, k) for k in finite[:_MOST_TARGETS]]


def _curves_of(rows: ScoredRows, k: int) -> Curves:
    h, positive = rows.logits[:, k], rows.labels[:, k] >= 0.5
    p = np.asarray(sigmoid(h), np.float64)
    counts = sweep(p, positive, GRID)
    return Curves(
        name=rows.names[k],
        threshold=rows.thresholds[k],
        p=p,
        positive=positive,
        ranking=Ranking.of(h, positive),
        sweep={name: score(counts) for name, score in THRESHOLD_SCORES.items()},
        answers=rows.answers[k] if rows.answers else ("0", "1"),
    )


def _curves_of_label(rows: ScoredLabels, c: int) -> Curves:
    positive = rows.labels[:, c] > 0
    ranking = Ranking.of(rows.rank[:, c], positive)
    return Curves(rows.names[c], 0.5, rows.p[:, c], positive, ranking, {})


def evaluation_chart(evaluation: Evaluation) -> str:
    """Return each target's ROC and its f1 by threshold in text, both axes from 0 to 1."""
    targets = curves(evaluation)
    lines: dict[str, NDArray[np.float64]] = {}
    for k, target in enumerate(targets):
        name = f"{target.name[:12]} " if len(targets) > 1 else ""
        if {f"{name}ROC", f"{name}f1"} & {*lines}:
            name = f"{target.name[:9]}.{k} "  # another name begins alike
        if target.both:
            ranking = target.ranking
            lines[f"{name}ROC"] = np.interp(np.linspace(0, 1, 48), ranking.fpr, ranking.tpr)
        if target.sweep:
            lines[f"{name}f1"] = target.sweep["f1"]
    return line_chart(lines) if lines else evaluation.metrics.reason or "nothing to draw"
