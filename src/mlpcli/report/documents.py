"""Result records as the JSON documents of the command line; every one names its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlpcli.training.evaluate import Evaluation
    from mlpcli.training.model_file import Model

__all__ = ["evaluation_document", "info_document"]


def evaluation_document(evaluation: Evaluation, model: str, data: str) -> dict[str, Any]:
    """Return the document of `mlp evaluate --json`; `intervals` only where asked for."""
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
    return document


def info_document(model: Model, path: str) -> dict[str, Any]:
    """Return the document of `mlp info --json`: all that the model file holds but the weights."""
    network = model.network
    return {
        "schema": "mlp.info/1",
        "model": path,
        "sizes": list(network.sizes),
        "parameters": int(network.theta.size),
        "dtype": str(network.theta.dtype),
        "targets": [target.to_document() for target in model.targets],
        "thresholds": list(model.thresholds),
        "encoder": model.encoder.to_document(),
        "config": dict(model.config),
        "metrics": dict(model.metrics),
        "seed": model.seed,
        "data_digest": model.data_digest,
        "tensor_digest": model.tensor_digest,
        "versions": dict(model.versions),
    }
