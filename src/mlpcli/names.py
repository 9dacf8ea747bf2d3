"""The names that a config and a command line may say, for rooms that know nothing of each other.

What a name stands for is in the registries of `nn/`, which hold the same names: a test compares
them. These lists load nothing, and are read when a value is judged, so that a name may be added.
"""

from __future__ import annotations

__all__ = [
    "ACTIVATIONS",
    "CALLS",
    "DERIVATIVES",
    "DTYPES",
    "EXPORTS",
    "INITS",
    "LIBRARIES",
    "LOSSES",
    "LOSS_OUTPUTS",
    "OUTPUTS",
    "REDUCTIONS",
    "SCORES",
]

ACTIVATIONS = ["sigmoid", "tanh", "relu", "leaky_relu", "identity"]
EXPORTS = ["onnx", "npz", "json", "c"]
"""The formats in which other tools can have a model."""
INITS = ["glorot", "he", "normal", "zeros"]
CALLS = ["batch", "row", "step", "row-step"]
LOSSES = ["bce", "cross_entropy", "mse"]
OUTPUTS = ["sigmoid", "softmax", "identity"]
LOSS_OUTPUTS = {"bce": ["sigmoid"], "cross_entropy": ["softmax"], "mse": ["sigmoid", "identity"]}
"""What each loss makes of the logits, the usual one first."""
LIBRARIES = ["torch", "keras", "scikit-learn"]
"""Whose forms of a loss can be compared with ours."""
DTYPES = ("float16", "float32", "float64", "longdouble")
"""In which forms of a loss can be compared; longdouble where it has more bits than float64."""
REDUCTIONS = ["mean", "sum", "mean_all"]
_FORMS = ["naive", "epsilon", "clamped", "fused", "stable"]
DERIVATIVES = {"bce": _FORMS, "cross_entropy": _FORMS}
"""The forms of each loss that has several."""
SCORES = ("loss", "accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc",
          "pr_auc", "brier", "ece", "mcc")  # fmt: skip
"""What is measured of predictions."""


def in_memory(kind: str) -> str:
    """Return what stands for the path of a table in memory, by what holds it: <DataFrame>."""
    return f"<{kind}>"


def is_in_memory(path: str) -> bool:
    """Say whether a path stands for a table that is, or was, in memory."""
    return path.startswith("<") and path.endswith(">")
