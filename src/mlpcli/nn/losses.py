"""Losses of the logit, one value per element: each value and its derivative side by side.

Everything here takes the logit h and a label y in [0, 1] of the same shape, and returns an array of
that shape and dtype: nothing is summed, averaged or weighted. p stands for 1 / (1 + exp(-h))
computed in the dtype of h, the way a textbook does.

The binary cross-entropy -y log p - (1-y) log(1-p) has one true derivative with respect to h, p - y,
and five ways in use to compute it. `BCE_FORMS` holds all of them, since comparing them is what this
package is for; only `stable` keeps its relative precision everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mlpcli.nn.activations import FloatArray, sigmoid, softplus

if TYPE_CHECKING:
    from mlpcli.config import LossConfig

__all__ = ["BCE_FORMS", "MSE", "Form", "Loss", "loss_from", "probability"]

Elementwise: TypeAlias = Callable[[FloatArray, FloatArray, float], FloatArray]


@dataclass(frozen=True)
class Form:
    """A loss and its derivative with respect to the logit, both functions of (h, y, epsilon)."""

    name: str
    value: Elementwise
    derivative: Elementwise


def probability(h: FloatArray) -> FloatArray:
    """1 / (1 + exp(-h)); rounds to 1 from h = 36.7369 (float64) or 16.6356 (float32)."""
    p: FloatArray = 1 / (1 + np.exp(-h))
    return p


def _residual(h: FloatArray, y: FloatArray) -> FloatArray:
    """Return z - y without its cancellation: (1-y) sigma(h) - y sigma(-h)."""
    residual: FloatArray = (1 - y) * sigmoid(h) - y * sigmoid(-h)
    return residual


def _naive_value(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    p = probability(h)
    return -y * np.log(p) - (1 - y) * np.log(1 - p)


def _naive_derivative(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    p = probability(h)
    return (p - y) / (p * (1 - p)) * (p * (1 - p))


def _epsilon_value(h: FloatArray, y: FloatArray, epsilon: float) -> FloatArray:
    p = probability(h)
    value: FloatArray = -y * np.log(p + epsilon) - (1 - y) * np.log(1 - p + epsilon)
    return value


def _epsilon_derivative(h: FloatArray, y: FloatArray, epsilon: float) -> FloatArray:
    p = probability(h)
    return (p - y) / (p * (1 - p) + epsilon) * (p * (1 - p))


def _clamped_value(h: FloatArray, y: FloatArray, epsilon: float) -> FloatArray:
    q = np.clip(probability(h), epsilon, 1 - epsilon)
    return -y * np.log(q) - (1 - y) * np.log(1 - q)


def _clamped_derivative(h: FloatArray, y: FloatArray, epsilon: float) -> FloatArray:
    p = probability(h)
    q = np.clip(p, epsilon, 1 - epsilon)
    return (q - y) / (q * (1 - q)) * (p * (1 - p))


def _bce_value(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    return (1 - y) * softplus(h) + y * softplus(-h)


def _fused_derivative(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    return probability(h) - y


def _stable_derivative(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    return _residual(h, y)


def _mse_value(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    return _residual(h, y) ** 2


def _mse_derivative(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    return 2 * _residual(h, y) * (sigmoid(h) * sigmoid(-h))


BCE_FORMS: MappingProxyType[str, Form] = MappingProxyType(
    {
        form.name: form
        for form in (
            Form("naive", _naive_value, _naive_derivative),
            Form("epsilon", _epsilon_value, _epsilon_derivative),
            Form("clamped", _clamped_value, _clamped_derivative),
            Form("fused", _bce_value, _fused_derivative),
            Form("stable", _bce_value, _stable_derivative),
        )
    }
)
MSE = Form("mse", _mse_value, _mse_derivative)


@dataclass(frozen=True)
class Loss:
    """What training minimises: the true loss, and the form by which its derivative is computed.

    `value` is the exact loss whatever the derivative form, so that runs with different forms are
    measured with one yardstick.
    """

    truth: Form
    form: Form
    epsilon: float

    def value(self, h: FloatArray, y: FloatArray) -> FloatArray:
        """Return the loss of each element; finite for every finite logit."""
        return self.truth.value(h, y, self.epsilon)

    def derivative(self, h: FloatArray, y: FloatArray) -> FloatArray:
        """Return each element's derivative by its logit; nan where the chosen form breaks."""
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            return self.form.derivative(h, y, self.epsilon)


def loss_from(config: LossConfig) -> Loss:
    """Return the loss that the config names."""
    if config.kind == "mse":
        return Loss(MSE, MSE, config.epsilon)
    return Loss(BCE_FORMS["stable"], BCE_FORMS[config.derivative], config.epsilon)
