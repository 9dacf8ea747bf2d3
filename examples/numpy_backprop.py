"""Backpropagation by hand in NumPy, to be checked by `mlp gradcheck`.

mlp gradcheck configs/moons.yaml --gradient examples.numpy_backprop:gradient

The letters are those of docs/gradcheck.md. Rows are samples, W_i is n_i x n_{i-1}:

    Z[0] = X            N x n_0
    Z[i]                N x n_i     sigma(Z[i-1] W_i^T + b_i)
    delta               N x n_i     dJ/dH_i, the derivative by the sum that sigma is applied to
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]


def sigma(H: Array) -> Array:
    """Return 1 / (1 + exp(-H)), computed so that exp cannot overflow."""
    result: Array = np.exp(-np.logaddexp(0, -H))
    return result


def gradient(
    weights: list[Array], biases: list[Array], X: Array, y: Array
) -> tuple[list[Array], list[Array]]:
    """Return dJ/dW_i and dJ/db_i for i = 1..L; J is the mean cross-entropy of the rows."""
    Z = [X]
    for W, b in zip(weights, biases, strict=True):
        Z.append(sigma(Z[-1] @ W.T + b))

    delta = (Z[-1] - y) / len(X)  # sigma' and the denominator of the loss have cancelled
    d_weights: list[Array] = []
    d_biases: list[Array] = []
    for i in reversed(range(len(weights))):  # weights[i] is W_{i+1}: it leads from Z[i] to Z[i+1]
        d_weights.insert(0, delta.T @ Z[i])
        d_biases.insert(0, delta.sum(axis=0))
        if i > 0:
            delta = (delta @ weights[i]) * Z[i] * (1 - Z[i])
    return d_weights, d_biases
