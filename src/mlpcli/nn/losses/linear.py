"""The squared error of a linear output, l = (h - y)^2, without 1/2: a loss for any real labels."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.losses.loss import Form, Loss, Start, weighted_sum
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from mlpcli.nn.sigmoid import FloatArray, Numbers

__all__ = ["LinearMse"]


def _value(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    return (h - y) ** 2


def _derivative(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    return 2 * (h - y)


class LinearMse(Loss):
    """Squared error of an output that is the logit itself, each output by itself.

    Its closed form is (Z_L - Y)^T Z_{L-1} / N with a factor of 2, that of the square.
    """

    name = "mse"
    called = "squared error"
    letters = "(z - y)^2"
    truth = Form("mse", _value, _derivative)
    forms = MappingProxyType({truth.name: truth})
    canonical = False
    written = (2, "(Z_L - Y)")
    in_numpy = ("return h", "2 * (z - y)")
    closed = "lacks the factor 2 of the square, and so is right nowhere here"
    output = "identity"

    def predict(self, h: FloatArray) -> FloatArray:
        """Return h."""
        return h

    def output_slope(self, h: FloatArray) -> FloatArray:
        """Return 1."""
        return np.ones_like(h)

    def residual(self, h: FloatArray, y: FloatArray) -> FloatArray:
        """Return h - y."""
        return h - y

    def labels_at_fault(self, y: FloatArray) -> str | None:
        """Return None: any real label will do."""
        return None

    def drawn_labels(self, rng: np.random.Generator, rows: int, outputs: int) -> FloatArray:
        """Return numbers of deviation 1."""
        return rng.normal(size=(rows, outputs))

    def with_output_slope(self, h: FloatArray, y: FloatArray, slope: FloatArray) -> FloatArray:
        """Return 2 (h - y) times the slope."""
        return 2 * (h - y) * slope

    def by_output(self, h: FloatArray, y: FloatArray) -> FloatArray:
        """Return 2 (h - y)."""
        return 2 * (h - y)

    def value_of_any(self, h: Numbers, y: FloatArray) -> Numbers:
        """Return (h - y)^2."""
        error: Numbers = h - y
        return error * error

    def textbook(self, h: FloatArray, y: FloatArray) -> FloatArray:
        """Return 2 (h - y): there is one way to write it."""
        return 2 * (h - y)

    def taylor(self, h: FloatArray, y: FloatArray) -> tuple[FloatArray, ...]:
        """Return 2 (h - y), 1 and 0."""
        return 2 * (h - y), np.ones_like(h), np.zeros_like(h)

    def change(self, h: FloatArray, y: FloatArray, omega: FloatArray) -> LinearChange:
        """Return the change: dl+ - dl- = (D+ - D-) (2 (h-y) + D+ + D-)."""
        omega = np.broadcast_to(omega, y.shape)
        return LinearChange(np.ascontiguousarray(4 * omega.T), np.ascontiguousarray((h - y).T))

    def start(
        self, h: FloatArray, y: FloatArray, omega: FloatArray, e: FloatArray, c: float
    ) -> Start:
        """Return m = 2 omega abs(h-y), r = c m + 2 omega (e + abs(y)); a textbook adds nothing."""
        m = 2 * omega * np.abs(h - y)
        return Start(m, c * m + 2 * omega * (e + np.abs(y)), np.zeros_like(m))


@dataclass(frozen=True)
class LinearChange:
    """Arrays n_L x N: 4 omega, and h - y."""

    weight: FloatArray
    error: FloatArray

    def between(self, half: FloatArray, outputs: slice, rows: slice) -> FloatArray:
        """Return the summed change per probe, as `Change` says."""
        plus, minus = half[:, 0], half[:, 1]
        x = plus + minus
        x += self.error[outputs, None, rows]
        x *= plus - minus
        return weighted_sum(x, self.weight[outputs, rows])
