"""A model as one JSON document: weights, columns, labels, and where it came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlpcli.data.rules import NumberRule
from mlpcli.export.features import features_of

if TYPE_CHECKING:
    from mlpcli.data.target import AnyTarget
    from mlpcli.export.features import Feature
    from mlpcli.training.model_file import Model

__all__ = ["SCHEMA", "facts", "to_json"]

SCHEMA = "mlp.export/1"


def to_json(model: Model, _name: str) -> bytes:
    """Return all of a model as JSON; each weight has the digits that give it back exactly."""
    network = model.network
    layers = [
        {"W": W.tolist(), "b": b.tolist() if network.bias else None}
        for W, b in zip(network.W, network.b, strict=True)
    ]
    more = {"reading": model.reading, "config": model.config, "metrics": model.metrics}
    document = {**facts(model), **more, "layers": layers}
    lines = (f"{json.dumps(key)}: {_in_json(value)}" for key, value in document.items())
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode(errors="backslashreplace")


def _in_json(value: object) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def facts(model: Model) -> dict[str, Any]:
    """Return as JSON values what is to be known of a model besides its weights."""
    activation = model.network.activation
    return {
        "schema": SCHEMA,
        "versions": model.versions,
        "seed": model.seed,
        "data_digest": model.data_digest,
        "tensor_digest": model.tensor_digest,
        "dtype": model.dtype,
        "sizes": list(model.network.sizes),
        "activation": {"name": activation.name, "slope": activation.chosen_slope},
        "output": model.loss.output,
        "columns": [*map(_column, features_of(model))],
        "inputs": list(model.encoder.inputs),
        "targets": [*map(_target, model.targets)],
        "thresholds": list(model.thresholds),
    }


def _column(feature: Feature) -> dict[str, Any]:
    rule = feature.rule
    own: dict[str, Any]
    if isinstance(rule, NumberRule):
        own = {"mean": rule.mean, "scale": rule.scale, "missing_numbers": list(feature.codes)}
    else:
        own = {
            "levels": list(rule.levels),
            "other": rule.other,
            "missing_texts": list(feature.absent),
        }
    return {
        "name": rule.name,
        "kind": rule.kind,
        **own,
        "fill": rule.fill,
        "missing": rule.missing,
        "required": feature.required,
        "boolean": feature.truth,
    }


def _target(target: AnyTarget) -> dict[str, Any]:
    return {"name": target.name, "labels": list(target.labels)}
