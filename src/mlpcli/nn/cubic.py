"""What a small change has become on its way: a cubic in the change that it began as.

    u (P + Q x + R x^2),   x = scale u

Any smooth function a D + b D^2 + c D^3 + .. of such a D is one too, but for fourth powers, which
lie 2^-78 below D where D is 2^-26: far below its last digit. So P, Q and R go through the layers
once, for changes of every size and both signs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Cubic"]


class Cubic(NamedTuple):
    """Arrays P, Q and R of one shape, and a power of two.

    With a `scale` of about the size of P no square of it overflows, nor does that of x.
    """

    P: FloatArray
    Q: FloatArray
    R: FloatArray
    scale: float

    def through(self, a: FloatArray | float, b: FloatArray | float, c: FloatArray | float) -> Cubic:
        """Return a D + b D^2 + c D^3, D being this."""
        p = self.P / self.scale
        bent = b * p
        Q = a * self.Q + bent * self.P
        R = a * self.R + 2 * (bent * self.Q) + c * p * p * self.P
        return Cubic(a * self.P, Q, R, self.scale)

    def mixed(self, W: FloatArray) -> Cubic:
        """Return the products W D over the first axis."""
        P, Q, R = (
            (W @ k.reshape(len(k), -1)).reshape(len(W), *k.shape[1:])
            for k in (self.P, self.Q, self.R)
        )
        return Cubic(P, Q, R, self.scale)

    def summed(self) -> Cubic:
        """Return the sum over the first axis."""
        P, Q, R = (k.sum(axis=0) for k in (self.P, self.Q, self.R))
        return Cubic(P, Q, R, self.scale)

    def picked(self, index: NDArray[np.intp]) -> Cubic:
        """Return those at an index (1, ..) along the first axis."""
        P, Q, R = (np.take_along_axis(k, index, axis=0) for k in (self.P, self.Q, self.R))
        return Cubic(P, Q, R, self.scale)

    def less(self, other: Cubic) -> Cubic:
        """Return the difference of two that have one scale."""
        return Cubic(self.P - other.P, self.Q - other.Q, self.R - other.R, self.scale)

    def at(self, u: FloatArray) -> FloatArray:
        """Return what has become of u."""
        x = self.scale * u
        change: FloatArray = self.R * x
        change += self.Q
        change *= x
        change += self.P
        change *= u
        return change
