"""What a stored model or checkpoint has to say for its numbers to be believed.

A digest proves that a file is as it was written, not that it was written by us: a scale of 0 or a
threshold of 7 would end in other people's predictions.
"""

from __future__ import annotations

import codecs
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from mlpcli.training.metrics import SCORES

__all__ = ["require_arrays", "require_model", "require_position"]

_POLICIES = ("error", "mean", "median", "drop", "level")
_LARGEST = float(np.finfo(np.float64).max)


def require_model(metadata: Mapping[str, Any]) -> None:
    """Raise ValueError, KeyError or TypeError where a model's metadata makes no sense."""
    columns, targets = metadata["encoder"]["columns"], metadata["targets"]
    _distinct("column", (column["name"] for column in columns))
    _distinct("target", (target["name"] for target in targets))
    for column in columns:
        _column(column)
    _policies(metadata["encoder"])
    for target in targets:
        _target(target)
    for threshold in _typed("threshold", metadata["threshold"], list):
        _number("threshold", threshold, 0, 1)
    if metadata.get("reading") is not None:
        _reading(metadata["reading"])
    weight = metadata["config"]["data"]["weight"]
    _require(weight is None or isinstance(weight, str), "data.weight", weight)
    _whole("seed", metadata["seed"])
    _typed("data_digest", metadata["data_digest"], str)
    _typed("versions", metadata["versions"], Mapping)
    for part, scores in _typed("metrics", metadata["metrics"], Mapping).items():
        if scores is not None:
            _scores(part, _typed(f"metrics of {part}", scores, Mapping))


def _policies(encoder: Mapping[str, Any]) -> None:
    by_column = _typed("missing_in", encoder.get("missing_in", {}), Mapping)
    for policy in (encoder["missing"], *by_column.values()):
        _require(policy in _POLICIES, "missing", policy)
    target = encoder.get("missing_target", "error")
    _require(target in {"error", "drop"}, "missing_target", target)


def _column(column: Mapping[str, Any]) -> None:
    name, fill = column["name"], column["fill"]
    if column["kind"] == "number":
        _number(f"mean of {name}", column["mean"])
        _number(f"scale of {name}", column["scale"], math.ulp(0.0))
        if fill is not None:
            _number(f"fill of {name}", fill)
    else:
        levels = _typed(f"levels of {name}", column["levels"], list)
        _distinct("level", levels)
        _require(fill is None or fill in levels, f"fill of {name}", fill)


def _reading(reading: Mapping[str, Any]) -> None:
    for missing in (reading["missing"], *reading["missing_in"].values()):
        for text in _typed("missing texts", missing["texts"], list):
            _typed("missing text", text, str)
        for number in _typed("missing numbers", missing["numbers"], list):
            _number("missing number", number)
    for name in _typed("boolean_columns", reading["boolean_columns"], list):
        _typed("boolean column", name, str)
    layout = reading["layout"]
    for key in ("encoding", "delimiter", "decimal", "thousands", "comment"):
        _require(layout[key] is None or isinstance(layout[key], str), key, layout[key])
    for key in ("delimiter", "decimal", "thousands", "comment"):
        _require(layout[key] is None or len(layout[key]) == 1, key, layout[key])
    if layout["encoding"] is not None:
        codecs.lookup(layout["encoding"])
    if layout["header"] is not None and layout["header"] is not False:
        _distinct("header", _typed("header", layout["header"], list))
    _whole("skip_lines", layout["skip_lines"], 0, 1 << 30)


def _target(target: Mapping[str, Any]) -> None:
    name = target["name"]
    _require(target["kind"] in {"number", "text"}, f"kind of {name}", target["kind"])
    soft = target.get("soft", False)  # taken as it is, between 0 and 1
    _require(
        soft is False or (soft is True and target["kind"] == "number"), f"soft of {name}", soft
    )
    labels = target.get("labels", [target.get("negative"), target.get("positive")])
    _require(isinstance(labels, list) and len({*map(repr, labels)}) == len(labels) >= 2,
             f"labels of {name}", labels)  # fmt: skip
    for label in labels:
        if target["kind"] == "text" or isinstance(label, str):
            _require(label is None or isinstance(label, str), f"label of {name}", label)
        elif label is not None:
            _number(f"label of {name}", label)
    _require(labels[-1] is not None, f"label of {name}", None)


def _scores(part: str, scores: Mapping[str, Any]) -> None:
    for score in SCORES:
        if scores.get(score) is not None:
            _number(f"{score} of {part}", scores[score])


def require_position(metadata: Mapping[str, Any]) -> None:
    """Raise ValueError, KeyError or TypeError where a checkpoint's numbers make no sense."""
    at, schedule = metadata["position"], metadata["schedule"]
    epochs = _whole("training.epochs", metadata["config"]["training"]["epochs"])
    epoch = _whole("epoch", at["epoch"], 0, epochs)
    _whole("best_epoch", at["best_epoch"], 0, epoch)
    _whole("batch", at["batch"])
    _whole("waited", at["waited"], 0, epoch)
    _number("loss_sum", at["loss_sum"])
    if at["best_loss"] is not None:
        _number("best_loss", at["best_loss"])
    _number("scale of the schedule", schedule["scale"], 0, 1)
    _whole("waited of the schedule", schedule["waited"])
    np.random.default_rng().bit_generator.state = at["shuffle"]


def require_arrays(arrays: Mapping[str, Any], like: Mapping[str, Any]) -> None:
    """Raise ValueError or KeyError unless arrays have shape and type of others and are finite."""
    for name, wanted in like.items():
        kept = arrays[name]
        if kept.shape != wanted.shape or kept.dtype != wanted.dtype:
            right = f"expected {wanted.shape} of {wanted.dtype}"
            raise ValueError(f"{name} has shape {kept.shape}, {right}, got {kept.dtype}")
        _require(bool(np.isfinite(kept).all()), name, "a value that is not finite")
    _require(bool((arrays["squares"] >= 0).all()), "squares", "a square below 0")


def _number(what: str, value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    fine = isinstance(value, int | float) and not isinstance(value, bool)
    _require(fine and low <= value <= high and abs(value) <= _LARGEST, what, value)
    return float(value)


def _whole(what: str, value: Any, low: int = 0, high: float = math.inf) -> int:
    fine = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    _require(fine, what, value)
    return int(value)


def _typed(what: str, value: Any, kind: type[Any]) -> Any:
    _require(isinstance(value, kind), what, value)
    return value


def _distinct(what: str, names: Iterable[Any]) -> None:
    seen = set()
    for name in names:
        _require(isinstance(name, str) and name not in seen, what, name)
        seen.add(name)


def _require(fine: bool, what: str, value: Any) -> None:
    if not fine:
        raise ValueError(f"{what} cannot be {value!r:.40}")
