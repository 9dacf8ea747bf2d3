"""The objective by loops over numbers of 200 digits, and its differences: slow, plain and right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath as mp
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlpcli.check.case import Case
    from mlpcli.nn.sigmoid import FloatArray

DIGITS = 200
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sigmoid": lambda h: 1 / (1 + mp.exp(-h)),
    "tanh": mp.tanh,
    "relu": lambda h: max(h, mp.mpf(0)),
    "leaky_relu": lambda h: h if h > 0 else mp.mpf(0.01) * h,
    "identity": lambda h: h,
}


def objective(case: Case, theta: Sequence[Any]) -> Any:
    """Return J of the case at other parameters, as one number of DIGITS digits."""
    total, place, name = mp.mpf(0), 0, case.network.activation.name
    W, b = [], []
    for n, m in zip(case.network.sizes[:-1], case.network.sizes[1:], strict=True):
        W.append([theta[place + j * n : place + (j + 1) * n] for j in range(m)])
        place += m * n
        b.append(theta[place : place + m] if case.network.bias else [mp.mpf(0)] * m)
        place += m if case.network.bias else 0
    for r, row in enumerate(case.X):
        z = [mp.mpf(float(x)) for x in row]
        for i in range(len(W)):
            h = [mp.fdot(w, z) + c for w, c in zip(W[i], b[i], strict=True)]
            z = [(FUNCTIONS[name] if i < len(W) - 1 else FUNCTIONS["sigmoid"])(x) for x in h]
        for k, x in enumerate(h):
            y = mp.mpf(float(case.y[r, k]))
            bce = (1 - y) * mp.log(1 + mp.exp(x)) + y * mp.log(1 + mp.exp(-x))
            loss = bce if case.objective.loss.name == "bce" else (z[k] - y) ** 2
            total += loss * (1 if case.omega is None else mp.mpf(float(case.omega[r, k])))
    squares = mp.fsum(w * w for layer in W for row in layer for w in row)
    return total / len(case.X) + mp.mpf(case.objective.l2) / 2 * squares


def differences(case: Case, steps: FloatArray) -> FloatArray:
    """Return (J(theta + h e) - J(theta - h e)) / 2h for each entry of theta and its own h."""
    with mp.workdps(DIGITS):
        theta = [mp.mpf(float(t)) for t in case.network.theta]
        slopes = []
        for p, step in enumerate(steps):
            h = mp.mpf(float(step))
            up, down = (
                objective(case, [*theta[:p], theta[p] + sign * h, *theta[p + 1 :]])
                for sign in (1, -1)
            )
            slopes.append(float((up - down) / (2 * h)))
    return np.array(slopes)


def derivatives(case: Case) -> FloatArray:
    """Return dJ/dtheta to all digits of a double: h = 1e-25 leaves 1e-40 of truncation."""
    return differences(case, np.full(case.network.theta.size, 1e-25))
