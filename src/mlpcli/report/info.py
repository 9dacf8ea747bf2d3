"""What a model file holds: as tables, and as a JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlpcli.data.rules import Rule, TextRule
from mlpcli.report.table import Table, number
from mlpcli.training.metrics import SCORES

if TYPE_CHECKING:
    from mlpcli.data.encoder import Encoder
    from mlpcli.training.model_file import Model

__all__ = ["info_document", "info_tables"]


def info_tables(model: Model, path: str) -> list[Table]:
    """Return what a model file holds: facts, inputs, and the metrics of its own training."""
    network, made = model.network, model.versions
    facts = [
        ("network", "-".join(map(str, network.sizes))),
        ("parameters", f"{network.theta.size} {network.theta.dtype}"),
        ("seed", str(model.seed)),
        ("data SHA-256", model.data_digest),
        ("weights SHA-256", model.tensor_digest),
        ("made by", ", ".join(f"{name} {v}" for name, v in made.items() if name != "kernel")),
    ]
    if "kernel" in made:
        facts.append(("kernel", str(made["kernel"])))
    if len(network.W) > 1:
        facts.insert(1, ("activation", network.activation.name))
    if model.classes is not None:
        labels = ", ".join(model.classes.labels)
        facts.append((f"target {model.classes.name}", f"one of {labels}"))
    for target, threshold in zip(model.targets, model.thresholds, strict=not model.classes):
        facts.append((f"target {target.name}", f"{target.meaning}; threshold {threshold:.4g}"))
    facts += [("note", note) for note in model.notes]
    inputs = [_input_row(rule, model.encoder) for rule in model.encoder.rules]
    parts = {part: metrics for part, metrics in model.metrics.items() if metrics}
    scores = [
        (score, *(number(metrics.get(score), ".4f") for metrics in parts.values()))
        for score in SCORES
    ]
    return [
        Table(path, ("", "value"), tuple(facts), numeric=False),
        Table("inputs", ("column", "kind", "encoding", "if missing"), tuple(inputs), numeric=False),
        Table("metrics at training", ("metric", *parts), tuple(scores)),
    ]


def _input_row(rule: Rule, encoder: Encoder) -> tuple[str, str, str, str]:
    unfilled = {"error": "refused", "drop": "row left out"}.get(encoder.policies.of(rule.name), "-")
    if isinstance(rule, TextRule):
        levels = ", ".join(rule.levels) or "no text"
        levels += " or another" if rule.other else ""
        unfilled = "a level" if rule.missing else unfilled
        return rule.name, "text", f"one of {levels}", unfilled if rule.fill is None else rule.fill
    sign = "-" if rule.mean >= 0 else "+"
    encoding = f"(value {sign} {abs(rule.mean):.6g}) / {rule.scale:.6g}"
    if (rule.mean, rule.scale) == (0, 1):
        encoding = "as it is"
    return rule.name, "number", encoding, unfilled if rule.fill is None else f"{rule.fill:.6g}"


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
        "reading": None if model.reading is None else dict(model.reading),
        "notes": list(model.notes),
    }
