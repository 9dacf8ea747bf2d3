"""Result records as tables of text: drawn at a terminal, in plain columns for a pipe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlpcli.data.rules import Rule, TextRule
from mlpcli.text import printable
from mlpcli.training.metrics import SCORES, Metrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table as RichTable

    from mlpcli.data.encoder import Encoder
    from mlpcli.training.evaluate import Evaluation
    from mlpcli.training.model_file import Model
    from mlpcli.training.result import TrainingResult

__all__ = ["Table", "evaluation_table", "info_tables", "training_table"]


@dataclass(frozen=True)
class Table:
    """Rows of text under a header; names first, then `numeric` columns aligned right, or text."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: bool = True

    def plain(self) -> str:
        """Return title, header and rows as aligned columns."""
        lines = self._lines()
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        align = str.rjust if self.numeric else str.ljust
        text = [
            "  ".join([
                line[0].ljust(widths[0]),
                *(align(cell, width) for cell, width in zip(line[1:], widths[1:], strict=True)),
            ]).rstrip()
            for line in lines
        ]  # fmt: skip
        return "\n".join([printable(self.title), *text])

    def pieces(self, width: int) -> list[Table]:
        """Return the table cut into as many as it takes to fit numbers into `width` characters."""
        if not self.numeric:
            return [self]
        needs = [_width(column) + _GAP for column in zip(*self._lines(), strict=True)]
        groups: list[list[int]] = [[0]]
        for j, need in enumerate(needs[1:], start=1):
            if len(groups[-1]) > 1 and sum(needs[i] for i in groups[-1]) + need >= width:
                groups.append([0])
            groups[-1].append(j)
        return [
            replace(
                self,
                title=self.title if not k else "",
                header=tuple(self.header[j] for j in group),
                rows=tuple(tuple(row[j] for j in group) for row in self.rows),
            )
            for k, group in enumerate(groups)
        ]

    def rich(self) -> RichTable:
        """Return the table for a Rich console."""
        from rich import box
        from rich.table import Table as RichTable
        from rich.text import Text

        header, *rows = self._lines()
        title = Text(printable(self.title)) if self.title else None
        table = RichTable(
            title=title,
            title_justify="left",
            box=box.SIMPLE_HEAD,
            show_edge=False,
            padding=(0, 1, 0, 0),
        )
        for j, column in enumerate(zip(header, *rows, strict=True)):
            right = j > 0 and self.numeric
            table.add_column(
                Text(column[0]),
                justify="right" if right else "left",
                no_wrap=j == 0,
                overflow="fold",
                min_width=_width(column) if self.numeric else None,
            )
        for row in rows:
            table.add_row(*map(Text, row))
        return table

    def _lines(self) -> list[tuple[str, ...]]:
        return [tuple(map(printable, line)) for line in (self.header, *self.rows)]


_GAP = 2  # between columns at a terminal


def _width(column: tuple[str, ...]) -> int:
    """Return the width of a column whose header may be broken between words."""
    header, *cells = column
    return max(map(len, [*header.split(), *cells]), default=0)


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
        facts.append((f"target {target.name}", f"{target.meaning}; threshold {threshold:.4g}"))
    inputs = [_input_row(rule, model.encoder) for rule in model.encoder.rules]
    parts = {part: metrics for part, metrics in model.metrics.items() if metrics}
    scores = [(score, *(_number(metrics[score]) for metrics in parts.values())) for score in SCORES]
    return [
        Table(path, ("", "value"), tuple(facts), numeric=False),
        Table("inputs", ("column", "kind", "encoding", "if missing"), tuple(inputs), numeric=False),
        Table("metrics at training", ("metric", *parts), tuple(scores)),
    ]


def _input_row(rule: Rule, encoder: Encoder) -> tuple[str, str, str, str]:
    unfilled = {"error": "refused", "drop": "row left out"}.get(encoder.policy, "-")
    if isinstance(rule, TextRule):
        levels = ", ".join(rule.levels) or "no text"
        return rule.name, "text", f"one of {levels}", unfilled if rule.fill is None else rule.fill
    sign = "-" if rule.mean >= 0 else "+"
    encoding = f"(value {sign} {abs(rule.mean):.6g}) / {rule.scale:.6g}"
    if (rule.mean, rule.scale) == (0, 1):
        encoding = "as it is"
    return rule.name, "number", encoding, unfilled if rule.fill is None else f"{rule.fill:.6g}"
