"""How far rounding alone can move a right gradient: a sweep of backprop with absolute values.

With u the unit roundoff, a backward-stable backprop is off by about 4 u K per entry at most, and a
textbook one, which computes 1-z and z-y by subtraction, by 4 u K*. With s = f'(H),

    E_0 = |X|
    e_i = (1+sqrt(n_{i-1})) (|Z_{i-1}||W_i|^T + |b_i|) + E_{i-1}|W_i|^T
    E_i = s_i e_i + own(Z_i)

are the errors of H_i (e) and Z_i (E) in units of u: that of a sum of n terms, whose roundings have
random signs, and what arrives from below. Backwards, m_i bounds |delta_i| and r_i its error; both
start as the loss says (`Loss.start`), and how f' errs is the activation's (`Activation`):

    p   = m_{i+1}|W_{i+1}|
    m_i = p s_i
    r_i = (r_{i+1}|W_{i+1}|) s_i + p s_i (curvature e_i + roundings + sqrt(n_{i+1}))
                                                          [K*: + p textbook_error(Z_i)]
    K_W = (r_i + sqrt(N) m_i)^T |Z_{i-1}| + m_i^T E_{i-1} + l2 |W_i|
    K_b = column sums of r_i + sqrt(N) m_i

The term l2 |W| is the rounding of that product, and of the sum it is added to.

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

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.check.numeric.units import Mask
    from mlpcli.nn.activations import FloatArray
    from mlpcli.nn.network import Forward

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


@np.errstate(all="ignore")  # extreme weights: an infinite bound says that nothing is known
def rounding_bounds(case: Case) -> Bounds:
    """Return the bounds of every entry by one sweep up and one down."""
    f, network, act = case.forward(), case.network, case.network.activation
    N, shares = case.rows, np.abs(case.shares)
    e, E = _errors_upwards(f)
    Q, *K = (network.like(np.empty_like(network.theta)) for _ in range(3))
    c = 3 if case.omega is None else 4
    m, r, cancelled = case.objective.loss.start(f.logits, case.y, shares, e[-1], c)
    errors, q = [r, r + cancelled], np.broadcast_to(2 * shares + 1, m.shape)
    for i in reversed(range(len(network.W))):
        W, Z = np.abs(network.W[i]), np.abs(f.Z[i])
        for bound, r in zip(K, errors, strict=True):
            bracket = r + np.sqrt(N) * m
            penalty = np.abs(case.objective.penalty_gradient(W))
            bound.W[i][:] = bracket.T @ Z + m.T @ E[i] + penalty
            bound.b[i][:] = bracket.sum(axis=0)[: bound.b[i].size]
        Q.W[i][:] = q.T @ Z + m.sum(axis=0)[:, np.newaxis] + N
        Q.b[i][:] = q.sum(axis=0)[: Q.b[i].size] + N
        if i:
            p, s = m @ W, f.slopes[i - 1]
            own = p * s * (act.curvature * e[i - 1] + act.roundings + np.sqrt(len(W)))
            stable, textbook = ((r @ W) * s + own for r in errors)
            errors = [stable, textbook + p * act.textbook_error(f.Z[i])]
            m, q = p * s, (q @ W) * s + p + len(W) * s + 1
    return Bounds(K[0].theta, K[1].theta, Q.theta)


def _errors_upwards(f: Forward) -> tuple[list[FloatArray], list[FloatArray]]:
    """Return e_1 .. e_L and E_0 .. E_{L-1}."""
    network, E = f.network, [np.abs(f.Z[0])]
    e: list[FloatArray] = []
    for i, W in enumerate(network.W):
        if i:
            E.append(f.slopes[i - 1] * e[-1] + network.activation.own_error(f.Z[i]))
        b = network.b[i] if network.bias else np.zeros(len(W))
        bulk = np.abs(f.Z[i]) @ np.abs(W).T + np.abs(b)
        e.append((1 + np.sqrt(W.shape[1])) * bulk + E[-1] @ np.abs(W).T)
    return e, E
