"""What a hidden layer does to its pre-activation, as the rest of the program asks for it.

A record answers whatever is asked of an activation, in training, in the check and in its bounds, so
that a new one is one class and one line of the registry in `activations.py`. z = f(h) and s = f'(h)
have the shape and dtype of h.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

if TYPE_CHECKING:
    from mlpcli.nn.sigmoid import FloatArray, Numbers

__all__ = ["Activation", "shifted"]


@dataclass(frozen=True)
class Activation(ABC):
    """An elementwise function f, smooth or piecewise linear.

    The exact change over any D, which the check carries through the network, has one form for all
    of them, with g = `bend`, s = `slope` and `lean`:

        f(h + D) - f(h) = 2 s g(D/2) / (1 + lean g(D/2))

    The error terms bound what rounding does to z and s, in units of the roundoff u: of s it is
    `curvature` s times the error of h and `roundings` s, of z it is `own_error`; a textbook that
    writes `textbook_slope` makes `textbook_error` beside it. `init` is how weights should start,
    `written` how people write f'(H_i), `letter` what they call f, and `in_numpy` the code of f by h
    and of f' by h and z, with {slope} for the slope that can be chosen; `in_c` is the code of f in
    C99, which keeps a nan, and `in_onnx` its operator in ONNX, None where there is none.
    """

    name: ClassVar[str]
    letter: ClassVar[str] = "f"
    written: ClassVar[str]
    in_numpy: ClassVar[tuple[str, str] | None] = None
    in_c: ClassVar[str | None] = None
    in_onnx: ClassVar[str | None] = None
    init: ClassVar[str] = "glorot"
    curvature: ClassVar[float]
    roundings: ClassVar[float]

    @classmethod
    def with_slope(cls, slope: float) -> Self:
        """Return the activation; `slope` is that below 0, of the one where it can be chosen."""
        del slope
        return cls()

    @property
    @abstractmethod
    def steepest(self) -> float:
        """The largest abs(f')."""

    @property
    def chosen_slope(self) -> float | None:
        """The slope below 0 that its user chose; None where there is nothing to choose."""
        return None

    @property
    def kinks(self) -> tuple[Activation, ...]:
        """What it may be taken for where h lies on its kink; only itself where it is smooth."""
        return (self,)

    @property
    def least(self) -> float:
        """The slope on the flatter side of a kink; steepest where there is none."""
        return self.steepest

    @property
    def jump(self) -> float:
        """By how much f' jumps at its kink, 0 where it is smooth."""
        return 0.0

    @abstractmethod
    def value(self, h: FloatArray) -> FloatArray:
        """Return z = f(h)."""

    @abstractmethod
    def slope(self, h: FloatArray, z: FloatArray) -> FloatArray:
        """Return f'(h), given z = f(h) too, to full relative precision."""

    def lean(self, h: FloatArray, z: FloatArray) -> FloatArray:
        """Return -f''(h) / f'(h), the curve to second order; 0 where f is linear."""
        return np.zeros_like(h)

    def bend(self, half: FloatArray) -> FloatArray:
        """Return g(D/2), which is D/2 to second order; D/2 itself where f is linear."""
        return half

    @abstractmethod
    def value_of_any(self, h: Numbers) -> Numbers:
        """Return f(h) of real or complex numbers: no abs, max or clip but of the real part."""

    def textbook_slope(self, h: FloatArray, z: FloatArray) -> FloatArray:
        """Return f'(h) as people write it; the same where there is one way to write it."""
        return self.slope(h, z)

    def own_error(self, z: FloatArray) -> FloatArray:
        """Return the error of z for a right h, in units of u."""
        return np.abs(z)

    def textbook_error(self, z: FloatArray) -> FloatArray:
        """Return the error of `textbook_slope` that `slope` does not have, in units of u."""
        return np.zeros_like(z)


def shifted(g: FloatArray, s: FloatArray, lean: FloatArray) -> FloatArray:
    """Return (f(h + D) - f(h)) / 2 = s g / (1 + lean g), given g(D/2)."""
    bottom = lean * g
    bottom += 1
    return np.divide(s * g, bottom, out=bottom)
