"""Backward passes as people lay them out, in code of our own; OPTIONS says how each is checked.

Each is called `f(weights, biases, X, y)` in its own layout, and knows of no other.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,var-annotated"

from __future__ import annotations

import numpy as np


def sigma(h):
    return 1 / (1 + np.exp(-h))


def columns_with_column_biases(weights, biases, X, y):
    """A course's notation: one sample a column, A = sigma(W A + b), a dict of gradients."""
    A, m = [X], X.shape[1]
    for W, b in zip(weights, biases, strict=True):
        A.append(sigma(W @ A[-1] + b))
    grads, dZ = {}, A[-1] - y
    for i in range(len(weights), 0, -1):
        grads[f"dW{i}"] = dZ @ A[i - 1].T / m
        grads[f"db{i}"] = dZ.sum(axis=1, keepdims=True) / m
        dZ = (weights[i - 1].T @ dZ) * A[i - 1] * (1 - A[i - 1])
    return grads


def one_sample_nabla(weights, biases, x, y):
    """One sample as a column, half the squared error, (nabla_b, nabla_w)."""
    activation, activations, zs = x, [x], []
    for b, w in zip(biases, weights, strict=True):
        zs.append(w @ activation + b)
        activation = sigma(zs[-1])
        activations.append(activation)
    nabla_b = [np.zeros(b.shape) for b in biases]
    nabla_w = [np.zeros(w.shape) for w in weights]
    prime = sigma(zs[-1]) * (1 - sigma(zs[-1]))
    delta = (activations[-1] - y) * prime
    for k in range(1, len(weights) + 1):
        nabla_b[-k], nabla_w[-k] = delta, delta @ activations[-k - 1].T
        if k < len(weights):
            prime = sigma(zs[-k - 1]) * (1 - sigma(zs[-k - 1]))
            delta = (weights[-k].T @ delta) * prime
    return (nabla_b, nabla_w)


def in_out_softmax_loss_in_front(weights, biases, X, y):
    """W of (in, out), ReLU, softmax; (loss, grads)."""
    Z = [X]
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        Z.append(np.maximum(0, Z[-1] @ W + b))
    scores = Z[-1] @ weights[-1] + biases[-1]
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss, grads, dscores = -(y * np.log(p)).sum() / len(X), {}, (p - y) / len(X)
    for i in range(len(weights), 0, -1):
        grads[f"W{i}"], grads[f"b{i}"] = Z[i - 1].T @ dscores, dscores.sum(axis=0)
        dscores = dscores @ weights[i - 1].T * (Z[i - 1] > 0)
    return loss, grads


def theta_bias_first_unrolled(thetas, _biases, X, y):
    """Theta = [b W], ones in front of every layer, (J, grad) with grad unrolled by columns."""
    m, A = len(X), []
    a = X
    for Theta in thetas:
        A.append(np.hstack([np.ones((m, 1)), a]))
        a = sigma(A[-1] @ Theta.T)
    J = (-y * np.log(a) - (1 - y) * np.log(1 - a)).sum() / m
    delta, grads = a - y, []
    for Theta, ones_and_a in zip(thetas[::-1], A[::-1], strict=True):
        grads.insert(0, delta.T @ ones_and_a / m)
        delta = ((delta @ Theta) * ones_and_a * (1 - ones_and_a))[:, 1:]
    return J, np.concatenate([grad.ravel(order="F") for grad in grads])


def bias_last_in_out(weights, _biases, X, y):
    """The bias is the last row of W (in + 1, out); one list."""
    Z = [X]
    for W in weights:
        Z.append(sigma(np.hstack([Z[-1], np.ones((len(X), 1))]) @ W))
    delta, grads = (Z[-1] - y) / len(X), []
    for i in range(len(weights) - 1, -1, -1):
        grads.insert(0, np.hstack([Z[i], np.ones((len(X), 1))]).T @ delta)
        delta = delta @ weights[i][:-1].T * Z[i] * (1 - Z[i])
    return grads


def no_bias_in_out(weights, _biases, X, y):
    """Two products and nothing else."""
    Z = [X]
    for W in weights:
        Z.append(np.tanh(Z[-1] @ W) if W is not weights[-1] else sigma(Z[-1] @ W))
    delta, grads = Z[-1] - y, []
    for i in range(len(weights) - 1, -1, -1):
        grads.insert(0, Z[i].T @ delta)
        delta = delta @ weights[i].T * (1 - Z[i] ** 2)
    return grads


def python_lists(weights, biases, xs, ys):
    """Loops and lists of numbers, not one array."""
    weights, biases = [W.tolist() for W in weights], [b.tolist() for b in biases]
    d_weights = [[[0.0] * len(row) for row in W] for W in weights]
    d_biases = [[0.0] * len(b) for b in biases]
    for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
        z = [x]
        for W, b in zip(weights, biases, strict=True):
            z.append([float(sigma(sum(w * v for w, v in zip(row, z[-1], strict=True)) + c))
                      for row, c in zip(W, b, strict=True)])  # fmt: skip
        delta = [p - t for p, t in zip(z[-1], y, strict=True)]
        for i in reversed(range(len(weights))):
            for j, d in enumerate(delta):
                d_biases[i][j] += d / len(xs)
                for k, v in enumerate(z[i]):
                    d_weights[i][j][k] += d * v / len(xs)
            delta = [sum(W_j[k] * d for W_j, d in zip(weights[i], delta, strict=True)) * v * (1 - v)
                     for k, v in enumerate(z[i])]  # fmt: skip
    return [d_weights, d_biases]


def matrices_as_pairs(weights, biases, X, y):
    """np.matrix, whose * is a product; a pair per layer."""
    weights, biases = [np.asmatrix(W) for W in weights], [np.asmatrix(b) for b in biases]
    Z = [np.asmatrix(X)]
    for W, b in zip(weights, biases, strict=True):
        Z.append(sigma(Z[-1] * W.T + b))
    delta, pairs = (Z[-1] - y) / len(X), []
    for i in range(len(weights) - 1, -1, -1):
        pairs.insert(0, (delta.T * Z[i], delta.sum(axis=0)))
        delta = np.multiply(delta * weights[i], np.multiply(Z[i], 1 - Z[i]))
    return pairs


def one_flat_list(weights, biases, X, y):
    """DW1, db1, dW2, .. in one list, with biases as rows."""
    Z = [X]
    for W, b in zip(weights, biases, strict=True):
        Z.append(sigma(Z[-1] @ W + b))
    delta, flat = (Z[-1] - y) / len(X), []
    for i in range(len(weights) - 1, -1, -1):
        flat[:0] = [Z[i].T @ delta, delta.sum(axis=0, keepdims=True)]
        delta = delta @ weights[i].T * Z[i] * (1 - Z[i])
    return flat


def names_from_zero(weights, biases, X, y):
    """Layers are counted from 0; the sum over rows is not divided."""
    d_weights, d_biases = _rows(weights, biases, X, y)
    named = {f"W{i}": dW * len(X) for i, dW in enumerate(d_weights)}
    return named | {f"b{i}": db * len(X) for i, db in enumerate(d_biases)}


def outer_products(weights, biases, x, y):
    """One sample as a vector, np.outer and np.dot."""
    z = [x]
    for W, b in zip(weights, biases, strict=True):
        z.append(sigma(W.dot(z[-1]) + b))
    delta, d_weights, d_biases = z[-1] - y, [], []
    for i in range(len(weights) - 1, -1, -1):
        d_weights.insert(0, np.outer(delta, z[i]))
        d_biases.insert(0, delta)
        delta = weights[i].T.dot(delta) * z[i] * (1 - z[i])
    return d_weights, d_biases


def vector_by_rows(weights, biases, X, y):
    """All matrices, then all biases, in one vector."""
    d_weights, d_biases = _rows(weights, biases, X, y)
    return np.concatenate([a.ravel() for a in (*d_weights, *d_biases)])


def mean_over_outputs_too(weights, biases, X, y):
    """Half of np.mean of the squared error, linear outputs, tanh; with the arrays on the way."""
    Z, H = [X], []
    for W, b in zip(weights, biases, strict=True):
        H.append(Z[-1] @ W.T + b)
        Z.append(np.tanh(H[-1]))
    delta = (H[-1] - y) / y.size
    found = {"loss": ((H[-1] - y) ** 2).mean() / 2}
    for i in range(len(weights), 0, -1):
        found |= {f"delta{i}": delta, f"H{i}": H[i - 1], f"dW{i}": delta.T @ Z[i - 1],
                  f"db{i}": delta.sum(axis=0)}  # fmt: skip
        delta = delta @ weights[i - 1] * (1 - Z[i - 1] ** 2)
    return found


def step_in_place(weights, biases, X, y):
    """A training step with a fixed rate that changes its arguments and returns nothing."""
    d_weights, d_biases = _rows(weights, biases, X, y)
    for W, b, dW, db in zip(weights, biases, d_weights, d_biases, strict=True):
        np.subtract(W, 0.5 * dW, out=W)
        np.subtract(b, 0.5 * db, out=b)


def step_returned(parameters, X, y, learning_rate):
    """A step of a network without biases, in the order that it needs."""
    d_weights, _ = _rows(parameters, [0.0] * len(parameters), X, y)
    return [W - learning_rate * dW for W, dW in zip(parameters, d_weights, strict=True)]


def online_step(weights, biases, x, target, eta=0.1):
    """One sample, one step, half the squared error; samples are columns."""
    z = [x]
    for W, b in zip(weights, biases, strict=True):
        z.append(sigma(W @ z[-1] + b))
    delta = (z[-1] - target) * z[-1] * (1 - z[-1])
    for i in range(len(weights) - 1, -1, -1):
        below = weights[i].T @ delta * z[i] * (1 - z[i])
        weights[i] = weights[i] - eta * delta @ z[i].T
        biases[i] = biases[i] - eta * delta
        delta = below
    return weights, biases


class Net:
    """Keeps its weights as a dict of layers."""

    def gradient(self, weights, biases, X, y):
        d_weights, d_biases = _rows(weights, biases, X, y)
        return {f"layer{i}": {"weights": dW, "bias": db}
                for i, (dW, db) in enumerate(zip(d_weights, d_biases, strict=True))}  # fmt: skip


def float32(weights, biases, X, y):
    """Everything in single precision."""
    weights, biases = [np.float32(W) for W in weights], [np.float32(b) for b in biases]
    return _rows(weights, biases, np.float32(X), np.float32(y))


def six_digits(weights, biases, X, y):
    """What a program that prints %g would give."""
    return tuple(
        [np.vectorize(lambda v: float(f"{v:g}"))(a) for a in part]
        for part in _rows(weights, biases, X, y)
    )


def _rows(weights, biases, X, y):
    Z = [X]
    for W, b in zip(weights, biases, strict=True):
        Z.append(sigma(Z[-1] @ W.T + b))
    delta, d_weights, d_biases = (Z[-1] - y) / X.dtype.type(len(X)), [], []
    for i in range(len(weights) - 1, -1, -1):
        d_weights.insert(0, delta.T @ Z[i])
        d_biases.insert(0, delta.sum(axis=0))
        delta = delta @ weights[i] * Z[i] * (1 - Z[i])
    return d_weights, d_biases


OPTIONS = {
    "columns_with_column_biases": "--samples columns --bias column",
    "one_sample_nabla": "--call row --samples columns --bias column --loss mse --factor 1/2",
    "in_out_softmax_loss_in_front": "--weights in-out --activation relu --loss cross_entropy",
    "theta_bias_first_unrolled": "--bias first",
    "bias_last_in_out": "--weights in-out --bias last",
    "no_bias_in_out": "--weights in-out --bias none --activation tanh --reduction sum",
    "python_lists": "",
    "matrices_as_pairs": "",
    "one_flat_list": "--weights in-out --bias row",
    "names_from_zero": "--reduction sum",
    "outer_products": "--call row --samples vector",
    "vector_by_rows": "",
    "mean_over_outputs_too": "--activation tanh --loss mse --output identity --factor 1/2 "
    "--reduction mean_all",
    "step_in_place": "--call step",
    "step_returned": "--call step --bias none",
    "online_step": "--call row-step --samples columns --bias column --loss mse --factor 1/2",
    "Net.gradient": "",
    "float32": "",
    "six_digits": "",
}
