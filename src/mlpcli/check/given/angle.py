"""How far a gradient points from another one, whatever their lengths and signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["apart"]


def apart(a: Parameters, b: Parameters) -> float:
    """Return the sine between two gradients, plus the mean of the sines between their tensors."""
    pairs = zip(a.tensors(), b.tensors(), strict=True)
    each = [_sine(x.ravel(), y.ravel()) for (_, x), (_, y) in pairs]
    return _sine(a.theta, b.theta) + float(np.mean(each))


def _sine(x: FloatArray, y: FloatArray) -> float:
    """Return the sine of the angle between two lines, 1 where there is no line."""
    with np.errstate(all="ignore"):
        x, y = (v.astype(np.float64) / np.abs(v).max() for v in (x, y))
        x, y = (v / np.linalg.norm(v) for v in (x, y))
        sine = min(np.linalg.norm(x - y), np.linalg.norm(x + y))
    return float(np.nan_to_num(sine, nan=1.0))
