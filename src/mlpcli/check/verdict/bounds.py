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

At a kink of f rounding may choose the branch. Where |H| <= 4 u e a cell is near one: it takes the
steepest slope in K, and the jump of f' there may move a right gradient by G,

    g_i = (g_{i+1}|W_{i+1}|) s_i + p jump [near]        G_W = g_i^T |Z_{i-1}|, G_b = column sums

Underflow is an error of its own: with t the smallest normal number (1e-308 in float64, 1e-38 in
float32), whatever is smaller may be flushed to 0, or kept at t, as our own sigma does in its tail.
q_i counts these errors of delta_i in units of t: one of each sigma, product and sum.

    q_L = 2 omega / N + 1        q_i = (q_{i+1}|W_{i+1}|) s_i + p + n_{i+1} s_i + 1
    Q_W = q_i^T |Z_{i-1}| + column sums of m_i + N        Q_b = column sums of q_i, + N
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.verdict.precision import SMALLEST_NORMAL, UNIT_ROUNDOFF
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.check.case import Case
    from mlpcli.check.numeric.units import Mask
    from mlpcli.nn.network import Forward, Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Bounds", "near_kinks", "rounding_bounds"]


# A right float32 pass is off by up to so many times (1 + sqrt(N)) of what another is; observed over
# 1,500 tensors of 37 kinds of network, rows added up one by one: 0.7.
_ASTRAY = 4


@dataclass(frozen=True)
class Bounds:
    """K, K*, Q and G over theta, float64; a bound that is inf says that nothing is known."""

    K: FloatArray
    K_textbook: FloatArray
    Q: FloatArray
    G: FloatArray | float = 0.0

    def stable(self, single: Mask) -> FloatArray:
        """Return 4 (u K + t Q): what rounding can do to a stable backprop, float32 if `single`."""
        return self._reach(self.K, single)

    def textbook(self, single: Mask) -> FloatArray:
        """Return 4 (u K* + t Q) + G: what rounding can do to a textbook backprop."""
        return self._reach(self.K_textbook, single) + self.G

    def as_tried(self, right: Parameters, tried: Sequence[Parameters], rows: int) -> Bounds:
        """Return float32 bounds no wider than what float32 passes were seen to be off by.

        `tried` are right passes, `right` is exact. Of a tensor none of them is off by more than a
        few units of its largest entry where K allows a hundred; others, that add up the N rows one
        by one, by up to six times as much. Where K drowns an entry it stays: errors that large are
        not alike from one pass to the next.
        """
        u, B = UNIT_ROUNDOFF[True], np.abs(right.theta)
        seen = right.like(np.zeros_like(right.theta))
        for passes in (each.tensors() for each in tried):
            for (_, b), (_, a), (_, most) in zip(
                right.tensors(), passes, seen.tensors(), strict=True
            ):
                off = np.abs(a - b).max(initial=0.0) + u * np.abs(b).max(initial=0.0)
                most[:] = np.fmax(most, off)
        K = _ASTRAY * (1 + np.sqrt(rows)) * seen.theta / (4 * u)
        told = 4 * u * self.K_textbook <= B / 10
        K, textbook = (np.where(told, np.fmin(k, K), k) for k in (self.K, self.K_textbook))
        return replace(self, K=K, K_textbook=textbook)

    def beyond(self, start: int) -> Bounds:
        """Return the bounds of theta[start:]."""
        G = self.G if isinstance(self.G, float) else self.G[start:]
        return Bounds(self.K[start:], self.K_textbook[start:], self.Q[start:], G)

    def _reach(self, K: FloatArray, single: Mask) -> FloatArray:
        u, t = (np.where(single, a[True], a[False]) for a in (UNIT_ROUNDOFF, SMALLEST_NORMAL))
        with np.errstate(all="ignore"):
            reach: FloatArray = 4 * (u * K + t * self.Q)
        return reach


@np.errstate(all="ignore")  # extreme weights: an infinite bound says that nothing is known
def rounding_bounds(case: Case, *, single: bool = False) -> Bounds:
    """Return the bounds of every entry by one sweep up and one down.

    `single` says that the gradient was computed in float32, by which more cells are near a kink.
    """
    f, network, act = case.forward(), case.network, case.network.activation
    N, shares = case.rows, np.abs(case.shares)
    e, E, s, near = _errors_upwards(f, UNIT_ROUNDOFF[single])
    Q, G, *K = (network.like(np.empty_like(network.theta)) for _ in range(4))
    c = 3 if case.omega is None else 4
    m, r, cancelled = case.objective.loss.start(f.logits, case.y, shares, e[-1], c)
    errors, q, g = [r, r + cancelled], np.broadcast_to(2 * shares + 1, m.shape), np.zeros_like(m)
    for i in reversed(range(len(network.W))):
        W, Z = np.abs(network.W[i]), np.abs(f.Z[i])
        for bound, r in zip(K, errors, strict=True):
            bracket = r + np.sqrt(N) * m
            penalty = np.abs(case.objective.penalty_gradient(W))
            _fill(bound, i, bracket.T @ Z + m.T @ E[i] + penalty, bracket.sum(axis=0))
        _fill(Q, i, q.T @ Z + m.sum(axis=0)[:, np.newaxis] + N, q.sum(axis=0) + N)
        _fill(G, i, g.T @ Z, g.sum(axis=0))
        if i:
            p, own = m @ W, s[i - 1]
            made = p * own * (act.curvature * e[i - 1] + act.roundings + np.sqrt(len(W)))
            stable, textbook = ((r @ W) * own + made for r in errors)
            errors = [stable, textbook + p * act.textbook_error(f.Z[i])]
            g = (g @ W) * own + p * act.jump * near[i - 1]
            m, q = p * own, (q @ W) * own + p + len(W) * own + 1
    return Bounds(K[0].theta, K[1].theta, Q.theta, G.theta)


@np.errstate(all="ignore")
def near_kinks(case: Case, *, single: bool = False) -> list[tuple[int, int, int]]:
    """Return layer, row and unit of each cell whose H may round to the other side of a kink."""
    *_, near = _errors_upwards(case.forward(), UNIT_ROUNDOFF[single])
    return [
        (layer, int(row), int(unit))
        for layer, cells in enumerate(near, start=1)
        for row, unit in np.argwhere(cells)
    ]


def _fill(bound: Parameters, i: int, W: FloatArray, b: FloatArray) -> None:
    bound.W[i][:] = W
    bound.b[i][:] = b[: bound.b[i].size]


def _errors_upwards(
    f: Forward, u: float
) -> tuple[list[FloatArray], list[FloatArray], list[FloatArray], list[Mask]]:
    """Return e_1 .. e_L, E_0 .. E_{L-1}, the slopes s_1 .. s_{L-1}, and which cells are near."""
    network, act, E = f.network, f.network.activation, [np.abs(f.Z[0])]
    e: list[FloatArray] = []
    s: list[FloatArray] = []
    near: list[Mask] = []
    for i, W in enumerate(network.W):
        if i:
            near.append((np.abs(f.H[i - 1]) <= 4 * u * e[-1]) & (e[-1] > 0) & (act.jump > 0))
            s.append(np.where(near[-1], act.steepest, f.slopes[i - 1]))
            E.append(s[-1] * e[-1] + act.own_error(f.Z[i]))
        b = network.b[i] if network.bias else np.zeros(len(W))
        bulk = np.abs(f.Z[i]) @ np.abs(W).T + np.abs(b)
        e.append((1 + np.sqrt(W.shape[1])) * bulk + E[-1] @ np.abs(W).T)
    return e, E, s, near
