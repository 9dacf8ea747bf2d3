"""The bounds of rounding, entry by entry, against the formulas written down row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

from mlpcli.check.case import Case, case_from
from mlpcli.check.verdict.bounds import Bounds, near_kinks, rounding_bounds
from mlpcli.nn.activations import ACTIVATIONS, activation_by
from mlpcli.nn.losses import LOSSES, OTHER_OUTPUTS
from mlpcli.nn.network import Network

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.nn.sigmoid import FloatArray

BELOW = 0.25  # the slope of leaky_relu below 0
U = {False: 2.0**-53, True: 2.0**-24}


def sigma(h: FloatArray) -> FloatArray:
    return 1 / (1 + np.exp(-h))


class Errors(NamedTuple):
    """A row of the table of activations: f, f', and how far rounding moves them, in units of u."""

    value: Callable[[FloatArray], FloatArray]
    slope: Callable[[FloatArray], FloatArray]
    kappa: float
    rho: float
    own: Callable[[FloatArray], FloatArray]
    twin: Callable[[FloatArray], FloatArray]  # what the slope as people write it adds
    steepest: float = 1.0
    jump: float = 0.0


TABLE = {
    "sigmoid": Errors(sigma, lambda h: sigma(h) * sigma(-h), 1, 3, np.abs, np.abs, 1 / 4),
    "tanh": Errors(np.tanh, lambda h: np.cosh(h) ** -2, 2, 3, np.abs, lambda z: 3 * z**2),
    "relu": Errors(
        lambda h: h * (h > 0), lambda h: 1.0 * (h > 0), 0, 2, np.zeros_like, np.zeros_like, jump=1
    ),
    "leaky_relu": Errors(
        lambda h: np.where(h > 0, h, BELOW * h), lambda h: np.where(h > 0, 1, BELOW),
        0, 2, np.abs, np.zeros_like, jump=1 - BELOW,
    ),
    "identity": Errors(np.copy, np.ones_like, 0, 1, np.zeros_like, np.zeros_like),
}  # fmt: skip


def start(case: Case, w: FloatArray, h: FloatArray, y: FloatArray, e: FloatArray) -> Any:
    """Return m_L, r_L and what K* adds in one row, w being its weights over N."""
    loss, c = case.objective.loss, 3 if case.omega is None else 4  # a weight is one product more
    z, s = sigma(h), sigma(h) * sigma(-h)
    a = (1 - y) * z + y * sigma(-h)
    if loss.name == "bce":
        return w * a, c * w * a + w * s * e, w * (z + y)
    if loss.name == "cross_entropy":
        p, K = np.exp(h) / np.exp(h).sum(), len(h)
        q = np.array([sum(p[j] for j in range(K) if j != k) for k in range(K)])
        others = np.array([sum(p[j] * e[j] for j in range(K) if j != k) for k in range(K)])
        m = w * ((1 - y) * p + y * q)
        return m, (c + K**0.5) * m + w * p * (q * e + others), w * (p + y)
    if loss.output == "identity":
        m = 2 * w * abs(h - y)
        return m, c * m + 2 * w * (e + abs(y)), 0 * m
    m = 2 * w * a * s  # s is one factor more, of 3 roundings; |d/dh (z-y) s| <= s (s + a)
    return m, (c + 3) * m + 2 * w * s * (s + a) * e, 2 * w * (s * (z + y) + a * z)


def reference(case: Case, u: float) -> tuple[Bounds, list[tuple[int, int, int]]]:
    """Return the bounds, and which cells are near a kink for the unit roundoff u."""
    network, f, N = case.network, TABLE[case.network.activation.name], case.rows
    W, last = network.W, len(network.W) - 1
    K, twins, Q, G = (network.like(np.zeros_like(network.theta)) for _ in range(4))
    kinks = []
    for row in range(N):
        Z, E, e, s, near = [case.X[row]], [abs(case.X[row])], [], [], []
        for i in range(last + 1):
            b = network.b[i] if network.bias else np.zeros(len(W[i]))
            h = W[i] @ Z[i] + b
            sums = (1 + len(Z[i]) ** 0.5) * (abs(W[i]) @ abs(Z[i]) + abs(b))
            e.append(sums + abs(W[i]) @ E[i])
            if i < last:
                near.append((abs(h) <= 4 * u * e[i]) & (e[i] > 0) & (f.jump > 0))
                kinks += [(i + 1, row, int(k)) for k in np.flatnonzero(near[i])]
                s.append(np.where(near[i], f.steepest, f.slope(h)))
                Z.append(f.value(h))
                E.append(s[i] * e[i] + f.own(Z[-1]))
        omega = np.ones(len(h)) * (1 if case.omega is None else case.omega[row])
        J = case.objective
        w = abs(omega * J.factor) / (1 if J.reduction == "sum" else N)
        m, r, cancelled = start(case, w, h, case.y[row], e[last])
        r_twin, q, g = r + cancelled, 2 * w + 1, 0 * m
        for i in reversed(range(last + 1)):
            for bound, error in ((K, r), (twins, r_twin)):
                bound.W[i][:] += np.outer(error + N**0.5 * m, abs(Z[i])) + np.outer(m, E[i])
                bound.b[i][:] += (error + N**0.5 * m)[: bound.b[i].size]
            Q.W[i][:] += np.outer(q, abs(Z[i])) + m[:, None] + 1
            Q.b[i][:] += (q + 1)[: Q.b[i].size]
            G.W[i][:] += np.outer(g, abs(Z[i]))
            G.b[i][:] += g[: G.b[i].size]
            if i:
                p, n, slope = m @ abs(W[i]), len(W[i]), s[i - 1]
                made = p * slope * (f.kappa * e[i - 1] + f.rho + n**0.5)
                r = (r @ abs(W[i])) * slope + made
                r_twin = (r_twin @ abs(W[i])) * slope + made + p * f.twin(Z[i])
                q = (q @ abs(W[i])) * slope + p + n * slope + 1
                g = (g @ abs(W[i])) * slope + p * f.jump * near[i - 1]
                m = p * slope
    for i in range(last + 1):
        for bound in (K, twins):
            bound.W[i][:] += case.objective.l2 * abs(W[i])
    return Bounds(K.theta, twins.theta, Q.theta, G.theta), sorted(kinks)


def drawn(
    activation: str, loss: str, output: str, *, bias: bool, whole: bool, weighted: bool
) -> Case:
    """A case of two hidden layers; `whole` numbers meet at kinks, three rows in float32 alone."""
    rng, sizes = np.random.default_rng(8), (3, 4, 5, 3)
    theta = rng.standard_normal(Network.count(sizes, bias))
    X, y = rng.standard_normal((6, 3)), rng.uniform(size=(6, 3))
    if whole:
        theta, X = np.round(theta), np.round(X) + 1e-7 * np.outer(np.arange(6) % 2, [1, 2, 3])
    if loss == "cross_entropy":
        y = y / y.sum(axis=1, keepdims=True)
    columns = 1 if loss == "cross_entropy" else 3
    omega = rng.uniform(0.2, 2, (6, columns)) if weighted else None
    network = Network(sizes, bias, theta, activation_by(activation, BELOW))
    return case_from(
        network, X, y, omega=omega, loss=loss, output=output, l2=0.3 * bias,
        reduction="sum" if weighted else "mean", factor=-0.5 if weighted else 1.0,
    )  # fmt: skip


KINDS = [*((loss.name, loss.output) for loss in LOSSES.values()), *OTHER_OUTPUTS]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(("loss", "output"), KINDS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_bound_is_what_the_formulas_say(
    activation: str, loss: str, output: str, whole: bool, weighted: bool
) -> None:
    case = drawn(activation, loss, output, bias=not weighted, whole=whole, weighted=weighted)
    counts = []
    for single, u in U.items():
        expected, kinks = reference(case, u)
        bounds = rounding_bounds(case, single=single)
        for name in ("K", "K_textbook", "Q", "G"):
            np.testing.assert_allclose(getattr(bounds, name), getattr(expected, name), rtol=1e-12)
        assert sorted(near_kinks(case, single=single)) == kinks
        assert np.any(bounds.G) == bool(kinks)
        counts.append(len(kinks))
    assert (0 < counts[0] < counts[1]) == (whole and TABLE[activation].jump > 0)
