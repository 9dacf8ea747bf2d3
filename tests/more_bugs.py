"""A backward pass as people write it, and the edits of its text by which they get it wrong.

Each bug is a program of its own: the source below with some words replaced. Nothing of it comes
from `mlpcli`, so that the catalogue of known bugs is tested by something other than itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from buggy_backprop import OUTPUTS, SLOPES, VALUES, logistic
from mlpcli.nn.network import Parameters

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.check.case import Case

SOURCE = """
def gradient(W, b, X, y):
    N, K, L = len(X), y.shape[1], len(W)
    Z, H = [X], [X]
    for i in range(L):
        h = Z[i] @ W[i].T + b[i]
        H.append(h)
        Z.append(f(h) if i < L - 1 else out(h))
    p, h = Z[L], H[L]
    d = DELTA / N
    e = d
    dW, db = [0] * L, [0] * L
    for i in reversed(range(L)):
        dW[i] = d.T @ Z[i]
        db[i] = d.sum(axis=0)
        if i > 0:
            e = d @ W[i]
            d = e * slope(H[i], Z[i])
    for i in range(L):
        dW[i] = dW[i] + l2 * W[i]
    return dW, db
"""
_DELTAS = {
    ("bce", "sigmoid"): "(p - y)",
    ("cross_entropy", "softmax"): "(p - y)",
    ("mse", "sigmoid"): "(2 * (p - y) * p * (1 - p))",
    ("mse", "identity"): "(2 * (p - y))",
}


@dataclass(frozen=True)
class Edit:
    """A bug's name, or those of several, the words replaced, and where each can be made.

    `only` are outputs (bce, softmax, mse, linear), `but` the activations for which it is right,
    `wide` asks for layers of one width, `single` for one output, and `penalty` for l2.
    """

    bug: str
    words: tuple[tuple[str, str], ...]
    only: str = "bce softmax mse linear"
    but: str = ""
    wide: bool = False
    single: bool = False
    penalty: bool = False

    def fits(self, case: Case) -> bool:
        """Whether the bug can be made on this case, and is one there."""
        same = len({*case.network.sizes}) == 1
        one = case.y.shape[1] == 1
        return (
            kind(case) in self.only.split()
            and case.network.activation.name not in self.but.split()
            and (same or not self.wide)
            and (one or not self.single)
            and (case.objective.l2 > 0 or not self.penalty)
        )


def kind(case: Case) -> str:
    """Return bce, softmax, mse or linear."""
    loss = case.objective.loss
    return {"softmax": "softmax", "identity": "linear"}.get(loss.output, loss.name)


def program(case: Case, words: Sequence[tuple[str, str]], **more: Any) -> Parameters:
    """Return the gradient that the source computes with these words replaced, in order.

    `more` are functions that the words speak of.
    """
    loss, name = case.objective.loss, case.network.activation.name
    text = SOURCE.replace("DELTA", _DELTAS[loss.name, loss.output])
    for old, new in words:
        assert old in text, old
        text = text.replace(old, new)
    names: dict[str, Any] = {
        "np": np,
        "f": VALUES[name],
        "slope": SLOPES[name],
        "out": OUTPUTS[loss.output],
        "sigma": logistic,
        "l2": case.objective.l2,
        **more,
    }
    exec(text, names)
    with np.errstate(all="ignore"):
        W, b = ([a.copy() for a in arrays] for arrays in (case.network.W, case.network.b))
        dW, db = names["gradient"](W, b, case.X, case.y)
    pairs = zip(dW, db, strict=True)
    theta = np.concatenate([np.ravel(tensor) for pair in pairs for tensor in pair])
    return Parameters(case.network.sizes, case.network.bias, theta.astype(np.float64))


def _slope(bug: str, new: str, but: str = "", *, wide: bool = False) -> Iterator[Edit]:
    """Yield another slope in all hidden layers, and in the first alone."""
    old = "slope(H[i], Z[i])"
    for words in (new, f"({new} if i == 1 else {old})"):
        yield Edit(bug, ((old, f"({words})"),), but=but, wide=wide)


def _one(bug: str, old: str, *news: str, **where: Any) -> Iterator[Edit]:
    """Yield one word replaced, in each of these ways."""
    for new in news:
        yield Edit(bug, ((old, new),), **where)


def _delta(bug: str, only: str, *news: str) -> Iterator[Edit]:
    """Yield another delta_L."""
    for kinds in only.split():
        old = {"bce": "(p - y)", "softmax": "(p - y)", "mse": "(2 * (p - y) * p * (1 - p))",
               "linear": "(2 * (p - y))"}[kinds]  # fmt: skip
        for new in news:
            yield Edit(bug, ((f"d = {old} / N", f"d = {new} / N"),), only=kinds)


_PIECEWISE = "relu leaky_relu"
_SLOPE = "slope(H[i], Z[i])"
_STEP = "d = e * slope(H[i], Z[i])"
_DW, _DB, _PENALTY = "d.T @ Z[i]", "d.sum(axis=0)", "l2 * W[i]"
_ROWS = "    e = d\n"
_LAST = "    return dW, db"

EDITS: tuple[Edit, ...] = (
    *_slope("slope-of-preactivation", "slope(H[i], H[i])", but=f"{_PIECEWISE} identity"),
    *_slope("one-minus-activation", "1 - Z[i]"),
    *_slope("preactivation-as-derivative", "H[i]"),
    *_slope("slope-twice", "slope(H[i], Z[i]) ** 2", but="relu identity"),
    *_slope("step-of-output", "(Z[i] > 0) * 1.0", but="relu"),
    *_slope("slope-times-bias", "slope(H[i], Z[i]) * b[i - 1]"),
    *_slope("slope-of-next-output", "slope(Z[i + 1], Z[i + 1])", but="identity", wide=True),
    *_one("slope-of-upstream", _SLOPE, "slope(e, f(e))", but="identity"),
    *_one("upstream-missing", f"e * {_SLOPE}", f"0 * e + {_SLOPE}"),
    *_delta("softmax-over-rows", "softmax", "(np.exp(h) / np.exp(h).sum() - y)"),
    Edit("leaky-alpha", ((_SLOPE, "np.where(H[i] > 0, 1, 0.3)"),), but="sigmoid tanh identity"),
    Edit(
        "error-instead-of-delta",
        (
            (_DW, "(d * (slope(H[i + 1], Z[i + 1]) if i < L - 1 else 1)).T @ Z[i]"),
            (_DB, "(d * (slope(H[i + 1], Z[i + 1]) if i < L - 1 else 1)).sum(axis=0)"),
            (_STEP, "d = e"),
        ),
        only="bce softmax linear",
        but="identity",
    ),
    Edit(
        "error-instead-of-delta",
        (
            ("(2 * (p - y) * p * (1 - p))", "(2 * (p - y))"),
            (_DW, "(d * (slope(H[i + 1], Z[i + 1]) if i < L - 1 else p * (1 - p))).T @ Z[i]"),
            (_DB, "(d * (slope(H[i + 1], Z[i + 1]) if i < L - 1 else p * (1 - p))).sum(axis=0)"),
            (_STEP, "d = e"),
        ),
        only="mse",
    ),
    *_one("weight-of-layer-below", "d @ W[i]", "d @ W[i - 1]", wide=True),
    *_one(
        "weight-column-shifted",
        "d @ W[i]",
        "d @ np.column_stack([b[i], W[i]])[:, :-1]",
        "d @ np.column_stack([W[i], b[i]])[:, 1:]",
    ),
    *_one(
        "weights-updated-too-early",
        "d @ W[i]",
        "d @ (W[i] - 0.3 * (dW[i] + l2 * W[i]))",
        "sum((np.eye(N)[r : r + 1].T @ d[r : r + 1]) @ (W[i] - 0.2 * (N * np.outer(d[r], Z[i][r]) "
        "+ l2 * W[i])) for r in range(N))",
    ),
    *_one("bias-times-own-slope", _DB, "d.sum(axis=0) * b[i] * (1 - b[i])"),
    *_one("bias-times-bias", _DB, "d.sum(axis=0) * b[i]"),
    *_one("bias-from-weights", _DB, "dW[i].sum(axis=1)", "dW[i].mean(axis=1)"),
    *_one(
        "bias-one-scalar",
        _DB,
        "np.sum(d) * np.ones(len(b[i]))",
        "np.mean(d) * np.ones(len(b[i]))",
        "np.mean(d.sum(axis=0)) * np.ones(len(b[i]))",
    ),
    *_one("bias-without-slope", _DB, "e.sum(axis=0)", but="identity"),
    *_one("input-missing", _DW, "np.repeat(d.sum(axis=0)[:, None], W[i].shape[1], 1)"),
    *_one("gradient-reshaped", _DW, "(Z[i].T @ d).reshape(W[i].shape)"),
    *_one("preactivation-as-input", _DW, "d.T @ (H[i] if i else X)", but="identity"),
    *_one("network-input-everywhere", _DW, "d.T @ X", wide=True),
    *_one(
        "l2-strength",
        _PENALTY,
        "l2 / 2 * W[i]",
        "2 * l2 * W[i]",
        "l2 / N * W[i]",
        "N * l2 * W[i]",
        "(-l2) * W[i]",
        "1.7 * l2 * W[i]",
        penalty=True,
    ),
    *_one("l2-constant", _PENALTY, "l2", penalty=True),
    *_one("l2-constant", _DB, "d.sum(axis=0) + l2", penalty=True),
    *_one("l2-sign", _PENALTY, "l2 * np.sign(W[i])", penalty=True),
    *_one(
        "one-row-only",
        _ROWS,
        "    d[1:] = 0\n    e = d\n",
        "    d[:-1] = 0\n    e = d\n",
        "    d[1:] = 0\n    e = d = d * N\n",
        "    d[:-1] = 0\n    e = d = d * N\n",
    ),
    *(
        Edit("y-broadcast", (("(p - y)", "(p - y[:, 0])"), (_ROWS, rows)), single=True)
        for rows in (
            "    e = d = d.mean(axis=1, keepdims=True)\n",
            "    e = d = d.sum(axis=1, keepdims=True)\n",
        )
    ),
    *_one("bias-misused-in-forward", "+ b[i]", "- b[i]", "+ 0", "+ 2 * b[i]"),
    *_one("activation-twice", "f(h)", "f(f(h))", but=f"{_PIECEWISE} identity"),
    *_one("weights-reversed", _LAST, "    return dW[::-1], db", wide=True),
    *_one("biases-reversed", _LAST, "    return dW, db[::-1]", wide=True),
    *_one(
        "one-entry",
        _LAST,
        "    dW[1][0, 1] *= 3\n    return dW, db",
        "    dW[2][0, 0] = 0.77\n    return dW, db",
        "    db[0][1] += 0.01\n    return dW, db",
    ),
    *_delta("bce-delta-under-mse", "mse", "(p - y)"),
    *_delta("half-squared-error", "mse", "((p - y) * p * (1 - p))"),
    *_delta("half-squared-error", "linear", "(p - y)"),
    *_delta("loss-derivative-as-delta", "bce", "((p - y) / (p * (1 - p)))"),
    *_delta("loss-derivative-as-delta", "softmax", "(-y / p)"),
    *_delta("loss-derivative-as-delta", "mse", "(2 * (p - y))"),
    *_delta("label-missing", "bce softmax", "p"),
    *_delta("label-missing", "mse", "(2 * p * p * (1 - p))"),
    *_delta("label-missing", "linear", "(2 * p)"),
    *_delta("labels-inverted", "bce", "(p - (1 - y))"),
    *_delta("labels-inverted", "mse", "(2 * (p - (1 - y)) * p * (1 - p))"),
    *_delta("absolute-error", "bce softmax linear mse", "np.sign(p - y)"),
    *_delta("absolute-error", "mse bce", "(np.sign(p - y) * p * (1 - p))"),
    *_delta("softmax-diagonal", "softmax", "(-y * (1 - p))"),
    *_delta(
        "squared-error-of-softmax",
        "softmax",
        "np.array([(np.diag(r) - np.outer(r, r)) @ (2 * (r - t)) for r, t in zip(p, y)])",
    ),
    *_delta("sigmoid-outputs", "softmax", "(sigma(h) - y)"),
    *_delta("softmax-outputs", "bce", "(np.exp(h) / np.exp(h).sum(axis=1, keepdims=True) - y)"),
    *_delta("sigmoid-at-linear-output", "linear", "(2 * (sigma(h) - y))"),
    *_delta(
        "sigmoid-at-linear-output", "linear", "(2 * (sigma(h) - y) * sigma(h) * (1 - sigma(h)))"
    ),
    *_delta("output-sigma-prime-kept", "bce softmax", "((p - y) * p * (1 - p))"),
    *_delta("output-sigma-prime-kept", "linear", "(2 * (p - y) * p * (1 - p))"),
    *_delta("output-sigma-prime-kept", "linear", "(2 * (p - y) * sigma(h) * (1 - sigma(h)))"),
)

# Two at once: a factor and a bug, W and b of one layer, or the same layer twice.
_TWICE_AND_NOTHING = "    dW[1] *= 2\n    db[1] *= 0\n    return dW, db"
PAIRS: tuple[Edit, ...] = (
    Edit(
        "half-squared-error sigma-prime-of-activation",
        (("(2 * (p - y) * p * (1 - p))", "((p - y) * p * (1 - p))"),
         (_SLOPE, "slope(Z[i], f(Z[i]))")),
        only="mse",
        but="relu leaky_relu identity",
    ),
    Edit("sum-instead-of-mean output-sigma-prime-kept",
         (("d = (p - y) / N", "d = (p - y) * p * (1 - p)"),), only="bce"),
    Edit("output-sigma-prime-kept bias-averaged",
         (("d = (p - y) / N", "d = (p - y) * p * (1 - p) / N"), (_DB, "d.mean(axis=0)")),
         only="bce"),
    Edit("scaled zero-gradient", ((_LAST, _TWICE_AND_NOTHING),)),
    Edit("sum-instead-of-mean weights-updated-too-early",
         ((" / N\n", "\n"), ("d @ W[i]", "d @ (W[i] - 0.3 * (dW[i] + l2 * W[i]))"))),
    Edit("sign-flipped missing-sigma-prime",
         (("    e = d\n", "    e = d = -d\n"), (_SLOPE, "1")), but="identity"),
    Edit("gradient-transposed scaled",
         ((_LAST, "    dW[1] = 1.3 * dW[1].T\n    return dW, db"),), wide=True),
    Edit("one-minus-activation bias-one-scalar",
         ((_SLOPE, "(1 - Z[i])"), (_DB, "np.sum(d) * np.ones(len(b[i]))"))),
    Edit("input-missing bias-times-bias",
         ((_DB, "d.sum(axis=0) * b[i]"),
          (_DW, "np.repeat(d.sum(axis=0)[:, None], W[i].shape[1], 1)"))),
)  # fmt: skip
