"""What the forms did to the user's own network, as text: each layer's gradient, and training."""

from __future__ import annotations

from collections import Counter
from statistics import fmean
from typing import TYPE_CHECKING

from mlpcli.report.comparison_text import Section, aligned, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.compare.layers import LayerComparison
    from mlpcli.compare.training_runs import PairedDifference, TrainingRun
    from mlpcli.report.compare_losses import Comparison

__all__ = ["run_sections"]


def run_sections(result: Comparison, width: int) -> Iterator[Section]:
    """Yield the layers and the training runs, if there are any."""
    if result.layers:
        yield Section(
            "each layer's gradient: its entries' largest relative error, of which\n"
            "stable shows what the dtype costs; at last the norms of stable and mse",
            _layers(result.layers, width),
        )
    if result.training:
        runs = result.training
        seeds = len({run.seed for run in runs})
        yield Section(
            f"training under each form, {seeds} seed{'s'[: seeds > 1]}: cross-entropy of the best\n"
            "weights, and how it differs from that of stable, with a 95 % interval",
            _training(runs, result.paired, width),
            tuple(_reasons(runs)),
        )


def _layers(layers: Sequence[LayerComparison], width: int) -> tuple[str, ...]:
    """Return a line per tensor with a column per form."""
    forms = list(dict.fromkeys(row.form for row in layers))
    cells = {(row.form, row.parameter, row.layer): row for row in layers}
    normed = [form for form in ("stable", "mse") if form in forms]
    errors = [form for form in forms if form != "mse"]
    rows = [["", *errors, *(f"|{form}|" for form in normed)]]
    for parameter, layer in dict.fromkeys((row.parameter, row.layer) for row in layers):
        found = {form: cells[form, parameter, layer] for form in forms}
        rows.append([
            f"{parameter}{layer}",
            *(_error(found[form]) for form in errors),
            *(number(found[form].gradient_norm, ".2e") for form in normed),
        ])  # fmt: skip
    return aligned(rows, 1, width)


def _error(row: LayerComparison) -> str:
    return f"{row.non_finite} nan" if row.non_finite else number(row.max_relative_error, ".1e")


def _training(
    runs: Sequence[TrainingRun], paired: Sequence[PairedDifference], width: int
) -> tuple[str, ...]:
    by_form = {row.form: row for row in paired}
    rows = [["form", "ended", "epochs", "loss", "- stable", "from", "to"]]
    for form in dict.fromkeys(run.form for run in runs):
        found = [run for run in runs if run.form == form]
        losses = [run.loss for run in found if run.loss is not None]
        epochs = sorted({run.epochs_run for run in found})
        ended = Counter(run.stopped for run in found)
        rows.append([
            form,
            ", ".join(f"{why} x{count}" for why, count in ended.items()),
            "-".join(map(str, dict.fromkeys([epochs[0], epochs[-1]]))),
            number(fmean(losses) if losses else None, "#.5g"),
            *_difference(by_form.get(form)),
        ])  # fmt: skip
    return aligned(rows, 2, width)


def _difference(pair: PairedDifference | None) -> tuple[str, ...]:
    values = (None,) * 3 if pair is None else (pair.mean, pair.low, pair.high)
    return tuple(number(value, "+.1e") for value in values)


def _reasons(runs: Sequence[TrainingRun]) -> Iterator[str]:
    """Yield why the first run of each form stopped before its last epoch."""
    told = set()
    for run in runs:
        if run.reason is not None and run.form not in told:
            told.add(run.form)
            yield f"  {run.form}, seed {run.seed}: {run.reason}"
