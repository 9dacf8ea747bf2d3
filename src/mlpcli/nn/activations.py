"""The activations by name, each with its slope and the errors that rounding makes in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from mlpcli.nn.activation import Activation
from mlpcli.nn.sigmoid import FloatArray, Numbers, sigmoid_of_any, sigmoid_pair

__all__ = [
    "ACTIVATIONS",
    "Identity",
    "LeakyRelu",
    "Relu",
    "Sigmoid",
    "Tanh",
    "activation_by",
]


@dataclass(frozen=True)
class Sigmoid(Activation):
    """z = sigma(h), s = sigma(h) sigma(-h).

    With g = tanh(D/2) the change is the addition theorem of tanh; lean = sigma(h) - sigma(-h).
    """

    name = "sigmoid"
    letter = "sigma"
    written = "Z_i (1 - Z_i)"
    in_numpy = ("1 / (1 + np.exp(-h))", "z * (1 - z)")
    in_c = "1 / (1 + exp(-h))"
    in_onnx = "Sigmoid"
    curvature = 1.0
    roundings = 3.0

    @property
    def steepest(self) -> float:
        """1/4, at 0."""
        return 1 / 4

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

    def textbook_error(self, z: FloatArray) -> FloatArray:
        """Return z, which 1 - z is rounded to a unit of."""
        return np.abs(z)


@dataclass(frozen=True)
class Tanh(Activation):
    """z = tanh h, s = 4e/(1+e)^2 with e = exp(-2|h|).

    With tau = tanh D the change is s tau / (1 + z tau), by the addition theorem: g = tau/2.
    """

    name = "tanh"
    written = "(1 - Z_i^2)"
    in_numpy = ("np.tanh(h)", "1 - z**2")
    in_c = "tanh(h)"
    in_onnx = "Tanh"
    curvature = 2.0
    roundings = 3.0

    @property
    def steepest(self) -> float:
        """1, at 0."""
        return 1.0

    def value(self, h: FloatArray) -> FloatArray:
        """Return tanh h."""
        return np.tanh(h)

    def slope(self, h: FloatArray, z: FloatArray) -> FloatArray:
        """Return 1 - tanh^2 h without its cancellation."""
        e = np.exp(-2 * np.abs(h))
        s: FloatArray = 4 * e / (1 + e) ** 2
        return s

    def lean(self, h: FloatArray, z: FloatArray) -> FloatArray:
        """Return 2 tanh h."""
        return 2 * z

    def bend(self, half: FloatArray) -> FloatArray:
        """Return tanh(D)/2."""
        return np.tanh(2 * half) / 2

    def value_of_any(self, h: Numbers) -> Numbers:
        """Return tanh h = -t/(2+t) with t = expm1(-2h), on the side where h >= 0."""
        sign = np.where(h.real >= 0, 1.0, -1.0)
        t = np.expm1(-2 * sign * h)
        z: Numbers = sign * (-t / (2 + t))
        return z

    def textbook_slope(self, h: FloatArray, z: FloatArray) -> FloatArray:
        """Return 1 - z^2."""
        return 1 - z * z

    def textbook_error(self, z: FloatArray) -> FloatArray:
        """Return 3 z^2: of the square, and of the difference."""
        return 3 * z * z


@dataclass(frozen=True)
class LeakyRelu(Activation):
    """z = h above 0 and a h below, a >= 0 being `below`; s is the slope of that branch.

    At h = 0 exactly s is a + (1-a) c, c = `at_zero`: people take 0 (h > 0), 1 (h >= 0) or 1/2. A
    check freezes the branches, so that its change is s D whatever the size of D.
    """

    below: float = 0.01
    at_zero: float = 0.0
    name = "leaky_relu"
    written = "1 where H_i > 0, else a"
    in_numpy = ("np.where(h > 0, h, {slope} * h)", "np.where(h > 0, 1, {slope})")
    in_c = "h < 0 ? {slope} * h : h"
    in_onnx = "PRelu"
    init = "he"
    curvature = 0.0
    roundings = 2.0

    @classmethod
    def with_slope(cls, slope: float) -> Self:
        """Return the activation with this slope a below 0."""
        return cls(slope)

    @property
    def chosen_slope(self) -> float | None:
        """The slope a."""
        return self.below

    @property
    def steepest(self) -> float:
        """1, or a if that is more."""
        return max(1.0, self.below)

    @property
    def kinks(self) -> tuple[Activation, ...]:
        """Itself with each c that people take."""
        return tuple(replace(self, at_zero=c) for c in (0.0, 1.0, 0.5))

    @property
    def least(self) -> float:
        """a, or 1 if that is less."""
        return min(1.0, self.below)

    @property
    def jump(self) -> float:
        """1 - a."""
        return abs(1 - self.below)

    def value(self, h: FloatArray) -> FloatArray:
        """Return h or a h."""
        return np.where(h > 0, h, h * h.dtype.type(self.below))

    def slope(self, h: FloatArray, z: FloatArray) -> FloatArray:
        """Return 1, a, or what stands between at 0."""
        between = self.below + (1 - self.below) * self.at_zero
        s: FloatArray = np.where(h > 0, 1, np.where(h < 0, self.below, between))
        return s.astype(h.dtype)

    def value_of_any(self, h: Numbers) -> Numbers:
        """Return the slope of the real part's branch times h."""
        z: Numbers = self.slope(h.real, h.real) * h
        return z


@dataclass(frozen=True)
class Relu(LeakyRelu):
    """z = max(h, 0)."""

    below: float = 0.0
    name = "relu"
    written = "(H_i > 0)"
    in_numpy = ("np.maximum(h, 0)", "h > 0")
    in_c = "h < 0 ? 0 : h"
    in_onnx = "Relu"

    @classmethod
    def with_slope(cls, slope: float) -> Self:
        """Return the activation, whose slope below 0 is 0."""
        del slope
        return cls()

    @property
    def chosen_slope(self) -> float | None:
        """None: it is 0."""
        return None

    def own_error(self, z: FloatArray) -> FloatArray:
        """Return 0: nothing is rounded."""
        return np.zeros_like(z)


@dataclass(frozen=True)
class Identity(Activation):
    """z = h: a deep linear network."""

    name = "identity"
    written = "1"
    in_numpy = ("h", "1")
    in_c = "h"
    in_onnx = "Identity"
    curvature = 0.0
    roundings = 1.0

    @property
    def steepest(self) -> float:
        """1."""
        return 1.0

    def value(self, h: FloatArray) -> FloatArray:
        """Return h, a copy."""
        return h.copy()

    def slope(self, h: FloatArray, z: FloatArray) -> FloatArray:
        """Return 1."""
        return np.ones_like(h)

    def value_of_any(self, h: Numbers) -> Numbers:
        """Return h."""
        return h

    def own_error(self, z: FloatArray) -> FloatArray:
        """Return 0."""
        return np.zeros_like(z)


ACTIVATIONS: dict[str, type[Activation]] = {
    kind.name: kind for kind in (Sigmoid, Tanh, Relu, LeakyRelu, Identity)
}


def activation_by(name: str, slope: float = 0.01) -> Activation:
    """Return the activation of a name; `slope` goes to the one that lets users choose it."""
    return ACTIVATIONS[name].with_slope(slope)
