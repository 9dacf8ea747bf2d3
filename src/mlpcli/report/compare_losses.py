"""The comparison of the forms, as a JSON document and as text that fits a narrow terminal."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import asdict
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from mlpcli.compare.choices import OTHER_LOSS, REFERENCE
from mlpcli.compare.line import Line
from mlpcli.report.compare_losses_words import verdict, verdicts
from mlpcli.report.table import aligned, number
from mlpcli.text import finite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mlpcli.compare.dial import Dial
    from mlpcli.compare.records import LayerComparison, TrainingRun
    from mlpcli.compare.summary import Comparison, PairedDifference, Summary
    from mlpcli.compare.sweep import Curve

__all__ = ["FEW_LOGITS", "Section", "comparison_json", "comparison_text", "training_section"]

T = TypeVar("T")
K = TypeVar("K")

_ONLY_FOR_WORDS = {
    "broken_as",
    "ever_finite",
    "last_finite_logit",
    "first_wrong_dead_logit",
    "first_tail_dead_logit",
    "first_vanished_logit",
}
_EVENTS = {  # what the gradient is, and the field that says from which logit on
    "nan or inf": "first_non_finite_logit",
    "1 % off": "first_lost_logit",
    "0": "first_dead_logit",
    "1 % off in tail": "first_tail_logit",
}
FEW_LOGITS = 9  # so many are shown one by one


def comparison_json(result: Comparison) -> Iterator[str]:
    """Yield the document of `mlp compare-losses --json` in pieces, each record on its own line.

    In pieces, since a grid of a million logits is gigabytes of text.
    """
    sections: dict[str, Iterable[dict[str, Any]]] = {
        "summary": map(_summary, result.summary),
        "dial": map(asdict, result.dial),
        "rows": chain.from_iterable(map(_rows, result.curves)),
        "layers": map(_layer, result.layers),
        "training": map(_run, result.training),
        "paired": map(_pair, result.paired),
    }
    yield '{\n  "schema": "mlp.compare-losses/1"'
    yield f',\n  "epsilon": {_dumps(result.epsilon)}'
    for key, records in sections.items():
        yield f',\n  "{key}": ['
        comma = ""
        for record in records:
            yield f"{comma}\n    {_dumps(record)}"
            comma = ","
        yield "\n  ]" if comma else "]"
    yield "\n}\n"


_dumps = json.JSONEncoder(allow_nan=False, ensure_ascii=False).encode


def _summary(summary: Summary) -> dict[str, Any]:
    document = {key: v for key, v in asdict(summary).items() if key not in _ONLY_FOR_WORDS}
    return {**document, "verdict": verdict(summary)}


def _points(curve: Curve) -> Iterator[tuple[float, ...]]:
    """Yield h, loss, gradient, exact value and relative error at each logit."""
    arrays = (curve.logits, curve.loss, curve.gradient, curve.exact.high, curve.relative_error)
    return zip(*(array.astype("float64").tolist() for array in arrays), strict=True)


def _rows(curve: Curve) -> Iterator[dict[str, Any]]:
    for h, loss, gradient, exact, error in _points(curve):
        row: dict[str, Any] = {
            "logit": h,
            "label": curve.label,
            "dtype": curve.dtype,
            "form": curve.form,
            "loss": loss,
            "gradient": gradient,
            "exact": exact,
            "relative_error": error,
        }
        if not all(map(math.isfinite, (loss, gradient, error))):
            named = {"loss": loss, "gradient": gradient}.items()
            parts = [f"{name} is {value}" for name, value in named if not math.isfinite(value)]
            row["reason"] = ", ".join(parts) or "exact is below the smallest float64"
        yield finite(row)


def _layer(row: LayerComparison) -> dict[str, Any]:
    document = asdict(row)
    if row.non_finite:
        document["reason"] = f"{row.non_finite} entries are nan or inf"
    elif row.max_relative_error is None:
        document["reason"] = "another loss: only its norm can be compared"
    return document


def _run(run: TrainingRun) -> dict[str, Any]:
    return {**asdict(run), "curve": [loss if math.isfinite(loss) else None for loss in run.curve]}


def _pair(row: PairedDifference) -> dict[str, Any]:
    document = asdict(row)
    if row.seeds < 2:
        document["reason"] = "an interval needs two pairs of runs that did not diverge"
    return document


class Section(NamedTuple):
    """A title, a table (lines that must not be broken) and sentences (which may)."""

    title: str
    table: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def comparison_text(result: Comparison, width: int) -> Iterator[Section]:
    """Yield what happens on the grid, what epsilon costs, and what came of it on the user's data.

    Tables are no wider than `width`.
    """
    if said := Line(result.loss).said:
        yield Section(said)
    if max(curve.logits.size for curve in result.curves) <= FEW_LOGITS:
        yield from _values(result, width)
    else:
        yield _breaks(result, width)
    dtypes = " / ".join(_dtypes(result.summary))
    yield Section(f"in words, by dtype: {dtypes}", words=tuple(verdicts(result.summary)))
    if result.dial:
        yield _dial(result.dial, width)
    if result.layers:
        yield _layers(result.layers, width)
    if result.training:
        yield training_section(result, width)


def _grouped(records: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Return the records by their keys; both stay in order."""
    groups: dict[K, list[T]] = {}
    for record in records:
        groups.setdefault(key(record), []).append(record)
    return groups


def _dtypes(records: Iterable[Summary | Dial]) -> list[str]:
    return list(dict.fromkeys(record.dtype for record in records))


def _values(result: Comparison, width: int) -> Iterator[Section]:
    """Yield a section per dtype, with a line per logit, label and form."""
    for dtype, curves in _grouped(result.curves, lambda curve: curve.dtype).items():
        rows = [["h", "y", "form", "loss", "dJ/dh", "exact", "rel. error"]]
        for curve in curves:
            for h, *values, error in _points(curve):
                cells = (f"{value:.5g}" for value in values)
                rows.append([f"{h:g}", str(curve.label), curve.form, *cells, f"{error:.1e}"])
        title = f"dJ/dh in {dtype}, epsilon {result.epsilon:g}"
        yield Section(title, aligned(rows, 3, width))


def _breaks(result: Comparison, width: int) -> Section:
    """Return a line per form, label and event, with a column per dtype."""
    title = f"dJ/dh against the exact value, epsilon {result.epsilon:g}: the logit nearest to 0"
    rows = [["form", "y", "", *_dtypes(result.summary)]]
    for form, both in _grouped(result.summary, lambda s: s.form).items():
        names = [form]  # form and label only where they change
        for label, found in _grouped(both, lambda s: s.label).items():
            names.append(str(label))
            for line in _events(found):
                rows.append([*names, *line])
                names = ["", ""]
            names = [""]
    return Section(f"{title}\nat which the gradient is ..", aligned(rows, 3, width))


def _events(found: Sequence[Summary]) -> list[list[str]]:
    lines = [
        [event, *(number(getattr(s, field), ".4g") for s in found)]
        for event, field in _EVENTS.items()
        if any(getattr(s, field) is not None for s in found)
    ]
    return lines or [["right to", *(f"{number(s.max_ulp_error, '.1f')} ulp" for s in found)]]


def _dial(dials: Sequence[Dial], width: int) -> Section:
    title = "the dial: from which logit of a wrong answer epsilon has cost 1 %, 50 %, all"
    dtypes = _dtypes(dials)
    rows = [["", "", *(cell for dtype in dtypes for cell in (dtype, "", ""))]]
    rows.append(["form", "epsilon", *(("1 %", "50 %", "all") * len(dtypes))])
    for (form, epsilon), found in _grouped(dials, lambda d: (d.form, d.epsilon)).items():
        rows.append([form, f"{epsilon:.3g}", *(cell for d in found for cell in _dial_cells(d))])
    table = aligned(rows, 2, width, together=3)
    return Section(f"{title}\nof the gradient, for y = 0", table)


def _dial_cells(d: Dial) -> tuple[str, str, str]:
    lost_1, lost_50, end = (
        number(logit, ".4g") for logit in (d.lost_1_percent, d.lost_50_percent, d.lost_all)
    )
    if d.lost_all is None and d.non_finite is not None:
        end = f"nan {d.non_finite:.4g}"
    return lost_1, lost_50, end


def _layers(layers: Sequence[LayerComparison], width: int) -> Section:
    """Return a line per tensor with a column per form."""
    rows: list[list[str]] = []
    for tensor, found in _grouped(layers, lambda row: row.name).items():
        errors = [row for row in found if row.form != OTHER_LOSS]
        normed = [row for row in found if row.form in {REFERENCE, OTHER_LOSS}]
        if not rows:
            rows.append(["", *(r.form for r in errors), *(f"|{r.form}|" for r in normed)])
        norms = (number(row.gradient_norm, ".2e") for row in normed)
        rows.append([tensor, *map(_error, errors), *norms])
    title = (
        "each layer's gradient: its entries' largest relative error, of which\n"
        "stable shows what the dtype costs; at last the norms of stable and mse"
    )
    return Section(title, aligned(rows, 1, width))


def _error(row: LayerComparison) -> str:
    return f"{row.non_finite} nan" if row.non_finite else number(row.max_relative_error, ".1e")


def training_section(result: Comparison, width: int) -> Section:
    """Return a line per form, and why the first run of each stopped before its last epoch."""
    runs, reasons = result.training, dict[str, str]()
    differences = {row.form: (row.mean, row.low, row.high) for row in result.paired}
    rows = [["form", "ended", "epochs", "loss", "- stable", "from", "to"]]
    for form, found in _grouped(runs, lambda run: run.form).items():
        difference = differences.get(form, (None, None, None))
        rows.append([form, *_ended(found), *(number(value, "+.1e") for value in difference)])
    for run in runs:
        if run.reason is not None:
            reasons.setdefault(run.form, f"  {run.form}, seed {run.seed}: {run.reason}")
    seeds = len({run.seed for run in runs})
    title = (
        f"training under each form, {seeds} seed{'s'[: seeds > 1]}: cross-entropy of the best\n"
        "weights, and how it differs from that of stable, with a 95 % interval"
    )
    lines = aligned(rows, 2, width)
    if max(map(len, lines)) > width:  # how runs ended is then a column like the others
        lines = aligned(rows, 1, width)
    return Section(title, lines, tuple(reasons.values()))


def _ended(runs: Sequence[TrainingRun]) -> tuple[str, str, str]:
    """Return how runs ended, after how many epochs, and their mean loss."""
    from statistics import fmean

    ended = Counter(run.stopped for run in runs)
    epochs = [run.epochs_run for run in runs]
    losses = [run.loss for run in runs if run.loss is not None]
    return (
        ", ".join(f"{why} x{count}" for why, count in ended.items()),
        "-".join(map(str, sorted({min(epochs), max(epochs)}))),
        number(fmean(losses) if losses else None, "#.5g"),
    )
