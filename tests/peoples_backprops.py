"""Backward passes in the four ways that people write them, and the mistakes that they make in them.

Each way is a right program; each mistake is the same program with some words replaced. What it has
to be called is the name beside it. Nothing here comes from `mlpcli`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CONVENTIONS", "MISTAKES", "WAYS", "Mistake", "Way"]


@dataclass(frozen=True)
class Way:
    """A program, and the arguments of `check_gradient` under which it is right."""

    source: str
    said: dict[str, Any] = field(default_factory=dict)


NOTEBOOK = """
def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def backprop(weights, biases, X, y):
    m, L = len(X), len(weights)
    acts, pre = [X], []
    for W, b in zip(weights, biases):
        pre.append(acts[-1] @ W.T + b)
        acts.append(sigmoid(pre[-1]))
    delta = (acts[-1] - y) / m
    dW, db = [None] * L, [None] * L
    for l in range(L - 1, -1, -1):
        dW[l] = delta.T @ acts[l]
        db[l] = delta.sum(axis=0)
        if l > 0:
            delta = (delta @ weights[l]) * acts[l] * (1 - acts[l])
    return dW, db
"""

COURSE = """
def backprop(weights, biases, X, Y):
    L, m = len(weights), X.shape[1]
    A, Z = {0: X}, {}
    for l in range(1, L + 1):
        Z[l] = np.dot(weights[l - 1], A[l - 1]) + biases[l - 1]
        A[l] = 1 / (1 + np.exp(-Z[l]))
    grads = {}
    dZ = A[L] - Y
    for l in reversed(range(1, L + 1)):
        grads["dW" + str(l)] = np.dot(dZ, A[l - 1].T) / m
        grads["db" + str(l)] = np.sum(dZ, axis=1, keepdims=True) / m
        if l > 1:
            dA = np.dot(weights[l - 1].T, dZ)
            dZ = dA * A[l - 1] * (1 - A[l - 1])
    return grads
"""

BOOK = """
def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))

def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))

def backprop(weights, biases, x, y):
    nabla_b = [np.zeros(b.shape) for b in biases]
    nabla_w = [np.zeros(w.shape) for w in weights]
    activation, activations, zs = x, [x], []
    for b, w in zip(biases, weights):
        z = np.dot(w, activation) + b
        zs.append(z)
        activation = sigmoid(z)
        activations.append(activation)
    delta = activations[-1] - y
    nabla_b[-1] = delta
    nabla_w[-1] = np.dot(delta, activations[-2].transpose())
    for l in range(2, len(weights) + 1):
        sp = sigmoid_prime(zs[-l])
        delta = np.dot(weights[-l + 1].transpose(), delta) * sp
        nabla_b[-l] = delta
        nabla_w[-l] = np.dot(delta, activations[-l - 1].transpose())
    return nabla_b, nabla_w
"""

TRAINER = """
def backprop(weights, biases, X, y, lr=0.1):
    outs = [X]
    for i in range(len(weights)):
        outs.append(1 / (1 + np.exp(-(outs[i] @ weights[i] + biases[i]))))
    error = outs[-1] - y
    steps = []
    for i in range(len(weights) - 1, -1, -1):
        steps.append((i, outs[i].T @ error / len(X), error.mean(axis=0, keepdims=True)))
        error = (error @ weights[i].T) * outs[i] * (1 - outs[i])
    for i, dw, db in steps:
        weights[i] -= lr * dw
        biases[i] -= lr * db
    return weights, biases
"""

WAYS = {
    "notebook": Way(NOTEBOOK),
    "course": Way(COURSE, {"samples": "columns", "bias": "column"}),
    "book": Way(BOOK, {"samples": "columns", "bias": "column", "call": "row"}),
    "trainer": Way(TRAINER, {"weights_layout": "in-out", "bias": "row", "call": "step"}),
}


@dataclass(frozen=True)
class Mistake:
    """Some words of a way replaced, under further arguments, and what it is called then.

    `names` are bugs that have to be named, the first of them first. `said` adds to the arguments
    of the way, `suggested` are the options under which it is right.
    """

    way: str
    words: tuple[tuple[str, str], ...]
    names: tuple[str, ...] = ()
    said: dict[str, Any] = field(default_factory=dict)
    suggested: str | None = None

    def function(self) -> Callable[..., Any]:
        """Return the program with the words replaced."""
        text = WAYS[self.way].source
        for old, new in self.words:
            assert old in text, old
            text = text.replace(old, new)
        names: dict[str, Any] = {"np": np}
        exec(text, names)
        found: Callable[..., Any] = names["backprop"]
        return found

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of the check beside the function."""
        return {**WAYS[self.way].said, **self.said}


def _one(way: str, old: str, new: str, *names: str, **said: Any) -> Mistake:
    return Mistake(way, ((old, new),), names, said)


_DELTA = "delta = (acts[-1] - y) / m"
_MSE = "delta = 2 * (acts[-1] - y) * acts[-1] * (1 - acts[-1]) / m"
_SLOPE = "* acts[l] * (1 - acts[l])"
_DW = "dW[l] = delta.T @ acts[l]"
_DB = "db[l] = delta.sum(axis=0)"
_CLIP = "return [g.clip(-0.05, 0.05) for g in dW], [g.clip(-0.05, 0.05) for g in db]"
_MASKED = "delta = delta @ weights[l]\n            delta[pre[l - 1] <= 0] = 0"
_LAST = "    return dW, db\n"
_PENALTY = ((_DW, f"{_DW} + 0.1 * weights[l]"),)


_NEXT_H = "acts[l] @ weights[l].T + biases[l]"
_NEXT = f"* sigmoid({_NEXT_H}) * (1 - sigmoid({_NEXT_H}))"
_OWN = """\
own = delta * (acts[l + 1] * (1 - acts[l + 1]) if l < L - 1 else 1)
        dW[l] = own.T @ acts[l]"""
_ROW_BY_ROW = """\
    for row, label in zip(X, y):
        once(weights, biases, row[None], label[None], lr / len(X))
    return weights, biases

def once(weights, biases, X, y, lr):
    outs = [X]
"""
_EARLY = """\
        weights[i] -= lr * steps[-1][1]
        biases[i] -= lr * steps[-1][2]
        error = (error"""
_UPDATE = """\
    for i, dw, db in steps:
        weights[i] -= lr * dw
        biases[i] -= lr * db
"""
_RUNNING_SUM = """\
    for l in range(L):
        dW[l] = total[L, l, 0] = total.get((L, l, 0), 0) + dW[l]
        db[l] = total[L, l, 1] = total.get((L, l, 1), 0) + db[l]
"""
_CLIPPED = """\
p = np.clip(acts[-1], 1e-7, 1 - 1e-7)
    delta = (p - y) / (p * (1 - p)) * acts[-1] * (1 - acts[-1]) / m"""


_SOFTMAX = (
    "(sigmoid(pre[-1]) if len(acts) < L else "
    "np.exp(pre[-1]) / np.exp(pre[-1]).sum(axis=1, keepdims=True))"
)


def _mse(old: str, new: str, *names: str, **said: Any) -> Mistake:
    """The notebook of a squared error with these words replaced."""
    return Mistake("notebook", ((_DELTA, _MSE), (old, new)), names, {"loss": "mse", **said})


def _penalty(new: str, *names: str, more: tuple[tuple[str, str], ...] = ()) -> Mistake:
    """The notebook with an L2 penalty of 0.1 that is written so."""
    words = ((_DW, f"{_DW}{new}"), *more)
    return Mistake("notebook", words, names, {"l2": 0.1})


MISTAKES = {
    # forward
    "bias subtracted": _one("notebook", "W.T + b", "W.T - b", "bias-misused-in-forward"),
    "bias twice": _one(
        "course", "+ biases[l - 1]", "+ 2 * biases[l - 1]", "bias-misused-in-forward"
    ),
    "bias forgotten": _one("book", "activation) + b", "activation)", "bias-misused-in-forward"),
    "bias subtracted in a step": _one(
        "trainer", "+ biases[i])", "- biases[i])", "bias-misused-in-forward"
    ),
    "activation twice": _one(
        "notebook", "sigmoid(pre[-1])", "sigmoid(sigmoid(pre[-1]))", "activation-twice"
    ),
    # output
    "p - y under mse": Mistake("notebook", (), ("bce-delta-under-mse",), {"loss": "mse"}),
    "p - y under mse, K = 3": Mistake(
        "notebook", (), ("bce-delta-under-mse",), {"loss": "mse", "sizes": [3, 4, 3]}
    ),
    "p - y under mse, one layer": Mistake(
        "notebook", (), ("bce-delta-under-mse",), {"loss": "mse", "sizes": [3, 2]}
    ),
    "slope of the output kept": _one(
        "course", "dZ = A[L] - Y", "dZ = (A[L] - Y) * A[L] * (1 - A[L])", "output-sigma-prime-kept"
    ),
    "dJ/dp for delta": _one(
        "notebook",
        _DELTA,
        "delta = (acts[-1] - y) / (acts[-1] * (1 - acts[-1])) / m",
        "loss-derivative-as-delta",
    ),
    "label forgotten": _one("book", "activations[-1] - y", "activations[-1]", "label-missing"),
    "label inverted": _one("notebook", "acts[-1] - y", "acts[-1] - (1 - y)", "labels-inverted"),
    "y of shape (N,)": _one(
        "notebook",
        "(acts[-1] - y) / m",
        "(acts[-1] - y[:, 0]).mean(axis=1, keepdims=True) / m",
        "y-broadcast",
        sizes=[3, 4, 1],
    ),
    "sign of the difference": _one(
        "book", "activations[-1] - y", "y - activations[-1]", "sign-flipped"
    ),
    "softmax of the outputs": Mistake(
        "notebook",
        (("sigmoid(pre[-1])", _SOFTMAX),),
        ("softmax-outputs",),
        {"sizes": [3, 4, 3]},
    ),
    "softmax of one output": Mistake(
        "notebook", (("sigmoid(pre[-1])", _SOFTMAX),), ("softmax-outputs",)
    ),
    # slopes
    "sigma' missing": _one(
        "course", "dZ = dA * A[l - 1] * (1 - A[l - 1])", "dZ = dA", "missing-sigma-prime"
    ),
    "sigma' of the activation": _one(
        "book",
        "sigmoid_prime(zs[-l])",
        "sigmoid_prime(activations[-l])",
        "sigma-prime-of-activation",
    ),
    "activation for its slope": _one("course", " * (1 - A[l - 1])", "", "activation-as-derivative"),
    "h (1 - h)": _one(
        "notebook", _SLOPE, "* pre[l - 1] * (1 - pre[l - 1])", "slope-of-preactivation"
    ),
    "1 - z": _one("notebook", _SLOPE, "* (1 - acts[l])", "one-minus-activation"),
    "1 - z^2": _one("course", "A[l - 1] * (1 - A[l - 1])", "(1 - A[l - 1] ** 2)", "tanh-slope"),
    "the slope of ReLU": _one(
        "trainer", "outs[i] * (1 - outs[i])", "(outs[i] > 0.5)", "relu-slope"
    ),
    "slope of the next output": _one(
        "notebook",
        _SLOPE,
        _NEXT,
        "sigma-prime-wrong-layer",
        sizes=[3, 3, 3, 3],
    ),
    "slope twice": _one("notebook", _SLOPE, f"{_SLOPE} {_SLOPE}", "slope-twice"),
    "slope times bias": _one("notebook", _SLOPE, f"{_SLOPE} * biases[l - 1]", "slope-times-bias"),
    # delta carried
    "error for delta": Mistake(
        "notebook",
        (
            (
                "delta = (delta @ weights[l]) * acts[l] * (1 - acts[l])",
                "delta = delta @ weights[l]",
            ),
            (
                _DW,
                _OWN,
            ),
            (_DB, "db[l] = own.sum(axis=0)"),
        ),
        ("error-instead-of-delta",),
    ),
    "weights not transposed": _one(
        "notebook",
        "delta @ weights[l])",
        "delta @ weights[l].T)",
        "weight-not-transposed",
        sizes=[3, 3, 3, 3],
    ),
    "weights of the layer below": _one(
        "notebook",
        "delta @ weights[l])",
        "delta @ weights[l - 1])",
        "weight-of-layer-below",
        sizes=[3, 3, 3, 3],
    ),
    "weights shifted by a column": _one(
        "notebook",
        "delta @ weights[l])",
        "delta @ np.column_stack([biases[l], weights[l]])[:, :-1])",
        "weight-column-shifted",
    ),
    "updated too early": Mistake(
        "trainer",
        (
            (
                "        error = (error",
                "        weights[i] -= lr * steps[-1][1]\n        error = (error",
            ),
            (
                "    for i, dw, db in steps:\n        weights[i] -= lr * dw\n",
                "    for i, dw, db in steps:\n",
            ),
        ),
        ("weights-updated-too-early",),
    ),
    "updated too early, row by row": Mistake(
        "trainer",
        (
            (
                "    outs = [X]\n",
                _ROW_BY_ROW,
            ),
            (
                "        error = (error",
                _EARLY,
            ),
            (
                _UPDATE,
                "",
            ),
        ),
        ("weights-updated-too-early",),
        {"call": "row-step"},
    ),
    # biases
    "bias gradient not summed": _one("notebook", _DB, "db[l] = delta[0]", "bias-not-summed"),
    "bias gradient averaged": _one("notebook", _DB, "db[l] = delta.mean(axis=0)", "bias-averaged"),
    "bias gradient times b (1 - b)": _one(
        "notebook", _DB, f"{_DB} * biases[l] * (1 - biases[l])", "bias-times-own-slope"
    ),
    "bias gradient times b": _one("notebook", _DB, f"{_DB} * biases[l]", "bias-times-bias"),
    "bias gradient of dW": _one(
        "course",
        "np.sum(dZ, axis=1, keepdims=True) / m",
        'grads["dW" + str(l)].sum(axis=1, keepdims=True)',
        "bias-from-weights",
    ),
    "bias gradient one number": _one(
        "course", "np.sum(dZ, axis=1, keepdims=True) / m", "np.sum(dZ) / m", "bias-one-scalar"
    ),
    "bias gradient without slope": Mistake(
        "notebook",
        (
            (_DB, "db[l] = (delta if l == L - 1 else e).sum(axis=0)"),
            ("            delta = (", "            e = delta @ weights[l]\n            delta = ("),
        ),
        ("bias-without-slope",),
    ),
    # dW
    "dW without its input": _one(
        "notebook",
        _DW,
        "dW[l] = np.outer(delta.sum(axis=0), np.ones(acts[l].shape[1]))",
        "input-missing",
    ),
    "dW transposed": _one(
        "notebook", _DW, "dW[l] = acts[l].T @ delta", "gradient-transposed", sizes=[3, 3, 3, 3]
    ),
    "dW reshaped": _one(
        "notebook",
        _DW,
        "dW[l] = (acts[l].T @ delta).reshape(weights[l].shape)",
        "gradient-reshaped",
    ),
    "dW of the output": _one(
        "notebook",
        _DW,
        "dW[l] = delta.T @ acts[l + 1]",
        "wrong-input-activation",
        sizes=[3, 3, 3, 3],
    ),
    "dW of X everywhere": _one(
        "notebook", _DW, "dW[l] = delta.T @ X", "network-input-everywhere", sizes=[3, 3, 3, 3]
    ),
    "dW of h": _one(
        "notebook", _DW, "dW[l] = delta.T @ (pre[l - 1] if l else X)", "preactivation-as-input"
    ),
    "mask of what is carried": Mistake(
        "notebook",
        (
            ("sigmoid(pre[-1])", "(np.maximum(pre[-1], 0) if len(acts) < L else sigmoid(pre[-1]))"),
            (f"delta = (delta @ weights[l]) {_SLOPE}", _MASKED.replace("pre[l - 1]", "delta")),
        ),
        ("slope-of-upstream",),
        {"activation": "relu"},
    ),
    "slope alone": _one(
        "notebook", f"(delta @ weights[l]) {_SLOPE}", _SLOPE[2:], "upstream-missing"
    ),
    "clipped": _one("notebook", "return dW, db", _CLIP, "clipped"),
    "weights clipped": _one("notebook", _DW, f"dW[l] = np.clip({_DW[8:]}, -0.02, 0.02)", "clipped"),
    # penalty
    "penalty missing": _penalty("", "missing-l2"),
    "penalty on the bias": _penalty(
        " + 0.1 * weights[l]", "l2-on-bias", more=((_DB, f"{_DB} + 0.1 * biases[l]"),)
    ),
    "penalty on the bias, a constant": _penalty(
        " + 0.1 * weights[l]", "l2-constant", more=((_DB, f"{_DB} + 0.1"),)
    ),
    "penalty over N": _penalty(" + 0.1 / m * weights[l]", "l2-strength"),
    "penalty twice": _penalty(" + 0.2 * weights[l]", "l2-strength"),
    "penalty subtracted": _penalty(" - 0.1 * weights[l]", "l2-strength"),
    "penalty missing in a layer": _penalty(" + 0.1 * (l > 0) * weights[l]", "missing-l2"),
    "penalty on one bias": _penalty(
        " + 0.1 * weights[l]", "l2-on-bias", more=((_DB, f"{_DB} + 0.1 * (l == 1) * biases[l]"),)
    ),
    "penalty of one layer, unasked": _one(
        "notebook", _DW, f"{_DW} + 0.3 * (l == 1) * weights[l]", "extra-l2"
    ),
    "penalty over N, unasked": _one("notebook", _DW, f"{_DW} + 0.3 / m * weights[l]", "extra-l2"),
    "penalty of signs": _penalty(" + 0.1 * np.sign(weights[l])", "l2-sign"),
    # rows, entries, lists, calls
    "sum for mean": _one(
        "notebook", "(acts[-1] - y) / m", "(acts[-1] - y)", "sum-instead-of-mean", reduction="mean"
    ),
    "mean twice": _one("notebook", "(acts[-1] - y) / m", "(acts[-1] - y) / m / m", "mean-twice"),
    "last row only": _one(
        "notebook", "    dW, db =", "    delta[:-1] = 0\n    dW, db =", "one-row-only"
    ),
    "first row dropped": _one(
        "notebook", "    dW, db =", "    delta[0] = 0\n    dW, db =", "row-dropped"
    ),
    "one entry": _one(
        "notebook", _LAST, f"    dW[0][2, 1] *= -2\n{_LAST}", "one-entry", sizes=[3, 4, 3]
    ),
    "weights in reverse": _one(
        "notebook", _LAST, "    return dW[::-1], db\n", "weights-reversed", sizes=[3, 3, 3, 3]
    ),
    "both lists in reverse": _one(
        "notebook", _LAST, "    return dW[::-1], db[::-1]\n", "layers-reversed", sizes=[3, 3, 3, 3]
    ),
    "twice and nothing": Mistake(
        "notebook",
        ((_LAST, f"    dW[1] *= 2\n    db[1] *= 0\n{_LAST}"),),
        ("scaled", "zero-gradient"),
    ),
    "a running sum": Mistake(
        "notebook",
        (
            ("def backprop(", "total = {}\n\ndef backprop("),
            (
                _LAST,
                _RUNNING_SUM + _LAST,
            ),
        ),
        ("accumulates-over-calls",),
        {"sizes": [3, 4, 1]},
    ),
    # two at once
    "half and sigma'(z)": Mistake(
        "notebook",
        (
            (_DELTA, _MSE.replace("2 * ", "")),
            ("* acts[l] * (1 - acts[l])", "* sigmoid(acts[l]) * (1 - sigmoid(acts[l]))"),
        ),
        ("half-squared-error", "sigma-prime-of-activation"),
        {"loss": "mse"},
    ),
    "sum and slope kept": _one(
        "notebook",
        "(acts[-1] - y) / m",
        "(acts[-1] - y) * acts[-1] * (1 - acts[-1])",
        "sum-instead-of-mean",
        "output-sigma-prime-kept",
    ),
    "slope kept and bias averaged": Mistake(
        "notebook",
        (
            ("(acts[-1] - y) / m", "(acts[-1] - y) * acts[-1] * (1 - acts[-1]) / m"),
            (_DB, "db[l] = delta.mean(axis=0)"),
        ),
        ("output-sigma-prime-kept", "bias-averaged"),
    ),
    # epsilons
    "an epsilon in the denominator": _one(
        "notebook",
        _DELTA,
        "p = acts[-1]\n    delta = (p - y) / (p * (1 - p) + 1e-8) * p * (1 - p) / m",
        "epsilon-derivative",
    ),
    "p clipped": _one(
        "notebook",
        _DELTA,
        _CLIPPED,
        "clamped-derivative",
    ),
    "0/0": _one(
        "notebook",
        _DELTA,
        "p = acts[-1]\n    delta = (p - y) / (p * (1 - p)) * p * (1 - p) / m",
        "naive-derivative",
    ),
    "0/0 under relu, masked by assignment": Mistake(
        "notebook",
        (
            ("sigmoid(pre[-1])", "(np.maximum(pre[-1], 0) if len(acts) < L else sigmoid(pre[-1]))"),
            (_DELTA, "p = acts[-1]\n    delta = -(y / p - (1 - y) / (1 - p)) * p * (1 - p) / m"),
            (f"delta = (delta @ weights[l]) {_SLOPE}", _MASKED),
        ),
        ("naive-derivative",),
        {"activation": "relu"},
    ),
}

_HALF = "delta = (acts[-1] - y) * acts[-1] * (1 - acts[-1]) / m"


def _other(
    new: str, suggested: str, *more: tuple[str, str], old: str = _DELTA, **said: Any
) -> Mistake:
    """The notebook, right for another J."""
    return Mistake("notebook", ((old, new), *more), (), said, suggested)


_TANH = (
    ("sigmoid(pre[-1])", "(np.tanh(pre[-1]) if len(acts) < L else sigmoid(pre[-1]))"),
    (_SLOPE, "* (1 - acts[l] ** 2)"),
)
_RELU = (
    ("sigmoid(pre[-1])", "(np.maximum(pre[-1], 0) if len(acts) < L else sigmoid(pre[-1]))"),
    (_SLOPE, "* (acts[l] > 0)"),
)
_LINEAR = ("sigmoid(pre[-1])", "(sigmoid(pre[-1]) if len(acts) < L else pre[-1])")
CONVENTIONS = {
    "half the square": _other(_HALF, "--factor 1/2", loss="mse"),
    "half the square, K = 2": _other(_HALF, "--factor 1/2", loss="mse", sizes=[3, 4, 2]),
    "half the square, K = 3": _other(_HALF, "--factor 1/2", loss="mse", sizes=[3, 4, 3]),
    "half the square, bce assumed": _other(_HALF, "--loss mse --factor 1/2", sizes=[3, 4, 3]),
    "half the sum": _other(_HALF.replace(" / m", ""), "--reduction sum --factor 1/2", loss="mse"),
    "half the mean of all": _other(
        f"{_HALF} / y.shape[1]", "--reduction mean_all --factor 1/2", loss="mse", sizes=[3, 4, 3]
    ),
    "the sum": _other("delta = acts[-1] - y", "--reduction sum"),
    "the sum over N K": _other(f"{_DELTA} / y.shape[1]", "--reduction mean_all", sizes=[3, 4, 3]),
    "an update's direction": _other("delta = (y - acts[-1]) / m", "--factor -1"),
    "a penalty": _other(f"{_DW} + 0.1 * weights[l]", "--l2 0.1", old=_DW),
    "a penalty, sum over rows": _other(
        f"{_DW} + 0.25 * weights[l]", "--reduction sum --l2 0.25", (" / m", ""), old=_DW
    ),
    "a penalty and half the square": _other(
        _HALF, "--factor 1/2 --l2 0.001", (_DW, f"{_DW} + 1e-3 * weights[l]"), loss="mse"
    ),
    "a penalty under tanh": _other(
        _TANH[0][1],
        "--activation tanh --l2 0.1",
        _TANH[1],
        (_DW, f"{_DW} + 0.1 * weights[l]"),
        old=_TANH[0][0],
    ),
    "tanh": _other(_TANH[0][1], "--activation tanh", _TANH[1], old=_TANH[0][0]),
    "relu": _other(_RELU[0][1], "--activation relu", _RELU[1], old=_RELU[0][0]),
    "a linear output": _other(f"{_DELTA} * 2", "--output identity --loss mse", _LINEAR),
    "a linear output, half": _other(_DELTA, "--output identity --loss mse --factor 1/2", _LINEAR),
}
