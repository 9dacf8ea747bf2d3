"""Cross-entropy of a softmax output, l = sum_c y_c lse(h - h_c), and its derivative in five forms.

One row is one choice among K labels: y (N x K) sums to 1 in each row, and every output reads all
logits of its row. lse(h - h_c) is not computed as lse(h) - h_c, which rounds by u |h|: with a the
largest logit it is (h_a - h_c) + log1p(sum_{k != a} exp(h_k - h_a)), right in both tails.

The change between displaced logits subtracts no losses:

    l(h + D) - l(h) = sum_c y_c log1p(sum_{k != c} p_k expm1(D_k - D_c))
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.nn.losses.loss import Form, Loss, Start
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.nn.cubic import Cubic
    from mlpcli.nn.sigmoid import FloatArray, Numbers

__all__ = ["CrossEntropy", "softmax", "softmax_pair"]


def _exponentials(h: FloatArray) -> tuple[FloatArray, NDArray[np.intp]]:
    """Return exp(h - max) and, per row, the index of the largest logit (N x 1)."""
    largest = h.argmax(axis=-1, keepdims=True)
    return np.exp(h - np.take_along_axis(h, largest, -1)), largest


def softmax(h: FloatArray) -> FloatArray:
    """Return p (N x K), rows of which sum to 1."""
    e, _ = _exponentials(h)
    p: FloatArray = e / e.sum(axis=-1, keepdims=True)
    return p


def softmax_pair(h: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return p and q = 1 - p (N x K), both to full relative precision.

    q is the sum of the other p: where p is the largest of its row, the sum without it, never 1 - p.
    """
    e, largest = _exponentials(h)
    total = e.sum(axis=-1, keepdims=True)
    others = e.copy()
    np.put_along_axis(others, largest, 0, -1)
    q = total - e
    np.put_along_axis(q, largest, others.sum(axis=-1, keepdims=True), -1)
    return e / total, q / total


def _log_odds(h: FloatArray) -> FloatArray:
    """Return log(p/(1-p)) = h_c - lse(the others) (N x K), finite for every finite logit."""
    e, largest = _exponentials(h)
    with np.errstate(divide="ignore"):  # of the largest, which is replaced
        rest = np.take_along_axis(h, largest, -1) + np.log(e.sum(axis=-1, keepdims=True) - e)
    others = h.copy()
    np.put_along_axis(others, largest, -np.inf, -1)
    second = others.max(axis=-1, keepdims=True)
    of_largest = second + np.log(np.exp(others - second).sum(axis=-1, keepdims=True))
    np.put_along_axis(rest, largest, of_largest, -1)
    odds: FloatArray = h - rest
    return odds


def _each(h: Any, y: FloatArray) -> Any:
    """Return y_c lse(h - h_c), one per element, of real or complex logits (.. x K)."""
    largest = h.real.argmax(axis=-1, keepdims=True)
    top = np.take_along_axis(h, largest, -1)
    others = np.exp(h - top)
    np.put_along_axis(others, largest, 0, -1)
    return y * ((top - h) + np.log1p(others.sum(axis=-1, keepdims=True)))


def _value(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    value: FloatArray = _each(h, y)
    return value


def _stable_derivative(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    p, q = softmax_pair(h)
    return (1 - y) * p - y * q


def _fused_derivative(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    return softmax(h) - y


def _textbook_p(h: FloatArray) -> FloatArray:
    """exp(h) / sum without the largest logit subtracted: inf/inf from 709.8, or 88.7 in float32."""
    e = np.exp(h)
    p: FloatArray = e / e.sum(axis=-1, keepdims=True)
    return p


def _through_jacobian(p: FloatArray, by_p: FloatArray) -> FloatArray:
    """Return dl/dh from dl/dp: p_k (dl/dp_k - sum_c p_c dl/dp_c)."""
    through: FloatArray = p * (by_p - (p * by_p).sum(axis=-1, keepdims=True))
    return through


def _naive_value(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    value: FloatArray = -y * np.log(_textbook_p(h))
    return value


def _naive_derivative(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    p = _textbook_p(h)
    return _through_jacobian(p, -y / p)


def _epsilon_value(h: FloatArray, y: FloatArray, epsilon: float) -> FloatArray:
    value: FloatArray = -y * np.log(_textbook_p(h) + epsilon)
    return value


def _epsilon_derivative(h: FloatArray, y: FloatArray, epsilon: float) -> FloatArray:
    p = _textbook_p(h)
    return _through_jacobian(p, -y / (p + epsilon))


def _clamped_value(h: FloatArray, y: FloatArray, epsilon: float) -> FloatArray:
    value: FloatArray = -y * np.log(np.clip(_textbook_p(h), epsilon, 1 - epsilon))
    return value


def _clamped_derivative(h: FloatArray, y: FloatArray, epsilon: float) -> FloatArray:
    p = _textbook_p(h)
    return _through_jacobian(p, -y / np.clip(p, epsilon, 1 - epsilon))


_FORMS = {
    form.name: form
    for form in (
        Form("naive", _naive_value, _naive_derivative),
        Form("epsilon", _epsilon_value, _epsilon_derivative),
        Form("clamped", _clamped_value, _clamped_derivative),
        Form("fused", _value, _fused_derivative),
        Form("stable", _value, _stable_derivative),
    )
}


def _unshifted_derivative(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    return _textbook_p(h) - y


def _clipped_derivative(h: FloatArray, y: FloatArray, epsilon: float) -> FloatArray:
    """Differentiate -y log clip(p): no label counts whose p is outside [epsilon, 1 - epsilon]."""
    p = softmax(h)
    inside = (p >= epsilon) & (p <= 1 - epsilon)
    counted = np.where(inside, y, 0.0)
    derivative: FloatArray = p * counted.sum(axis=-1, keepdims=True) - counted
    return derivative


_WILD = {
    "unshifted": Form("unshifted", _value, _unshifted_derivative),
    "clamped-loss": Form("clamped-loss", _clamped_value, _clipped_derivative),
}


_SOFTMAX_IN_NUMPY = """\
p = np.exp(h - h.max(axis={axis}, keepdims=True))
return p / p.sum(axis={axis}, keepdims=True)"""


class CrossEntropy(Loss):
    """Cross-entropy of a softmax output."""

    name = "cross_entropy"
    called = "cross-entropy"
    letters = "-y log z"
    forms = MappingProxyType(_FORMS)
    truth = _FORMS["stable"]
    wild = MappingProxyType(_WILD)
    canonical = True
    closed = "is right at the last layer only, as softmax is the inverse of its canonical link"
    output = "softmax"
    separable = False
    in_numpy = (_SOFTMAX_IN_NUMPY, "z - y")

    def predict(self, h: FloatArray) -> FloatArray:
        """Return the probabilities of the K labels."""
        return softmax(h)

    def textbook_p(self, h: FloatArray) -> FloatArray:
        """Return exp(h)/sum, without the largest logit subtracted."""
        return _textbook_p(h)

    def rank(self, h: FloatArray) -> FloatArray:
        """Return p, and log(p/(1-p)) where p is subnormal or has lost half of the digits of 1-p.

        The second is beyond 1 or below 0, as it has to be to follow p or to precede it.
        """
        p, q = softmax_pair(h)
        info = np.finfo(h.dtype)
        held = (p >= info.tiny) & (q > np.sqrt(info.eps))
        lost = ~held.all(axis=-1)  # few rows, as a rule
        p[lost] = np.where(held[lost], p[lost], _log_odds(h[lost]))
        return p

    def link(self, p: FloatArray) -> FloatArray:
        """Return log p, held finite where p is 0."""
        with np.errstate(divide="ignore"):
            return np.maximum(np.log(p), -700)

    def output_slope(self, h: FloatArray) -> FloatArray:
        """Return p (1 - p), the diagonal of the Jacobian of softmax."""
        p, q = softmax_pair(h)
        return p * q

    def residual(self, h: FloatArray, y: FloatArray) -> FloatArray:
        """Return p - y without its cancellation."""
        return _stable_derivative(h, y, 0.0)

    def labels_at_fault(self, y: FloatArray) -> str | None:
        """Return what is wrong with labels: each row is a distribution over the K outputs."""
        sums = y.sum(axis=1)
        worst = float(sums[np.abs(sums - 1).argmax()])
        if abs(worst - 1) > 1e-6:
            return f"expected rows that sum to 1, got one of sum {worst:.6g}"
        return super().labels_at_fault(y)

    def drawn_labels(self, rng: np.random.Generator, rows: int, outputs: int) -> FloatArray:
        """Return one label of each row, each of them in some row if there are rows enough."""
        y: FloatArray = np.eye(outputs)[rng.permutation(np.arange(rows) % outputs)]
        return y

    def by_output(self, h: FloatArray, y: FloatArray) -> FloatArray:
        """Return -y/p."""
        return -y / softmax(h)

    def value_of_any(self, h: Numbers, y: FloatArray) -> Numbers:
        """Return the loss, one value per element, the imaginary part to its last digits."""
        values: Numbers = _each(h, y)
        return values

    def textbook(self, h: FloatArray, y: FloatArray) -> FloatArray:
        """Return exp(h - max)/sum - y."""
        return softmax(h) - y

    def curve(self, h: FloatArray, y: FloatArray, omega: FloatArray) -> CrossEntropyCurve:
        """Return the change along a cubic; `omega` is the same for all outputs of a row."""
        p, weight = (np.ascontiguousarray(a.T) for a in (softmax(h), omega * y))
        return CrossEntropyCurve(p, weight)

    def change(self, h: FloatArray, y: FloatArray, omega: FloatArray) -> CrossEntropyChange:
        """Return the change; `omega` is the same for all outputs of a row."""
        p, q = (np.ascontiguousarray(a.T) for a in softmax_pair(h))
        return CrossEntropyChange(p, q, np.ascontiguousarray((omega * y).T))

    def start(
        self, h: FloatArray, y: FloatArray, omega: FloatArray, e: FloatArray, c: float
    ) -> Start:
        """Return m = omega ((1-y) p + y q), r = (c + sqrt K) m + omega p (q e + sum_j p_j e_j).

        The sum is over the others, and formed without subtracting the own term: that would be K
        times too small.
        """
        p, q = softmax_pair(h)
        K = h.shape[1]
        m = omega * ((1 - y) * p + y * q)
        others = (p * e) @ (1 - np.eye(K))
        r = (c + np.sqrt(K)) * m + omega * p * (q * e + others)
        return Start(m, r, omega * (p + y))


@dataclass(frozen=True)
class CrossEntropyChange:
    """Arrays K x N: p, q = 1 - p, and y omega."""

    p: FloatArray
    q: FloatArray
    weight: FloatArray

    def between(self, half: FloatArray, outputs: slice, rows: slice) -> FloatArray:
        """Return the summed change per probe, as `Change` says."""
        D = 2 * half
        of_one = half.shape[0] < self.p.shape[0]
        moved = self._of_one if of_one else self._of_all
        plus, minus = (moved(D[:, sign], outputs, rows) for sign in (0, 1))
        change: FloatArray = (plus - minus).sum(axis=-1)
        return change

    def _of_all(self, D: FloatArray, _outputs: slice, rows: slice) -> FloatArray:
        """Return the change of each row (B, R), given that of every logit (K, B, R)."""
        p, weight = self.p[:, None, rows], self.weight[:, rows]
        total: FloatArray = np.zeros(D.shape[1:])
        for c in np.flatnonzero(weight.any(axis=1)):
            part = (p * np.expm1(D - D[c])).sum(axis=0)
            total += weight[c] * np.log1p(part)
        return total

    def _of_one(self, D: FloatArray, outputs: slice, rows: slice) -> FloatArray:
        """Return the change of each row (B, R), given that of one logit (1, B, R) alone."""
        p, q = self.p[outputs, None, rows][0], self.q[outputs, None, rows][0]
        own = self.weight[outputs, None, rows][0]
        others = self.weight[:, rows].sum(axis=0) - own
        change: FloatArray = own * np.log1p(q * np.expm1(-D[0]))
        change += others * np.log1p(p * np.expm1(D[0]))
        return change


@dataclass(frozen=True)
class CrossEntropyCurve:
    """Arrays K x N: p, and y omega.

    With E_k = D_k - D_a, a the likeliest output of the row, the change of l is

        log1p(sum_k p_k expm1(E_k)) - sum_c y_c E_c

    in which nothing cancels: where y is a, E_a is 0, and where not, p_c is at most 1/2.
    """

    p: FloatArray
    weight: FloatArray

    def along(self, half: Cubic, rows: slice) -> Cubic:
        """See `Curve`."""
        p, weight = self.p[:, None, rows], self.weight[:, None, rows]
        likeliest, omega = p.argmax(axis=0, keepdims=True), weight.sum(axis=0)
        E = half.less(half.picked(np.broadcast_to(likeliest, (1, *half.P.shape[1:]))))
        moved = E.through(2 * p, 2 * p, 4 / 3 * p).summed().through(omega, -omega / 2, omega / 3)
        return moved.less(E.through(2 * weight, 0, 0).summed())
