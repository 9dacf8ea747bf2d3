"""Backward passes as people write them: in every call, right; and with ways of their own."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np


def gradient(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    """The textbook's, of the mean cross-entropy."""
    Z = [X]
    dW: list[Any] = []
    db: list[Any] = []
    for i, W in enumerate(weights):
        h = Z[-1] @ W.T + (biases[i] if biases else 0)
        Z.append(1 / (1 + np.exp(-h)))
    delta = (Z[-1] - y) / len(y)
    for i in reversed(range(len(weights))):
        dW.insert(0, delta.T @ Z[i])
        db.insert(0, delta.sum(axis=0))
        delta = (delta @ weights[i]) * Z[i] * (1 - Z[i])
    return dW, db if biases else []


def single(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    f4 = np.float32
    return gradient([W.astype(f4) for W in weights], [b.astype(f4) for b in biases],
                    X.astype(f4), y.astype(f4))  # fmt: skip


def step(weights: Any, biases: Any, X: Any, y: Any, rate: Any) -> Any:
    """New lists."""
    dW, db = gradient(weights, biases, X, y)
    return (
        [W - rate * d for W, d in zip(weights, dW, strict=True)],
        [b - rate * d for b, d in zip(biases, db, strict=True)],
    )


def single_step(weights: Any, biases: Any, X: Any, y: Any, rate: Any) -> Any:
    f4 = np.float32
    return step([W.astype(f4) for W in weights], [b.astype(f4) for b in biases],
                X.astype(f4), y.astype(f4), f4(rate))  # fmt: skip


def gradient_that_needs_a_rate(
    weights: Any, biases: Any, X: Any, y: Any, learning_rate: float
) -> Any:
    """A step that forgets to step."""
    return gradient(weights, biases, X, y)


def in_place(weights: Any, biases: Any, X: Any, y: Any, lr: float = 0.1) -> None:
    dW, db = gradient(weights, biases, X, y)
    for array, d in zip(weights + biases, dW + db, strict=True):
        array[:] -= lr * d


def in_place_with_a_loss(weights: Any, biases: Any, X: Any, y: Any, *, eta: float) -> float:
    in_place(weights, biases, X, y, eta)
    return 0.3


def in_place_with_the_gradient(weights: Any, biases: Any, X: Any, y: Any, alpha: float) -> Any:
    found = gradient(weights, biases, X, y)
    in_place(weights, biases, X, y, alpha)
    return found


def replacing(weights: Any, biases: Any, X: Any, y: Any, step_size: float) -> None:
    """Other arrays in the same lists."""
    weights[:], biases[:] = step(weights, biases, X, y, step_size)


def of_its_own_rate(weights: Any, biases: Any, X: Any, y: Any) -> None:
    in_place(weights, biases, X, y, 0.3)


learning_rate = 0.3


def of_a_global_rate(weights: Any, biases: Any, X: Any, y: Any) -> None:
    in_place(weights, biases, X, y, learning_rate)


def step_of_its_own(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    return step(weights, biases, X, y, 0.3)


def wrong_step(weights: Any, biases: Any, X: Any, y: Any, lr: float) -> Any:
    return step(weights, biases, X, np.roll(y, 1, axis=0), lr)


def small_single_step(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    return single_step(weights, biases, X, y, 1e-4)


def at_small_rates_alone(weights: Any, biases: Any, X: Any, y: Any, lr: float) -> Any:
    if lr > 100:
        raise ValueError("expected a rate up to 100")
    return step(weights, biases, X, y, lr)


def beyond_large_rates(weights: Any, biases: Any, X: Any, y: Any, lr: float) -> Any:
    """Ends in inf at a rate that nobody uses."""
    after = step(weights, biases, X, y, lr)
    return after if lr < 100 else tuple([array * np.inf for array in part] for part in after)


def standing_still(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    return weights, biases


def uphill(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    return step(weights, biases, X, y, -0.3)


def fit(X: Any, y: Any, W: Any, b: Any, learning_rate: float = 0.1, epochs: int = 100) -> Any:
    """A trainer, whose arguments stand in another order."""
    for _ in range(epochs):
        in_place(W, b, X, y, learning_rate)
    return W, b


def online(weights: Any, biases: Any, X: Any, y: Any, lr: float) -> None:
    """A trainer that updates after every row."""
    for x, t in zip(X, y, strict=True):
        in_place(weights, biases, x[np.newaxis], t[np.newaxis], lr)


def online_half(weights: Any, biases: Any, X: Any, y: Any, lr: float) -> None:
    online(weights, biases, X, y, lr / 2)


def too_early(weights: Any, biases: Any, X: Any, y: Any, lr: float) -> None:
    """Carries delta through weights that have moved already."""
    Z = [X]
    for W, b in zip(weights, biases, strict=True):
        Z.append(1 / (1 + np.exp(-(Z[-1] @ W.T + b))))
    delta = (Z[-1] - y) / len(y)
    for i in reversed(range(len(weights))):
        weights[i] -= lr * delta.T @ Z[i]
        biases[i] -= lr * delta.sum(axis=0)
        delta = (delta @ weights[i]) * Z[i] * (1 - Z[i])


class Model:
    """Keeps its weights, and is built of the sizes."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes = sizes
        self.biases = [np.zeros(n) for n in sizes[1:]]
        self.weights = [np.zeros((n, m)) for m, n in itertools.pairwise(sizes)]

    def gradient(self, X: Any, y: Any) -> Any:
        return gradient(self.weights, self.biases, X, y)

    def train(self, X: Any, y: Any, eta: float = 0.5) -> None:
        self.weights, self.biases = step(self.weights, self.biases, X, y, eta)

    def __call__(self, X: Any, y: Any) -> Any:
        return self.gradient(X, y)

    @staticmethod
    def static(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        return gradient(weights, biases, X, y)


class Named:
    """Keeps W1, b1, .. in a dict, beside their gradients, and is built of each size."""

    def __init__(self, *sizes: int) -> None:
        self.grads: dict[str, Any] = {}
        self.params: dict[str, Any] = {}
        for i, (m, n) in enumerate(itertools.pairwise(sizes), 1):
            self.grads |= {f"W{i}": np.zeros((n, m)), f"b{i}": np.zeros(n)}
            self.params |= {f"W{i}": np.ones((n, m)), f"b{i}": np.ones(n)}

    def backward(self, x: Any, t: Any) -> Any:
        depth = len(self.params) // 2
        weights, biases = ([self.params[f"{c}{i + 1}"] for i in range(depth)] for c in "Wb")
        return gradient(weights, biases, x, t)


class Perceptron:
    """Keeps its rate beside its weights, as a class of parts: forward, backward, fit."""

    def __init__(self, sizes: list[int], lr: float = 0.01) -> None:
        self.lr = lr
        self.W = [np.zeros((n, m)) for m, n in itertools.pairwise(sizes)]
        self.b = [np.zeros(n) for n in sizes[1:]]

    def fit(self, X: Any, y: Any, epochs: int = 50, verbose: bool = False) -> list[float]:
        for _ in range(epochs):
            self.W, self.b = step(self.W, self.b, X, y, self.lr)
        return [0.3]

    def loss(self, X: Any, y: Any = None, reg: float = 0.0) -> Any:
        return gradient(self.W, self.b, X, y)


class Keeping:
    """Keeps its gradient, too, and returns the loss."""

    def __init__(self, sizes: list[int]) -> None:
        self.Wih = np.zeros((sizes[1], sizes[0]))
        self.Who = np.zeros((sizes[2], sizes[1]))
        self.bh, self.bo = np.zeros(sizes[1]), np.zeros(sizes[2])

    def backward(self, X: Any, y: Any) -> float:
        dW, db = gradient([self.Wih, self.Who], [self.bh, self.bo], X, y)
        self.dWih, self.dWho = dW
        self.dbh, self.dbo = db
        return 0.3


class _Layer:
    def __init__(self, m: int, n: int) -> None:
        self.dW, self.W, self.b = np.zeros((n, m)), np.zeros((n, m)), np.zeros(n)


class Layered:
    """Keeps objects that keep W and b, and counts its calls."""

    def __init__(self, sizes: list[int]) -> None:
        self.layers = [_Layer(m, n) for m, n in itertools.pairwise(sizes)]
        self.calls = 0

    def gradient(self, X: Any, y: Any) -> Any:
        self.calls += 1
        return gradient([a.W for a in self.layers], [a.b for a in self.layers], X, y)


class Plain:
    """Needs no sizes."""

    def gradient(self, weights: Any, biases: Any, X: Any, y: Any) -> Any:
        return gradient(weights, biases, X, y)


class Demanding:
    def __init__(self, hidden: int, depth: int, seed: int, rate: float) -> None:
        raise AssertionError

    def gradient(self, weights: Any, biases: Any, X: Any, y: Any) -> Any:
        return gradient(weights, biases, X, y)


model = Model([3, 2])
