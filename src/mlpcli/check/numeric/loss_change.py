"""The change of the loss between two displaced logits, without subtracting two losses.

For one cell with logit h and label y, and tau+- = tanh(D+- / 2) of the two changes D+ and D- of h:

    softplus(h + D+) - softplus(h + D-)
        = 2 atanh(M (tau+ - tau-) / (1 - (1-M) (tau+ + tau-) - (2M-1) tau+ tau-)),  M = sigma(h)

which follows from softplus(h + D) - softplus(h) = log(1 + M (e^D - 1)), e^D = (1+tau)/(1-tau) and
log(a/b) = 2 atanh((a-b)/(a+b)). It is exact for every D, and as D+ and D- have opposite signs
nothing in it cancels. softplus(-h) is the same with M = sigma(-h) and both tau negated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mlpcli.nn.activations import sigmoid_pair

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.nn.activations import FloatArray

__all__ = ["CrossEntropyChange", "LossChange", "SquaredErrorChange", "loss_change", "shifted"]


class LossChange(Protocol):
    """The change of sum omega l over some rows, for a batch of probes."""

    def between(self, tau: FloatArray, outputs: slice, rows: slice) -> FloatArray:
        """Return the sum over outputs and rows of omega (l(h + D+) - l(h + D-)), one per probe.

        `tau` (outputs, 2, probes, rows) holds tanh(D/2) for D+ and D-.
        """


@dataclass(frozen=True)
class Term:
    """One softplus of every cell, as arrays n_L x N of the letters of the formula above.

    `weight` is 2 omega times the share of this softplus, negated for softplus(-h); `rest` is 1-M,
    negated likewise; `lean` is 2M-1.
    """

    weight: FloatArray
    M: FloatArray
    rest: FloatArray
    lean: FloatArray


@dataclass(frozen=True)
class CrossEntropyChange:
    """l = (1-y) softplus(h) + y softplus(-h): one term where all labels are hard, else two.

    Where `tiny`, every |D| is below 2^-26, and atanh(x) rounds to x.
    """

    terms: tuple[Term, ...]
    tiny: bool

    def between(self, tau: FloatArray, outputs: slice, rows: slice) -> FloatArray:
        """Return the summed change per probe, as LossChange says."""
        plus, minus = tau[:, 0], tau[:, 1]
        gap, total, product = plus - minus, plus + minus, plus * minus
        change = np.zeros(tau.shape[2])
        for term in self.terms:
            x = term.rest[outputs, None, rows] * total
            x += term.lean[outputs, None, rows] * product
            np.subtract(1, x, out=x)
            np.divide(gap, x, out=x)
            x *= term.M[outputs, None, rows]
            change += _sum(x if self.tiny else np.arctanh(x), term.weight[outputs, rows])
        return change


@dataclass(frozen=True)
class SquaredErrorChange:
    """l = (z-y)^2, with dl+ - dl- = (dZ+ - dZ-) (2 (z-y) + dZ+ + dZ-); arrays n_L x N."""

    weight: FloatArray
    error: FloatArray
    s: FloatArray
    lean: FloatArray

    def between(self, tau: FloatArray, outputs: slice, rows: slice) -> FloatArray:
        """Return the summed change per probe, as LossChange says."""
        half = shifted(tau, self.s[outputs, None, None, rows], self.lean[outputs, None, None, rows])
        plus, minus = half[:, 0], half[:, 1]
        x = plus + minus
        x += self.error[outputs, None, rows]
        x *= plus - minus
        return _sum(x, self.weight[outputs, rows])


def shifted(tau: FloatArray, s: FloatArray, lean: FloatArray) -> FloatArray:
    """Return (sigma(h + D) - sigma(h)) / 2, given tau = tanh(D/2).

    s = sigma(h) sigma(-h) and lean = sigma(h) - sigma(-h) = tanh(h/2). The addition theorem of
    tanh gives sigma(h + D) - sigma(h) = 2 s tau / (1 + lean tau).
    """
    bottom = lean * tau
    bottom += 1
    return np.divide(s * tau, bottom, out=bottom)


def loss_change(case: Case, logits: FloatArray, tiny: bool) -> LossChange:
    """Return the change of the case's loss around `logits` (N x n_L).

    `tiny` promises that no logit will change by more than 2^-26.
    """
    z, complement = (np.ascontiguousarray(a.T) for a in sigmoid_pair(logits))
    y = np.ascontiguousarray(case.y.T)
    omega = np.ones_like(y) if case.omega is None else np.ascontiguousarray(case.omega.T)
    if case.kind == "mse":
        error = (1 - y) * z - y * complement
        return SquaredErrorChange(4 * omega, error, z * complement, z - complement)
    up = Term(2 * omega * (1 - y), z, complement, z - complement)
    down = Term(-2 * omega * y, complement, -z, complement - z)
    if not np.isin(y, (0, 1)).all():
        return CrossEntropyChange((up, down), tiny)
    hard = zip(vars(up).values(), vars(down).values(), strict=True)
    return CrossEntropyChange((Term(*(np.where(y == 1, b, a) for a, b in hard)),), tiny)


def _sum(x: FloatArray, weight: FloatArray) -> FloatArray:
    """Sum x (outputs, probes, rows) times weight (outputs, rows) over outputs and rows."""
    summed: FloatArray = np.matmul(x, weight[:, :, None])[:, :, 0].sum(axis=0)
    return summed
