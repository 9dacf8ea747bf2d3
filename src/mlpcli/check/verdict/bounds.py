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

Underflow is an error of its own: with t the smallest normal number (1e-308 in float64, 1e-38 in
float32), whatever is smaller may be flushed to 0, or kept at t, as our own sigma does in its tail.
q_i counts these errors of delta_i in units of t: one of each sigma, product and sum.

    q_L = 2 omega / N + 1        q_i = (q_{i+1}|W_{i+1}|) s_i + p + n_{i+1} s_i + 1
    Q_W = q_i^T |Z_{i-1}| + column sums of m_i + N        Q_b = column sums of q_i, + N
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.verdict.precision import SMALLEST_NORMAL, UNIT_ROUNDOFF
from mlpcli.nn.activations import sigmoid_pair

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.check.numeric.units import Mask
    from mlpcli.nn.activations import FloatArray

__all__ = ["Bounds", "rounding_bounds"]


@dataclass(frozen=True)
class Bounds:
    """K, K* and Q over theta, float64; a bound that is inf says that nothing is known."""

    K: FloatArray
    K_textbook: FloatArray
    Q: FloatArray

    def stable(self, single: Mask) -> FloatArray:
        """Return 4 (u K + t Q): what rounding can do to a stable backprop, float32 if `single`."""
        return self._reach(self.K, single)

    def textbook(self, single: Mask) -> FloatArray:
        """Return 4 (u K* + t Q): what rounding can do to a textbook backprop."""
        return self._reach(self.K_textbook, single)

    def _reach(self, K: FloatArray, single: Mask) -> FloatArray:
        u, t = (np.where(single, a[True], a[False]) for a in (UNIT_ROUNDOFF, SMALLEST_NORMAL))
        with np.errstate(all="ignore"):
            reach: FloatArray = 4 * (u * K + t * self.Q)
        return reach


@dataclass(frozen=True)
class _Sweep:
    """Index i holds layer i+1 for s, e, Z_out; layer i (its inputs) for Z and E; all N x n."""

    Z: list[FloatArray]
    E: list[FloatArray]
    s: list[FloatArray]
    e: list[FloatArray]
    complement: FloatArray


@np.errstate(all="ignore")  # extreme weights: an infinite bound says that nothing is known
def rounding_bounds(case: Case) -> Bounds:
    """Return the bounds of every entry by one sweep up and one down."""
    up, network = _forward(case), case.network
    N, Q = len(case.X), network.like(np.empty_like(network.theta))
    K = [network.like(np.empty_like(network.theta)) for _ in range(2)]
    m, errors, q = _start(case, up)
    for i in reversed(range(len(network.W))):
        W, Z = np.abs(network.W[i]), np.abs(up.Z[i])
        for bound, r in zip(K, errors, strict=True):
            bracket = r + np.sqrt(N) * m
            bound.W[i][:] = bracket.T @ Z + m.T @ up.E[i] + case.l2 * W
            bound.b[i][:] = bracket.sum(axis=0)[: bound.b[i].size]
        Q.W[i][:] = q.T @ Z + m.sum(axis=0)[:, np.newaxis] + N
        Q.b[i][:] = q.sum(axis=0)[: Q.b[i].size] + N
        if i:
            p, s = m @ W, up.s[i - 1]
            own = p * s * (up.e[i - 1] + 3 + np.sqrt(len(W)))
            errors = [(errors[0] @ W) * s + own, (errors[1] @ W) * s + own + p * up.Z[i]]
            m, q = p * s, (q @ W) * s + p + len(W) * s + 1
    return Bounds(K[0].theta, K[1].theta, Q.theta)


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


def _start(case: Case, up: _Sweep) -> tuple[FloatArray, list[FloatArray], FloatArray]:
    """Return m_L, both r_L, and q_L."""
    y, z, s, e = case.y, up.Z[-1], up.s[-1], up.e[-1]
    omega = (np.ones_like(y) if case.omega is None else np.abs(case.omega)) / len(y)
    c = 3 if case.omega is None else 4
    a = (1 - y) * z + y * up.complement
    if case.kind == "bce":
        m = omega * a
        own, cancelled = c * m + omega * s * e, omega * (z + y)
    else:
        m = 2 * omega * a * s
        own = (c + 3) * m + 2 * omega * s * (s + a) * e
        cancelled = 2 * omega * (s * (z + y) + a * z)
    return m, [own, own + cancelled], 2 * omega + 1
