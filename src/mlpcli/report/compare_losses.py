"""The comparison of the forms as a JSON document, with every row of the grid."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlpcli.compare.dial import Dial
    from mlpcli.compare.layers import LayerComparison
    from mlpcli.compare.summary import Summary
    from mlpcli.compare.sweep import Curve
    from mlpcli.compare.training_runs import PairedDifference, TrainingRun

__all__ = ["Comparison", "comparison_json"]


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


def comparison_json(result: Comparison) -> Iterator[str]:
    """Yield the document of `mlp compare-losses --json` in pieces, each record on its own line.

    In pieces, since a grid of a million logits is gigabytes of text.
    """
    yield '{\n  "schema": "mlp.compare-losses/1"'
    yield f',\n  "epsilon": {_dumps(result.epsilon)}'
    for key, records in _sections(result).items():
        yield f',\n  "{key}": ['
        comma = ""
        for record in records:
            yield f"{comma}\n    {_dumps(record)}"
            comma = ","
        yield "\n  ]" if comma else "]"
    yield "\n}"


_dumps = json.JSONEncoder(allow_nan=False, ensure_ascii=False).encode


def _sections(result: Comparison) -> dict[str, Iterable[dict[str, Any]]]:
    return {
        "summary": map(asdict, result.summary),
        "dial": map(asdict, result.dial),
        "rows": (row for curve in result.curves for row in _curve_rows(curve)),
        "layers": map(_layer, result.layers),
        "training": map(_training, result.training),
        "paired": map(_paired, result.paired),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _curve_rows(curve: Curve) -> Iterator[dict[str, Any]]:
    arrays = (curve.logits, curve.loss, curve.gradient, curve.exact.high, curve.relative_error)
    columns = (array.astype("float64").tolist() for array in arrays)
    for h, loss, gradient, exact, error in zip(*columns, strict=True):
        row = {
            "logit": h,
            "label": curve.label,
            "dtype": curve.dtype,
            "form": curve.form,
            "loss": _finite(loss),
            "gradient": _finite(gradient),
            "exact": exact,
            "relative_error": _finite(error),
        }
        if None in (row["loss"], row["gradient"], row["relative_error"]):
            row["reason"] = _reason(loss, gradient)
        yield row


def _reason(loss: float, gradient: float) -> str:
    named = (("loss", loss), ("gradient", gradient))
    parts = [f"{name} is {value}" for name, value in named if not math.isfinite(value)]
    return ", ".join(parts) or "exact is below the smallest float64"


def _layer(row: LayerComparison) -> dict[str, Any]:
    document = asdict(row)
    if row.non_finite:
        document["reason"] = f"{row.non_finite} entries are nan or inf"
    elif row.max_relative_error is None:
        document["reason"] = "another loss: only its norm can be compared"
    return document


def _training(run: TrainingRun) -> dict[str, Any]:
    return {**asdict(run), "curve": [_finite(loss) for loss in run.curve]}


def _paired(row: PairedDifference) -> dict[str, Any]:
    document = asdict(row)
    if row.seeds < 2:
        document["reason"] = "an interval needs two pairs of runs that did not diverge"
    return document
