"""The squared error of a sigmoid output, l = (z - y)^2, without 1/2."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.activation import shifted
from mlpcli.nn.losses.loss import Form, Loss, Start, residual, weighted_sum
from mlpcli.nn.sigmoid import FloatArray, sigmoid, sigmoid_of_any, sigmoid_pair
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from mlpcli.nn.sigmoid import Numbers

__all__ = ["Mse"]


def _value(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    return residual(h, y) ** 2


def _derivative(h: FloatArray, y: FloatArray, _epsilon: float) -> FloatArray:
    return _with_slope(h, y, sigmoid(h) * sigmoid(-h))


def _with_slope(h: FloatArray, y: FloatArray, slope: FloatArray) -> FloatArray:
    return 2 * residual(h, y) * slope


class Mse(Loss):
    """Squared error of a sigmoid output, each output by itself."""

    name = "mse"
    called = "squared error"
    letters = "(z - y)^2"
    truth = Form("mse", _value, _derivative)
    forms = MappingProxyType({truth.name: truth})
    canonical = False
    written = (2, "(Z_L - Y) * sigma'(H_L)")
    in_numpy = ("return 1 / (1 + np.exp(-h))", "2 * (z - y) * z * (1 - z)")
    closed = "belongs to cross-entropy and is right nowhere here"

    def with_output_slope(self, h: FloatArray, y: FloatArray, slope: FloatArray) -> FloatArray:
        """Return 2 (z - y) times the slope."""
        return _with_slope(h, y, slope)

    def by_output(self, h: FloatArray, y: FloatArray) -> FloatArray:
        """Return 2 (z - y)."""
        return 2 * residual(h, y)

    def value_of_any(self, h: Numbers, y: FloatArray) -> Numbers:
        """Return ((1-y) sigma(h) - y sigma(-h))^2."""
        error: Numbers = (1 - y) * sigmoid_of_any(h) - y * sigmoid_of_any(-h)
        return error * error

    def textbook(self, h: FloatArray, y: FloatArray) -> FloatArray:
        """Return 2 (z - y) z (1 - z)."""
        z = sigmoid(h)
        derivative: FloatArray = 2 * (z - y) * (z * (1 - z))
        return derivative

    def taylor(self, h: FloatArray, y: FloatArray) -> tuple[FloatArray, ...]:
        """Return 2 e s, s (s - e k) and s (e (k^2 - 2s)/3 - s k), e = z - y and k = 2z - 1."""
        z, complement = sigmoid_pair(h)
        error, s, k = (1 - y) * z - y * complement, z * complement, z - complement
        return 2 * error * s, s * (s - error * k), s * (error * (k * k - 2 * s) / 3 - s * k)

    def change(self, h: FloatArray, y: FloatArray, omega: FloatArray) -> MseChange:
        """Return the change: dl+ - dl- = (dZ+ - dZ-) (2 (z-y) + dZ+ + dZ-)."""
        z, complement = (np.ascontiguousarray(a.T) for a in sigmoid_pair(h))
        y, omega = np.ascontiguousarray(y.T), np.ascontiguousarray(omega.T)
        error = (1 - y) * z - y * complement
        return MseChange(4 * omega, error, z * complement, z - complement)

    def start(
        self, h: FloatArray, y: FloatArray, omega: FloatArray, e: FloatArray, c: float
    ) -> Start:
        """Return m = 2 omega a s, r = (c+3) m + 2 omega s (s + a) e.

        delta = 2 omega (z-y) s has one factor more than under bce, s, with 3 roundings, and
        abs(d/dh (z-y) s) = abs(s^2 + (z-y) s (1-2z)) <= s (s + a) carries the error of h. A
        textbook gets z-y wrong by u (z+y) and s = z (1-z) by u z.
        """
        z, complement = sigmoid_pair(h)
        s, a = z * complement, (1 - y) * z + y * complement
        m = 2 * omega * a * s
        r = (c + 3) * m + 2 * omega * s * (s + a) * e
        return Start(m, r, 2 * omega * (s * (z + y) + a * z))


@dataclass(frozen=True)
class MseChange:
    """Arrays n_L x N: 4 omega, z - y, s = sigma'(h) and lean = sigma(h) - sigma(-h)."""

    weight: FloatArray
    error: FloatArray
    s: FloatArray
    lean: FloatArray

    def between(self, half: FloatArray, outputs: slice, rows: slice) -> FloatArray:
        """Return the summed change per probe, as `Change` says."""
        moved = shifted(
            np.tanh(half), self.s[outputs, None, None, rows], self.lean[outputs, None, None, rows]
        )
        plus, minus = moved[:, 0], moved[:, 1]
        x = plus + minus
        x += self.error[outputs, None, rows]
        x *= plus - minus
        return weighted_sum(x, self.weight[outputs, rows])
