"""The plain MLP that the package is measured against: textbook formulas, float64, nothing clever.

Weights are lists W (n_i x n_{i-1}) and b (n_i), rows of X are samples, the loss is the weighted
mean over rows of the sum over outputs. No formula here guards against saturation.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Steps: TypeAlias = list[Array]


def sigma(h: Any) -> Any:
    return 1 / (1 + np.exp(-h))


ACTIVATIONS: dict[str, tuple[Any, Any]] = {
    "sigmoid": (sigma, lambda z: z * (1 - z)),
    "tanh": (np.tanh, lambda z: 1 - z**2),
    "relu": (lambda h: h * (h > 0), lambda z: 1.0 * (z > 0)),
    "leaky_relu": (lambda h: np.where(h > 0, h, 0.01 * h), lambda z: np.where(z > 0, 1, 0.01)),
    "identity": (lambda h: h, np.ones_like),
}
"""f(H), and f'(H) of Z, of the hidden layers; the output's is always sigma."""


def forward(W: Steps, b: Steps, X: Array, activation: str = "sigmoid") -> Steps:
    """Return Z_0 .. Z_L."""
    f, _ = ACTIVATIONS[activation]
    Z = [X]
    for i, (W_i, b_i) in enumerate(zip(W, b, strict=True), start=1):
        h = Z[-1] @ W_i.T + b_i
        Z.append(f(h) if i < len(W) else sigma(h))
    return Z


def loss(
    W: Steps,
    b: Steps,
    X: Array,
    y: Array,
    omega: Array,
    l2: float,
    kind: str,
    activation: str = "sigmoid",
) -> float:
    """Return J; omega (N x K) holds the weight of each label."""
    z = forward(W, b, X, activation)[-1]
    bce = -y * np.log(z) - (1 - y) * np.log(1 - z)
    each = bce if kind == "bce" else (z - y) ** 2
    return float((omega * each).sum() / len(X) + l2 / 2 * sum((W_i**2).sum() for W_i in W))


def backprop(
    W: Steps,
    b: Steps,
    X: Array,
    y: Array,
    omega: Array,
    l2: float,
    kind: str,
    activation: str = "sigmoid",
) -> tuple[Steps, Steps]:
    """Return dJ/dW_i and dJ/db_i of every layer."""
    _, slope = ACTIVATIONS[activation]
    Z = forward(W, b, X, activation)
    delta = omega * (Z[-1] - y) / len(X)
    if kind == "mse":
        delta = 2 * delta * Z[-1] * (1 - Z[-1])
    dW: Steps = []
    db: Steps = []
    for i in reversed(range(len(W))):
        dW.insert(0, delta.T @ Z[i] + l2 * W[i])
        db.insert(0, delta.sum(axis=0))
        delta = (delta @ W[i]) * slope(Z[i])
    return dW, db


def sgd(theta: Array, gradients: Steps, rate: float) -> Steps:
    """Return theta after each step of gradient descent."""
    path = []
    for g in gradients:
        theta = theta - rate * g
        path.append(theta)
    return path


def momentum(theta: Array, gradients: Steps, rate: float, mu: float, *, look: bool) -> Steps:
    """The same with a velocity; `look` is Nesterov's look ahead.

    The rule of torch.optim.SGD: v = mu v + g, then theta -= rate (g + mu v if nesterov else v).
    """
    path, v = [], np.zeros_like(theta)
    for g in gradients:
        v = mu * v + g
        theta = theta - rate * (g + mu * v if look else v)
        path.append(theta)
    return path


def adam(
    theta: Array, gradients: Steps, rate: float, beta1: float, beta2: float, epsilon: float
) -> Steps:
    """The same by algorithm 1 of Kingma and Ba (2015), line by line."""
    path, m, v = [], np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        theta = theta - rate * m_hat / (np.sqrt(v_hat) + epsilon)
        path.append(theta)
    return path
