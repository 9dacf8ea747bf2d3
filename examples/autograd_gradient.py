"""The gradient by HIPS autograd: only the loss is written, its derivative is automatic.

mlp gradcheck configs/moons.yaml --gradient examples.autograd_gradient:gradient

It needs `pip install autograd`.
"""

from __future__ import annotations

from typing import Any

import autograd.numpy as anp
from autograd import grad


def loss(parameters: tuple[list[Any], list[Any]], X: Any, y: Any) -> Any:
    """Return J, the mean cross-entropy of the rows, from the logits H of the last layer."""
    weights, biases = parameters
    Z = X
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        Z = anp.exp(-anp.logaddexp(0, -(Z @ W.T + b)))  # sigma
    H = Z @ weights[-1].T + biases[-1]
    each = (1 - y) * anp.logaddexp(0, H) + y * anp.logaddexp(0, -H)
    return anp.sum(each) / len(X)


def gradient(weights: list[Any], biases: list[Any], X: Any, y: Any) -> tuple[list[Any], list[Any]]:
    """Return dJ/dW_i and dJ/db_i for i = 1..L."""
    d_weights, d_biases = grad(loss)((weights, biases), X, y)
    return d_weights, d_biases
