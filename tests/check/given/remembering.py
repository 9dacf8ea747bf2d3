"""Backward passes that remember: by the shape, the length, the place or the numbers of an array."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from guests import gradient, step  # type: ignore[import-not-found]  # found beside it

kept: dict[Any, Any] = {}


def _forward(weights: Any, biases: Any, X: Any) -> Any:
    Z = [X]
    for W, b in zip(weights, biases, strict=True):
        Z.append(1 / (1 + np.exp(-(Z[-1] @ W.T + b))))
    return Z


def _backward(weights: Any, Z: Any, y: Any) -> Any:
    dW: list[Any] = []
    db: list[Any] = []
    delta = (Z[-1] - y) / len(y)
    for i in reversed(range(len(weights))):
        dW.insert(0, delta.T @ Z[i])
        db.insert(0, delta.sum(axis=0))
        delta = (delta @ weights[i]) * Z[i] * (1 - Z[i])
    return dW, db


def _with_activations(key: Any, weights: Any, biases: Any, X: Any, y: Any) -> Any:
    if key not in kept:
        kept[key] = _forward(weights, biases, X)
    return _backward(weights, kept[key], y)


def activations_by_shape(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    return _with_activations(X.shape, weights, biases, X, y)


def activations_by_length(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    return _with_activations(len(X), weights, biases, X, y)


def activations_by_place(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    return _with_activations(id(X), weights, biases, X, y)


def activations_by_numbers(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    return _with_activations(X.tobytes(), weights, biases, X, y)


def activations_once(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    return _with_activations("once", weights, biases, X, y)


def labels_by_shape(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    return gradient(weights, biases, X, kept.setdefault(y.shape, y))


def rows_by_shape(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    return gradient(weights, biases, kept.setdefault(X.shape, X.copy()), y)


def weights_by_shape(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    key = tuple(W.shape for W in weights)
    return gradient(*kept.setdefault(key, (weights, biases)), X, y)


def weights_by_place(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    turned = [kept.setdefault(id(W), W.T.copy()).T for W in weights]
    return gradient(turned, biases, X, y)


def step_with_labels_by_shape(weights: Any, biases: Any, X: Any, y: Any, lr: float) -> Any:
    return step(weights, biases, X, kept.setdefault(y.shape, y), lr)


def one_buffer(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    """Fails on another number of rows, unless they come first."""
    buffer = kept.setdefault("buffer", np.empty_like(X))
    buffer[:] = X
    return gradient(weights, biases, buffer, y)


class Net:
    """Keeps its weights, and the labels of its first batch."""

    def __init__(self, sizes: list[int]) -> None:
        self.y: Any = None
        self.W = [np.zeros((n, m)) for m, n in itertools.pairwise(sizes)]
        self.b = [np.zeros(n) for n in sizes[1:]]

    def gradient(self, X: Any, y: Any) -> Any:
        if self.y is None or len(self.y) != len(y):
            self.y = y
        return gradient(self.W, self.b, X, self.y)


def activations_of_this_call(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    """Remembers, and rightly so: nothing is taken from an earlier call."""
    kept["Z"] = _forward(weights, biases, X)
    return _backward(weights, kept["Z"], y)


def activations_of_the_same_numbers(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    key = (X.tobytes(), *(array.tobytes() for array in (*weights, *biases)))
    return _with_activations(key, weights, biases, X, y)


def wrong_for_other_reasons(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    dW, db = gradient(weights, biases, X, y)
    return [np.abs(d) for d in dW], db


def momentum(weights: Any, biases: Any, X: Any, y: Any, lr: float) -> None:
    dW, db = gradient(weights, biases, X, y)
    for i, (array, d) in enumerate(zip((*weights, *biases), (*dW, *db), strict=True)):
        kept[i] = 0.9 * kept.get(i, 0) + d
        array[:] -= lr * kept[i].reshape(array.shape)
