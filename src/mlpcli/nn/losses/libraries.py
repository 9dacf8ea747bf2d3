"""How well-known libraries compute binary cross-entropy from a probability, constants included.

Each is a `Form` like those of `bce.py`, so that it can be compared with them; the last argument,
epsilon, is ignored, as the constants are the libraries' own.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.losses.loss import Form
from mlpcli.nn.sigmoid import probability

if TYPE_CHECKING:
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["LIBRARY_EPSILON", "LIBRARY_FORMS"]

KERAS_EPSILON = 1e-7
TORCH_DENOMINATOR = 1e-12
TORCH_LOG_FLOOR = -100.0


def _torch_value(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    """torch.nn.BCELoss: each logarithm is at least -100."""
    p = probability(h)
    log_p = np.maximum(np.log(p), TORCH_LOG_FLOOR)
    log_q = np.maximum(np.log(1 - p), TORCH_LOG_FLOOR)
    return -y * log_p - (1 - y) * log_q


def _torch_derivative(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    """(p - y) / max(p(1-p), 1e-12), then the sigmoid's p(1-p)."""
    p = probability(h)
    slope = p * (1 - p)
    return (p - y) / np.maximum(slope, TORCH_DENOMINATOR) * slope


def _keras_value(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    """keras.losses.BinaryCrossentropy: p clipped to [1e-7, 1 - 1e-7]."""
    q = np.clip(probability(h), KERAS_EPSILON, 1 - KERAS_EPSILON)
    return -y * np.log(q) - (1 - y) * np.log(1 - q)


def _keras_derivative(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    """Differentiated automatically: the clip's derivative is 0 outside its bounds."""
    p = probability(h)
    inside = (p >= KERAS_EPSILON) & (p <= 1 - KERAS_EPSILON)
    slope = p * (1 - p)
    return np.where(inside, (p - y) / slope * slope, np.zeros_like(p))


def _sklearn_value(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    """MLPClassifier: p clipped to the machine epsilon of its dtype."""
    p = probability(h)
    epsilon = np.finfo(p.dtype).eps
    q = np.clip(p, epsilon, 1 - epsilon)
    return -y * np.log(q) - (1 - y) * np.log(1 - q)


def _sklearn_derivative(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    """Of another function than the loss: the fused p - y."""
    return probability(h) - y


LIBRARY_FORMS: MappingProxyType[str, Form] = MappingProxyType(
    {
        form.name: form
        for form in (
            Form("torch", _torch_value, _torch_derivative),
            Form("keras", _keras_value, _keras_derivative),
            Form("scikit-learn", _sklearn_value, _sklearn_derivative),
        )
    }
)

LIBRARY_EPSILON: MappingProxyType[str, float] = MappingProxyType(
    {
        "torch": TORCH_DENOMINATOR,
        "keras": KERAS_EPSILON,
        "scikit-learn": float(np.finfo(np.float64).eps),
    }
)
