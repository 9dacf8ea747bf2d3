"""Result records as tables of text: drawn at a terminal, in plain columns for a pipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlpcli.data.encoder import Rule, TextRule
from mlpcli.training.metrics import SCORES, Metrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table as RichTable

    from mlpcli.training.evaluation import Evaluation
    from mlpcli.training.model_file import Model
    from mlpcli.training.result import TrainingResult

__all__ = ["Table", "evaluation_table", "info_tables", "training_table"]


@dataclass(frozen=True)
class Table:
    """Rows of text under a header; the first column is names, all others are numbers."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def plain(self) -> str:
        """Return title, header and rows as aligned columns."""
        lines = (self.header, *self.rows)
        widths = [max(len(line[j]) for line in lines) for j in range(len(self.header))]
        text = [
            "  ".join([
                line[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
            ]).rstrip()
            for line in lines
        ]  # fmt: skip
        return "\n".join([self.title, *text])

    def rich(self) -> RichTable:
        """Return the table for a Rich console."""
        from rich import box
        from rich.table import Table as RichTable
        from rich.text import Text

        table = RichTable(title=Text(self.title), title_justify="left", box=box.SIMPLE_HEAD)
        table.add_column(self.header[0])
        for name in self.header[1:]:
            table.add_column(name, justify="right")
        for first, *cells in self.rows:
            table.add_row(Text(first), *cells)
        return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _score_rows(columns: Mapping[str, Metrics]) -> list[tuple[str, ...]]:
    rows = [("rows", *(str(m.rows) for m in columns.values()))]
    rows += [(score, *(_number(getattr(m, score)) for m in columns.values())) for score in SCORES]
    for cell in ("tn", "fp", "fn", "tp"):
        rows.append((cell, *(str(getattr(m.confusion, cell)) for m in columns.values())))
    rows.append(("threshold", *(_number(m.threshold) for m in columns.values())))
    return rows


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
    return Table(title, ("metric", *columns), tuple(_score_rows(columns)))


def evaluation_table(evaluation: Evaluation, title: str) -> Table:
    """Return the metrics, of each target too where there are several, with intervals if any."""
    metrics = evaluation.metrics
    name = "all targets" if metrics.per_target else "value"
    columns = {name: metrics, **(metrics.per_target or {})}
    rows: list[tuple[str, ...]] = _score_rows(columns)
    header: tuple[str, ...] = ("metric", *columns)
    if evaluation.intervals is not None:
        header = (*header, "95 % interval")
        rows = [(*row, _interval(evaluation.intervals.get(row[0]))) for row in rows]
    return Table(title, header, tuple(rows))


def _interval(pair: Any) -> str:
    return "" if pair is None else f"{pair[0]:.4f} .. {pair[1]:.4f}"


def info_tables(model: Model, path: str) -> list[Table]:
    """Return what a model file holds: facts, inputs, and the metrics of its own training."""
    network = model.network
    facts = [
        ("network", "-".join(map(str, network.sizes))),
        ("parameters", f"{network.theta.size} {network.theta.dtype}"),
        ("seed", str(model.seed)),
        ("data SHA-256", model.data_digest),
        ("weights SHA-256", model.tensor_digest),
        ("made by", ", ".join(f"{name} {v}" for name, v in model.versions.items())),
    ]
    for target, threshold in zip(model.targets, model.thresholds, strict=True):
        negative, positive = target.labels
        meaning = "0 to 1" if target.soft else f"{positive} = 1, {negative} = 0"
        facts.append((f"target {target.name}", f"{meaning}; threshold {threshold:.4g}"))
    inputs = [_input_row(rule) for rule in model.encoder.rules]
    parts = {part: metrics for part, metrics in model.metrics.items() if metrics}
    scores = [(score, *(_number(metrics[score]) for metrics in parts.values())) for score in SCORES]
    return [
        Table(path, ("", "value"), tuple(facts)),
        Table("inputs", ("column", "kind", "encoding", "if missing"), tuple(inputs)),
        Table("metrics at training", ("metric", *parts), tuple(scores)),
    ]


def _input_row(rule: Rule) -> tuple[str, str, str, str]:
    if isinstance(rule, TextRule):
        return rule.name, "text", "one of " + ", ".join(rule.levels), rule.fill or "-"
    fill = "-" if rule.fill is None else f"{rule.fill:.6g}"
    return rule.name, "number", f"(value - {rule.mean:.6g}) / {rule.scale:.6g}", fill
