"""How far rounding alone can move a right gradient: a sweep of backprop with absolute values.

With u the unit roundoff, a backward-stable backprop is off by about 4 u K per entry at most, and a
textbook one, which computes 1-z and z-y by subtraction, by 4 u K*. With s = sigma(H) sigma(-H),

    E_0 = |X|
    e_i = (1+sqrt(n_{i-1})) (|Z_{i-1}||W_i|^T + |b_i|) + E_{i-1}|W_i|^T
    E_i = s_i e_i + Z_i

are the errors of H_i (e) and Z_i (E) in units of u: that of a sum of n terms, whose roundings have
random signs, and what arrives from below. Backwards, m_i bounds |delta_i| and r_i its error:

    p   = m_{i+1}|W_{i+1}|
    m_i = p s_i
    r_i = (r_{i+1}|W_{i+1}|) s_i + p s_i (e_i + 3 + sqrt(n_{i+1}))   [K*: + p Z_i, from z (1-z)]
    K_W = (r_i + sqrt(N) m_i)^T |Z_{i-1}| + m_i^T E_{i-1} + l2 |W_i|
    K_b = column sums of r_i + sqrt(N) m_i

The start, with a = (1-y) sigma(h) + y sigma(-h), which is |z-y| with its terms taken absolutely:

    bce   m_L = omega a / N
          r_L = c m_L + omega s_L e_L / N                            [K*: + omega (Z_L+y) / N]
    mse   m_L = 2 omega a s_L / N
          r_L = (c+3) m_L + 2 omega s_L (s_L + a) e_L / N
                                                 [K*: + 2 omega (s_L (Z_L+y) + a Z_L) / N]

c counts the roundings of a product: 3, and 4 with weights. The mse rows follow the bce rows:
delta_L = 2 omega (z-y) s / N has one more factor, s, with 3 roundings; |d/dh (z-y) s| =
|s^2 + (z-y) s (1-2z)| <= s (s+a) carries the error of H; a textbook gets z-y wrong by u (Z+y) and
s = z (1-z) by u Z. The term l2 |W| is the rounding of that product, and of the sum it is added to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.activations import sigmoid_pair

if TYPE_CHECKING:
    from mlpcli.gradients.case import Case
    from mlpcli.nn.activations import FloatArray

__all__ = ["Bounds", "rounding_bounds"]


@dataclass(frozen=True)
class Bounds:
    """K and K* over theta; times 4u they bound the rounding of a stable and a textbook backprop."""

    K: FloatArray
    K_textbook: FloatArray


@dataclass(frozen=True)
class _Sweep:
    """Index i holds layer i+1 for s, e, Z_out; layer i (its inputs) for Z and E; all N x n."""

    Z: list[FloatArray]
    E: list[FloatArray]
    s: list[FloatArray]
    e: list[FloatArray]
    complement: FloatArray


def rounding_bounds(case: Case) -> Bounds:
    """Return both bounds for every entry, float64, over theta."""
    with np.errstate(all="ignore"):  # extreme weights: an infinite bound says that nothing is known
        up = _forward(case)
        return Bounds(_backward(case, up, False), _backward(case, up, True))


def _forward(case: Case) -> _Sweep:
    Z, E = [case.X], [np.abs(case.X)]
    s: list[FloatArray] = []
    e: list[FloatArray] = []
    complement = case.X
    for i, W in enumerate(case.network.W):
        b = case.network.b[i] if case.network.bias else np.zeros(len(W))
        bulk = np.abs(Z[-1]) @ np.abs(W).T + np.abs(b)
        e.append((1 + np.sqrt(W.shape[1])) * bulk + E[-1] @ np.abs(W).T)
        z, complement = sigmoid_pair(Z[-1] @ W.T + b)
        s.append(z * complement)
        E.append(s[-1] * e[-1] + z)
        Z.append(z)
    return _Sweep(Z, E, s, e, complement)


def _start(case: Case, up: _Sweep, textbook: bool) -> tuple[FloatArray, FloatArray]:
    """Return m_L and r_L."""
    y, z, s, e = case.y, up.Z[-1], up.s[-1], up.e[-1]
    omega = (1.0 if case.omega is None else np.abs(case.omega)) / len(y)
    c = 3 if case.omega is None else 4
    a = (1 - y) * z + y * up.complement
    if case.kind == "bce":
        m = omega * a
        return m, c * m + omega * (s * e + textbook * (z + y))
    m = 2 * omega * a * s
    return m, (c + 3) * m + 2 * omega * (s * (s + a) * e + textbook * (s * (z + y) + a * z))


def _backward(case: Case, up: _Sweep, textbook: bool) -> FloatArray:
    network = case.network
    bound = network.like(np.empty_like(network.theta))
    m, r = _start(case, up, textbook)
    for i in reversed(range(len(network.W))):
        W = np.abs(network.W[i])
        bracket = r + np.sqrt(len(m)) * m
        bound.W[i][:] = bracket.T @ np.abs(up.Z[i]) + m.T @ up.E[i] + case.l2 * W
        bound.b[i][:] = bracket.sum(axis=0)[: bound.b[i].size]
        if i:
            p, s = m @ W, up.s[i - 1]
            r = (r @ W) * s + p * s * (up.e[i - 1] + 3 + np.sqrt(len(W))) + textbook * p * up.Z[i]
            m = p * s
    return bound.theta
