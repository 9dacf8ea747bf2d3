"""What a hidden layer does to its pre-activation: each function with its slope and all it needs.

A record answers whatever the program asks of an activation, in training, in the check and in its
bounds, so that a new one is one class and one line of the registry. z = f(h) and s = f'(h) have
the shape and dtype of h.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "FloatArray",
    "Numbers",
    "Sigmoid",
    "clip",
    "probability",
    "shifted",
    "sigmoid",
    "sigmoid_into",
    "sigmoid_of_any",
    "sigmoid_pair",
    "softplus",
]

FloatArray: TypeAlias = NDArray[np.floating[Any]]
Numbers: TypeAlias = NDArray[np.inexact[Any]]

try:  # np.clip takes longer to reach this function than the function takes
    from numpy._core import umath
except ImportError:  # it is not public, so a release may move it
    umath = np  # type: ignore[misc]  # both are modules with a clip
clip = getattr(umath, "clip", np.clip)


def _sigmoid_range(letter: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    high = np.floor(-np.log(float(np.finfo(letter).tiny)))
    return np.array(-high, letter), np.array(high, letter), np.ones((), letter)


# By the letter of the dtype: the ends of the range of `sigmoid_into`, and 1.
_FAST = {letter: _sigmoid_range(letter) for letter in "fd"}


@dataclass(frozen=True)
class Activation(ABC):
    """An elementwise function f, smooth or piecewise linear.

    The exact change over any D, which the check carries through the network, has one form for all
    of them, with g = `bend`, s = `slope` and `lean`:

        f(h + D) - f(h) = 2 s g(D/2) / (1 + lean g(D/2))

    The error terms bound what rounding does to z and s, in units of the roundoff u: of s it is
    `curvature` s times the error of h and `roundings` s, of z it is `own_error`; a textbook that
    writes `textbook_slope` makes `textbook_error` beside it.
    """

    name: ClassVar[str]
    steepest: ClassVar[float]
    curvature: ClassVar[float]
    roundings: ClassVar[float]

    @abstractmethod
    def value(self, h: FloatArray) -> FloatArray:
        """Return z = f(h)."""

    @abstractmethod
    def slope(self, h: FloatArray, z: FloatArray) -> FloatArray:
        """Return f'(h), given z = f(h) too, to full relative precision."""

    @abstractmethod
    def lean(self, h: FloatArray, z: FloatArray) -> FloatArray:
        """Return the curve to second order, -f''(h) / f'(h), of the change that is said above."""

    @abstractmethod
    def bend(self, half: FloatArray) -> FloatArray:
        """Return g(D/2), which is D/2 to second order; D/2 itself below 2^-26."""

    @abstractmethod
    def value_of_any(self, h: Numbers) -> Numbers:
        """Return f(h) of real or complex numbers: no abs, max or clip but of the real part."""

    @abstractmethod
    def textbook_slope(self, h: FloatArray, z: FloatArray) -> FloatArray:
        """Return f'(h) as people write it."""

    @abstractmethod
    def own_error(self, z: FloatArray) -> FloatArray:
        """Return the error of z for a right h, in units of u."""

    @abstractmethod
    def textbook_error(self, z: FloatArray) -> FloatArray:
        """Return the error of `textbook_slope` that `slope` does not have, in units of u."""

    def step_up(self, h: FloatArray, keep: FloatArray, z: FloatArray) -> None:
        """Write f(h) into `z`, and into `keep` what `step_down` needs; h is lost."""
        z[...] = self.value(h)
        keep[...] = self.slope(h, z)

    def step_down(self, delta: FloatArray, keep: FloatArray, z: FloatArray) -> None:
        """Multiply `delta` by f'(h), in place, after `step_up`."""
        np.multiply(delta, keep, delta)


def shifted(g: FloatArray, s: FloatArray, lean: FloatArray) -> FloatArray:
    """Return (f(h + D) - f(h)) / 2 = s g / (1 + lean g), given g(D/2)."""
    bottom = lean * g
    bottom += 1
    return np.divide(s * g, bottom, out=bottom)


def sigmoid(h: FloatArray) -> FloatArray:
    """Return sigma(h) = 1 / (1 + exp(-h)), same shape and dtype as `h`.

    Full relative precision in both tails, down to the subnormals; neither overflows nor warns.
    sigma(-h) is how to get 1 - z: the difference has no correct digit left once h passes 37.
    """
    e = np.exp(-np.abs(h))
    z: FloatArray = np.where(h >= 0, 1, e) / (1 + e)
    return z


def sigmoid_pair(h: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (sigma(h), sigma(-h)), same shape and dtype as `h`, fast enough for every layer.

    Both are exact to a few ulp for h above the log of the smallest normal number (-708.4 in
    float64, -87.3 in float32) and stay at their value there for h below it: a subnormal would make
    every later operation many times slower, and no sum over rows would notice the difference.
    """
    t = np.maximum(h, np.log(np.finfo(h.dtype).tiny))
    np.negative(t, out=t)
    np.exp(t, out=t)
    z = t + 1
    np.reciprocal(z, out=z)
    t *= z
    return z, t


def sigmoid_of_any(h: Numbers) -> Numbers:
    """Return sigma(h) of real or complex numbers; Re h tells the side on which exp is small."""
    right = h.real >= 0
    e = np.exp(np.where(right, -h, h))
    z: Numbers = np.where(right, 1, e) / (1 + e)
    return z


def probability(h: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-h)) as a textbook does, in the dtype of h.

    It rounds to 1 from h = 36.7369 (float64) or 16.6356 (float32).
    """
    p: FloatArray = 1 / (1 + np.exp(-h))
    return p


def softplus(h: FloatArray) -> FloatArray:
    """Return log(1 + exp(h)) without overflow: max(h, 0) + log1p(exp(-abs(h)))."""
    return np.maximum(h, 0) + np.log1p(np.exp(-np.abs(h)))


def sigmoid_into(z: FloatArray, h: FloatArray, t: FloatArray) -> None:
    """Write sigma(h) = e/t into `z`, with e = exp(h) in `h` and t = 1 + e; z may be h itself.

    h is held within the range where neither sigma(h) nor sigma(-h) = 1/t is subnormal, which would
    be slow; within it both have full relative precision.
    """
    low, high, one = _FAST[h.dtype.char]
    clip(h, low, high, h)
    np.exp(h, h)
    np.add(h, one, t)
    np.divide(h, t, z)


@dataclass(frozen=True)
class Sigmoid(Activation):
    """z = sigma(h), s = sigma(h) sigma(-h).

    With g = tanh(D/2) the change is the addition theorem of tanh; lean = sigma(h) - sigma(-h).
    """

    name = "sigmoid"
    steepest = 1 / 4
    curvature = 1.0
    roundings = 3.0

    def value(self, h: FloatArray) -> FloatArray:
        """Return sigma(h) as `sigmoid_pair` has it."""
        z = np.maximum(h, np.log(np.finfo(h.dtype).tiny))
        np.negative(z, out=z)
        np.exp(z, out=z)
        z += 1
        return np.reciprocal(z, out=z)

    def slope(self, h: FloatArray, z: FloatArray) -> FloatArray:
        """Return sigma(h) sigma(-h)."""
        _, complement = sigmoid_pair(h)
        return np.multiply(z, complement, out=complement)

    def lean(self, h: FloatArray, z: FloatArray) -> FloatArray:
        """Return sigma(h) - sigma(-h)."""
        _, complement = sigmoid_pair(h)
        return np.subtract(z, complement, out=complement)

    def bend(self, half: FloatArray) -> FloatArray:
        """Return tanh(D/2)."""
        return np.tanh(half)

    def value_of_any(self, h: Numbers) -> Numbers:
        """Return sigma(h)."""
        return sigmoid_of_any(h)

    def textbook_slope(self, h: FloatArray, z: FloatArray) -> FloatArray:
        """Return z (1 - z)."""
        return z * (1 - z)

    def own_error(self, z: FloatArray) -> FloatArray:
        """Return abs(z)."""
        return np.abs(z)

    def textbook_error(self, z: FloatArray) -> FloatArray:
        """Return z, which 1 - z is rounded to a unit of."""
        return np.abs(z)

    def step_up(self, h: FloatArray, keep: FloatArray, z: FloatArray) -> None:
        """Write z = e/t with e = exp(h), and keep t = 1 + e."""
        sigmoid_into(z, h, keep)

    def step_down(self, delta: FloatArray, keep: FloatArray, z: FloatArray) -> None:
        """Multiply by sigma(h) sigma(-h) = z/t."""
        np.multiply(delta, z, delta)
        np.divide(delta, keep, delta)


ACTIVATIONS: MappingProxyType[str, type[Activation]] = MappingProxyType(
    {kind.name: kind for kind in (Sigmoid,)}
)
