"""The sections of the page of a run, each a heading with what the reports of the commands say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mlpcli.report.chain import chain_table, chain_words
from mlpcli.report.evaluate import curves, evaluation_tables
from mlpcli.report.gradcheck import gradcheck_table
from mlpcli.report.gradcheck_words import gradcheck_notes, gradcheck_words, objective_line
from mlpcli.report.info import info_tables
from mlpcli.report.page_curves import chain_chart, charts, ranking_charts, training_charts
from mlpcli.report.page_html import Section, details, list_of, paragraph, safe, table_of
from mlpcli.report.page_threshold import panel
from mlpcli.report.table import Table, number
from mlpcli.training.metrics import SCORES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlpcli.data.dataset import Dataset
    from mlpcli.data.rows import AnyRows
    from mlpcli.report.run_facts import DataFacts, RunFacts
    from mlpcli.training.loop import EpochRecord

__all__ = ["sections"]


_MOST_LAYERS = 12  # whose tables stand open
_MOST_OUTPUTS = 8  # whose shares are told


def sections(run: RunFacts) -> list[Section]:
    """Return all sections; those that take the data say why where there are none."""
    return [
        Section("metrics", "Metrics", _metrics(run)),
        Section("curves", "Training curves", _curves(run)),
        Section("ranking", "ROC and calibration", _with_data(run, _ranking)),
        Section("confusion", "Confusion and threshold", _with_data(run, _confusion)),
        Section("importance", "Importance of columns", _with_data(run, _importance)),
        Section("data", "Data", _data(run)),
        Section("gradients", "Gradient check", _with_data(run, _gradients)),
        Section("chain", "From layer to layer", _with_data(run, _chain)),
        Section("config", "Config", _config(run)),
    ]


def _with_data(run: RunFacts, inside: Callable[[DataFacts], str]) -> str:
    if isinstance(run.data, str):
        return paragraph(run.data, "missing")
    return inside(run.data)


def _metrics(run: RunFacts) -> str:
    """Return the scores of each part beside the base rate, with intervals where there are rows."""
    report = run.report
    columns = {part: found for part, found in report["metrics"].items() if found}
    last = list(columns)[-1]
    if report["baseline"].get(last):
        columns[f"base rate ({last})"] = report["baseline"][last]
    rows = [("rows", *(str(found["rows"]) for found in columns.values()))]
    rows += [
        (score, *(number(found[score], ".4f") for found in columns.values())) for score in SCORES
    ]
    table = table_of(Table("Scores of each part", ("score", *columns), tuple(rows)))
    if isinstance(run.data, str):
        return table + paragraph(run.data, "missing")
    title = f"On the {run.data.part} rows, with 95 % intervals of {run.data.resamples} resamples"
    scores, *_ = evaluation_tables(run.data.evaluation, title)
    return table + table_of(scores)


def _curves(run: RunFacts) -> str:
    if not run.history:
        return paragraph("No epoch was completed.")
    rows = [
        (str(r.epoch), number(r.train_loss, ".4g"), number(r.validation_loss, ".4g"),
         number(r.learning_rate, ".3g"), *(number(norm, ".3g") for norm in r.gradient_norm))
        for r in _some(run.history)
    ]  # fmt: skip
    norms = (f"norm, layer {i}" for i in range(1, len(run.history[0].gradient_norm) + 1))
    header = ("epoch", "training loss", "validation loss", "learning rate", *norms)
    table = table_of(Table("The run by epoch", header, tuple(rows)))
    drawn = training_charts(run.history, run.report["best_epoch"])
    return charts(drawn) + details("The numbers", table)


def _some(history: Sequence[EpochRecord]) -> list[EpochRecord]:
    """Return up to 100 records, evenly spread, the last among them."""
    step = -(-len(history) // 100)
    return [*history[:-1:step], history[-1]]


def _ranking(data: DataFacts) -> str:
    targets = curves(data.evaluation)
    if not targets:
        return paragraph(data.evaluation.metrics.reason or "There is nothing to draw.")
    return paragraph(f"On the {data.part} rows.") + charts(ranking_charts(targets))


def _confusion(data: DataFacts) -> str:
    """Return a slider per target of two labels, the tables of a target of more."""
    where = paragraph(f"On the {data.part} rows.")
    panels = [panel(target, k) for k, target in enumerate(curves(data.evaluation)) if target.sweep]
    if panels:
        return where + "".join(panels)
    _, *tables = evaluation_tables(data.evaluation, "")
    if data.evaluation.importance:
        tables.pop()  # which has a section of its own
    reason = data.evaluation.metrics.reason
    return where + (paragraph(reason, "missing") if reason else "") + "".join(map(table_of, tables))


def _importance(data: DataFacts) -> str:
    if not data.evaluation.importance:
        return paragraph("It has no finite output to measure.")
    *_, table = evaluation_tables(data.evaluation, "")
    return paragraph(f"On the {data.part} rows.") + table_of(table)


def _data(run: RunFacts) -> str:
    """Return which rows took part, what there is to know of them, and how they are encoded."""
    _, inputs, _ = info_tables(run.model, run.path)
    targets = [f"{target.name}: {', '.join(target.labels)}" for target in run.model.targets]
    told = paragraph("Targets and their labels:") + list_of(targets)
    digest = paragraph(f"SHA-256 of the data: {run.model.data_digest}")
    if isinstance(run.data, str):
        return paragraph(run.data, "missing") + told + table_of(inputs) + digest
    parts = {name: rows for name, rows in run.data.dataset.parts().items() if rows is not None}
    outputs = _outputs(run.data.dataset)[:_MOST_OUTPUTS]
    rows = tuple(
        (name, str(len(part)), str(part.width), *_shares(part, len(outputs)))
        for name, part in parts.items()
    )
    header = ("part", "rows", "inputs", *(f"share of {name}" for name in outputs))
    table = table_of(Table("Rows", header, rows))
    notes = list_of(run.data.dataset.notes) or paragraph("There is nothing to note of them.")
    return table + paragraph("Notes on the rows:") + notes + told + table_of(inputs) + digest


def _outputs(dataset: Dataset) -> list[str]:
    """Return what a 1 means in each column of y: a label, or which label of which target."""
    if dataset.classes is not None:
        return [*dataset.classes.labels]
    return [f"{target.name} = {target.labels[1]}" for target in dataset.targets]


def _shares(part: AnyRows, outputs: int) -> list[str]:
    """Return the mean of the first columns of y."""
    return [f"{share:.1%}" for share in part.y[:, :outputs].mean(axis=0, dtype=float).tolist()]


def _gradients(data: DataFacts) -> str:
    """Return the check of our own gradient, with the trained weights."""
    verdict, *others = (*gradcheck_words(data.check), *gradcheck_notes(data.check))
    title = f"{data.check.check.parameters} parameters by {data.check.check.method} differences"
    return (
        paragraph(verdict, data.check.verdict)  # told in words, coloured besides
        + paragraph(f"With the trained weights, on {data.check.check.rows} training rows.")
        + paragraph(objective_line(data.check.case))
        + _folded(table_of(replace(gradcheck_table(data.check), title=title)), data)
        + list_of(line.strip() for line in others)
    )


def _chain(data: DataFacts) -> str:
    words = "".join(map(paragraph, chain_words(data.chain)))
    views = (data.chain.one_row, data.chain.full_rank, data.chain.all_rows)
    tables = [table_of(chain_table(view)) for view in {view.rows: view for view in views}.values()]
    return words + charts([chain_chart(data.chain)]) + _folded("".join(tables), data)


def _folded(table: str, data: DataFacts) -> str:
    """Return a table of layers, folded up where they fill more than a screen."""
    depth = len(data.chain.all_rows.layers)
    return table if depth <= _MOST_LAYERS else details(f"The numbers of {depth} layers", table)


def _config(run: RunFacts) -> str:
    facts, *_ = info_tables(run.model, run.path)
    whole = "".join(f"{safe(line)}\n" for line in run.config.splitlines())
    return table_of(facts) + details("The whole config, defaults included", f"<pre>{whole}</pre>")
