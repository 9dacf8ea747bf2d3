"""In which precision a given gradient was computed, as far as its numbers tell.

Many tools save a float32 gradient as float64. An array whose every entry is a float32 number was
computed in float32, unless all its entries are so short (0, 1/2, ..) that they are numbers of any
precision; such an array says nothing alone, and is taken like the rest of its gradient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mlpcli.check.numeric.units import Mask
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["SMALLEST", "SMALLEST_NORMAL", "UNIT_ROUNDOFF", "single_precision"]

# By whether the gradient is float32: the unit roundoff, the smallest normal number, and the size
# below which no entry is judged, as what it was made of may have lost digits.
UNIT_ROUNDOFF = {False: 2.0**-53, True: 2.0**-24}
SMALLEST_NORMAL = {False: 2.0**-1022, True: 2.0**-126}
SMALLEST = {False: 1e-290, True: 1e-37}


def single_precision(gradient: Parameters) -> Mask:
    """Return for every entry of theta whether its tensor was computed in float32."""
    if gradient.theta.dtype == np.float32:
        return np.ones(gradient.theta.size, np.bool_)
    tensors = [tensor.ravel() for _, tensor in gradient.tensors()]
    fits = [_equal(tensor, tensor.astype(np.float32)) for tensor in _quietly(tensors)]
    tells = [fit and not _short(t) for fit, t in zip(fits, tensors, strict=True)]
    whole = all(fits) and any(tells)
    return np.concatenate(
        [np.full(t.size, tell or whole) for t, tell in zip(tensors, tells, strict=True)]
    )


def _quietly(tensors: list[FloatArray]) -> list[FloatArray]:
    """Return the tensors with what overflows in float32 left out: it decides nothing."""
    return [np.where(np.abs(t) < np.finfo(np.float32).max, t, np.pi) for t in tensors]


def _equal(a: FloatArray, b: FloatArray) -> bool:
    return bool((a == b).all())


def _short(tensor: FloatArray) -> bool:
    """Whether 12 bits hold each mantissa; 1 in 4,096 float32 numbers is so short by accident."""
    mantissa, _ = np.frexp(tensor[np.isfinite(tensor)])
    scaled = mantissa * 2.0**12
    return bool((scaled == np.rint(scaled)).all())
