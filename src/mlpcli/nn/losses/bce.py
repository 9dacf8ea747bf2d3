"""The binary cross-entropy, l = (1-y) softplus(h) + y softplus(-h), its derivative in five forms.

-y log p - (1-y) log(1-p) has one true derivative with respect to h, p - y, and five ways in use to
compute it. `BCE_FORMS` holds all of them, since comparing them is what this package is for; only
`stable` keeps its relative precision everywhere. p stands for 1 / (1 + exp(-h)) computed in the
dtype of h, the way a textbook does.

The change between two displaced logits subtracts no losses. With tau+- = tanh(D+- / 2):

    softplus(h + D+) - softplus(h + D-)
        = 2 atanh(M (tau+ - tau-) / (1 - (1-M) (tau+ + tau-) - (2M-1) tau+ tau-)),  M = sigma(h)

which follows from softplus(h + D) - softplus(h) = log(1 + M (e^D - 1)), e^D = (1+tau)/(1-tau) and
log(a/b) = 2 atanh((a-b)/(a+b)). It is exact for every D, and as D+ and D- have opposite signs
nothing in it cancels. softplus(-h) is the same with M = sigma(-h) and both tau negated.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.losses.libraries import LIBRARY_FORMS
from mlpcli.nn.losses.loss import Form, Loss, Start, residual, weighted_sum
from mlpcli.nn.sigmoid import FloatArray, probability, sigmoid, sigmoid_pair, softplus
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from mlpcli.nn.sigmoid import Numbers

__all__ = ["BCE_FORMS", "Bce"]


def _naive_value(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    p = probability(h)
    return -y * np.log(p) - (1 - y) * np.log(1 - p)


def _naive_derivative(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    p = probability(h)
    return (p - y) / (p * (1 - p)) * (p * (1 - p))


def _epsilon_value(h: FloatArray, y: FloatArray, epsilon: float) -> FloatArray:
    p = probability(h)
    value: FloatArray = -y * np.log(p + epsilon) - (1 - y) * np.log(1 - p + epsilon)
    return value


def _epsilon_derivative(h: FloatArray, y: FloatArray, epsilon: float) -> FloatArray:
    p = probability(h)
    return (p - y) / (p * (1 - p) + epsilon) * (p * (1 - p))


def _clamped_value(h: FloatArray, y: FloatArray, epsilon: float) -> FloatArray:
    q = np.clip(probability(h), epsilon, 1 - epsilon)
    return -y * np.log(q) - (1 - y) * np.log(1 - q)


def _clamped_derivative(h: FloatArray, y: FloatArray, epsilon: float) -> FloatArray:
    p = probability(h)
    q = np.clip(p, epsilon, 1 - epsilon)
    return (q - y) / (q * (1 - q)) * (p * (1 - p))


def _value(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    return (1 - y) * softplus(h) + y * softplus(-h)


def _fused_derivative(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    return probability(h) - y


def _stable_derivative(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    return residual(h, y)


BCE_FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form("naive", _naive_value, _naive_derivative),
        Form("epsilon", _epsilon_value, _epsilon_derivative),
        Form("clamped", _clamped_value, _clamped_derivative),
        Form("fused", _value, _fused_derivative),
        Form("stable", _value, _stable_derivative),
    )
}


def _log_plus_epsilon(h: FloatArray, y: FloatArray, epsilon: float) -> FloatArray:
    """Differentiate -y log(p + epsilon) - (1-y) log(1 - p + epsilon)."""
    p = probability(h)
    return ((1 - y) / (1 - p + epsilon) - y / (p + epsilon)) * (p * (1 - p))


def _clipped(h: FloatArray, y: FloatArray, epsilon: float) -> FloatArray:
    """Return z - y where p lies in [epsilon, 1-epsilon], else 0, as a clipped loss has it."""
    p = probability(h)
    return np.where((p < epsilon) | (p > 1 - epsilon), 0.0, residual(h, y))


_WILD = {
    "epsilon-loss": Form("epsilon-loss", _epsilon_value, _log_plus_epsilon),
    "clamped-loss": Form("clamped-loss", _clamped_value, _clipped),
}


class Bce(Loss):
    """Binary cross-entropy of a sigmoid output, each output by itself."""

    name = "bce"
    called = "binary cross-entropy"
    letters = "-(y log z + (1-y) log(1-z))"
    forms = BCE_FORMS
    truth = BCE_FORMS["stable"]
    wild = MappingProxyType({**LIBRARY_FORMS, **_WILD})
    libraries = LIBRARY_FORMS
    canonical = True
    in_numpy = ("return 1 / (1 + np.exp(-h))", "z - y")

    def value_of_any(self, h: Numbers, y: FloatArray) -> Numbers:
        """Return l(h, y); the imaginary part is right to its last digits, as the check needs it."""
        right = h.real >= 0  # softplus(+-h) = max(+-h, 0) + log1p(exp(-abs(h)))
        e = np.exp(np.where(right, -h, h))
        value: Numbers = np.where(right, 1 - y, -y) * h + np.log1p(e)
        return value

    def textbook(self, h: FloatArray, y: FloatArray) -> FloatArray:
        """Return z - y."""
        difference: FloatArray = sigmoid(h) - y
        return difference

    def taylor(self, h: FloatArray, y: FloatArray) -> tuple[FloatArray, ...]:
        """Return (1-y) z - y (1-z), s/2 and s (1-2z)/6, where s = z (1-z)."""
        z, complement = sigmoid_pair(h)
        s = z * complement
        return (1 - y) * z - y * complement, s / 2, s * (complement - z) / 6

    def change(self, h: FloatArray, y: FloatArray, omega: FloatArray) -> BceChange:
        """Return the change, in one term where all labels are hard, else in two."""
        z, complement = (np.ascontiguousarray(a.T) for a in sigmoid_pair(h))
        y, omega = np.ascontiguousarray(y.T), np.ascontiguousarray(omega.T)
        up = _Term(2 * omega * (1 - y), z, complement, z - complement)
        down = _Term(-2 * omega * y, complement, -z, complement - z)
        if not np.isin(y, (0, 1)).all():
            return BceChange((up, down))
        hard = zip(vars(up).values(), vars(down).values(), strict=True)
        return BceChange((_Term(*(np.where(y == 1, b, a) for a, b in hard)),))

    def start(
        self, h: FloatArray, y: FloatArray, omega: FloatArray, e: FloatArray, c: float
    ) -> Start:
        """Return m = omega a with a = (1-y) sigma(h) + y sigma(-h), r = c m + omega s e."""
        z, complement = sigmoid_pair(h)
        m = omega * ((1 - y) * z + y * complement)
        return Start(m, c * m + omega * (z * complement) * e, omega * (z + y))


@dataclass(frozen=True)
class _Term:
    """One softplus of every cell, as arrays n_L x N of the letters of the formula above.

    `weight` is 2 omega times the share of this softplus, negated for softplus(-h); `rest` is 1-M,
    negated likewise; `lean` is 2M-1.
    """

    weight: FloatArray
    M: FloatArray
    rest: FloatArray
    lean: FloatArray


@dataclass(frozen=True)
class BceChange:
    """One term or two, whose changes are added."""

    terms: tuple[_Term, ...]

    def between(self, half: FloatArray, outputs: slice, rows: slice) -> FloatArray:
        """Return the summed change per probe, as `Change` says."""
        tau = np.tanh(half)
        plus, minus = tau[:, 0], tau[:, 1]
        gap, total, product = plus - minus, plus + minus, plus * minus
        change = np.zeros(tau.shape[2])
        for term in self.terms:
            x = term.rest[outputs, None, rows] * total
            x += term.lean[outputs, None, rows] * product
            np.subtract(1, x, out=x)
            np.divide(gap, x, out=x)
            x *= term.M[outputs, None, rows]
            weight = term.weight[outputs, rows]
            change += weighted_sum(np.arctanh(x), weight)
        return change
