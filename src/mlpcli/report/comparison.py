"""The comparison of the forms as tables, in words, and as a JSON document."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.report.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.comparison.dial import Dial
    from mlpcli.comparison.layers import LayerComparison
    from mlpcli.comparison.summary import Summary
    from mlpcli.comparison.sweep import Curve
    from mlpcli.comparison.training_runs import PairedDifference, TrainingRun

__all__ = ["Comparison", "comparison_document", "comparison_tables"]


@dataclass(frozen=True)
class Comparison:
    """All that was compared; `layers`, `training` and `paired` are empty without a config."""

    epsilon: float
    curves: tuple[Curve, ...]
    summary: tuple[Summary, ...]
    dial: tuple[Dial, ...]
    layers: tuple[LayerComparison, ...] = ()
    training: tuple[TrainingRun, ...] = ()
    paired: tuple[PairedDifference, ...] = ()


def _number(value: float | None, digits: str = ".4g") -> str:
    return "-" if value is None else format(value, digits)


def comparison_tables(result: Comparison) -> Iterator[Table]:
    """Yield the tables: where each form breaks, what epsilon costs, layers, training."""
    yield _summary_table(result)
    yield _dial_table(result.dial)
    if result.layers:
        yield _layers_table(result.layers)
    if result.training:
        yield _training_table(result.training)
    if result.paired:
        yield _paired_table(result.paired)


def _summary_table(result: Comparison) -> Table:
    rows = tuple(
        (
            s.form,
            s.dtype,
            str(s.label),
            _number(s.first_non_finite_logit),
            _number(s.first_dead_logit),
            _number(s.max_relative_error, ".1e"),
            s.verdict,
        )
        for s in sorted(result.summary, key=lambda s: (s.dtype, s.label))
    )
    header = ("form", "dtype", "y", "nan from h", "dead from h", "rel. error", "verdict")
    title = f"dJ/dh against the exact value, epsilon {result.epsilon:g}"
    return Table(title, header, rows, numeric=False)


def _dial_table(dials: Sequence[Dial]) -> Table:
    header = ("form", "epsilon", "dtype", "1 % lost", "50 % lost", "all lost", "nan from")
    rows = tuple(
        (
            d.form,
            f"{d.epsilon:g}",
            d.dtype,
            _number(d.lost_1_percent),
            _number(d.lost_50_percent),
            _number(d.lost_all),
            _number(d.non_finite),
        )
        for d in dials
    )
    return Table("what epsilon costs: the logit of a wrong answer from which ..", header, rows)


def _layers_table(layers: Sequence[LayerComparison]) -> Table:
    tensors = list(dict.fromkeys(f"{r.parameter}{r.layer}" for r in layers))
    by_form: dict[str, dict[str, LayerComparison]] = {}
    for row in layers:
        by_form.setdefault(row.form, {})[f"{row.parameter}{row.layer}"] = row
    rows = tuple(
        (form, *(_layer_cell(cells[tensor]) for tensor in tensors))
        for form, cells in by_form.items()
    )
    title = "relative error of each layer's gradient (mse: its norm, as it is another loss)"
    return Table(title, ("form", *tensors), rows)


def _layer_cell(row: LayerComparison) -> str:
    if row.non_finite:
        return "nan"
    if row.max_relative_error is None:
        return f"|{_number(row.gradient_norm, '.2e')}|"
    return f"{row.max_relative_error:.1e}"


def _training_table(runs: Sequence[TrainingRun]) -> Table:
    header = ("form", "seed", "stopped", "epochs", "loss", "reason")
    rows = tuple(
        (r.form, str(r.seed), r.stopped, str(r.epochs_run), _number(r.loss, ".5f"), r.reason or "")
        for r in runs
    )
    return Table("training under each form: cross-entropy of the best weights", header, rows,
                 numeric=False)  # fmt: skip


def _paired_table(paired: Sequence[PairedDifference]) -> Table:
    rows = tuple(
        (p.form, str(p.seeds), *(_number(v, "+.2e") for v in (p.mean, p.low, p.high)))
        for p in paired
    )
    header = ("form", "pairs", "mean", "from", "to (95 %)")
    return Table("loss minus that of stable, same seed", header, rows)


def _finite(value: Any) -> float | None:
    value = float(value)
    return value if math.isfinite(value) else None


def _curve_rows(curve: Curve) -> Iterator[dict[str, Any]]:
    columns = zip(
        curve.logits,
        curve.loss,
        curve.gradient,
        curve.exact.high,
        curve.relative_error,
        strict=True,
    )
    for h, loss, gradient, exact, error in columns:
        row = {
            "logit": float(h),
            "label": curve.label,
            "dtype": curve.dtype,
            "form": curve.form,
            "loss": _finite(loss),
            "gradient": _finite(gradient),
            "exact": float(exact),
            "relative_error": _finite(error),
        }
        if None in (row["loss"], row["gradient"], row["relative_error"]):
            row["reason"] = _reason(float(loss), float(gradient))
        yield row


def _reason(loss: float, gradient: float) -> str:
    parts = [f"{name} is {value}" for name, value in (("loss", loss), ("gradient", gradient))
             if not np.isfinite(value)]  # fmt: skip
    return ", ".join(parts) or "exact is below the smallest float64"


def _training_document(run: TrainingRun) -> dict[str, Any]:
    return {**asdict(run), "curve": [_finite(loss) for loss in run.curve]}


def _layer_document(row: LayerComparison) -> dict[str, Any]:
    document = asdict(row)
    if row.form == "mse":
        document["reason"] = "another loss: only its norm can be compared"
    elif None in (row.max_relative_error, row.gradient_norm):
        document["reason"] = "non-finite"
    return document


def comparison_document(result: Comparison) -> dict[str, Any]:
    """Return the document of `mlp compare-losses --json`, with every row of the grid."""
    return {
        "schema": "mlp.compare-losses/1",
        "epsilon": result.epsilon,
        "summary": [asdict(s) for s in result.summary],
        "dial": [asdict(d) for d in result.dial],
        "rows": [row for curve in result.curves for row in _curve_rows(curve)],
        "layers": [_layer_document(row) for row in result.layers],
        "training": [_training_document(run) for run in result.training],
        "paired": [asdict(p) for p in result.paired],
    }
