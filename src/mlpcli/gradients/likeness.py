"""Says whether two gradients are the same but for rounding, from the output down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.gradients.precision import UNIT_ROUNDOFF, single_precision

if TYPE_CHECKING:
    from mlpcli.gradients.backprop import Array
    from mlpcli.gradients.bounds import Bounds
    from mlpcli.nn.network import Parameters

__all__ = ["Likeness", "distance", "tensors_from_output"]


def tensors_from_output(gradient: Parameters) -> list[tuple[int, str, Array]]:
    """Return (layer, "b" or "W", tensor) in the order in which backpropagation makes them."""
    found = []
    for i in range(len(gradient.W), 0, -1):
        if gradient.bias:
            found.append((i, "b", np.asarray(gradient.b[i - 1])))
        found.append((i, "W", np.asarray(gradient.W[i - 1])))
    return found


def distance(A: Parameters, M: Parameters) -> float:
    """Return the largest relative distance of a tensor, ||A-M|| / max(||A||, ||M||), 0/0 = 0.

    Entries that are nan in both, or the same infinity, count as equal; any other nan as inf.
    """
    pairs = zip(tensors_from_output(A), tensors_from_output(M), strict=True)
    return max(_distance(a, m) for (_, _, a), (_, _, m) in pairs)


def _distance(a: Array, m: Array) -> float:
    both = np.isfinite(a) & np.isfinite(m)
    if not (both | (np.isnan(a) & np.isnan(m)) | (a == m)).all():
        return float("inf")
    a, m = a[both], m[both]
    unit = float(max(np.abs(a).max(initial=0.0), np.abs(m).max(initial=0.0)))
    if unit == 0:
        return 0.0
    a, m = a / unit, m / unit
    return float(np.linalg.norm(a - m) / max(np.linalg.norm(a), np.linalg.norm(m)))


@dataclass(frozen=True)
class Likeness:
    """Compares candidates with a given gradient A, entry by entry.

    |A-M| <= T max(|A|, |M|) + 4u K* g, where g >= 1 is how much larger than the right tensor that
    of M is: a bug that makes a gradient larger makes its rounding larger too.
    """

    given: Parameters
    right: Parameters
    bounds: Bounds
    tolerance: float

    def agreeing(self, M: Parameters) -> int:
        """Return how many tensors agree, counted from the output to the first that does not."""
        slack = self.given.like(self._slack)
        rows = zip(
            tensors_from_output(self.given),
            tensors_from_output(self.right),
            tensors_from_output(M),
            tensors_from_output(slack),
            strict=True,
        )
        count = 0
        for (_, _, a), (_, _, b), (_, _, m), (_, _, r) in rows:
            if not self._same(a, b, m, r):
                break
            count += 1
        return count

    @property
    def tensors(self) -> int:
        """How many tensors there are."""
        return len(tensors_from_output(self.given))

    @property
    def _slack(self) -> Array:
        single = single_precision(self.given)
        u = np.where(single, UNIT_ROUNDOFF[True], UNIT_ROUNDOFF[False])
        return np.asarray(4 * u * self.bounds.K_textbook)

    def _same(self, a: Array, b: Array, m: Array, slack: Array) -> bool:
        both = np.isfinite(a) & np.isfinite(m)
        with np.errstate(all="ignore"):
            growth = max(1.0, float(np.abs(m[both]).max(initial=0) / np.abs(b).max(initial=0)))
            near = np.abs(a - m) <= (
                self.tolerance * np.maximum(np.abs(a), np.abs(m)) + slack * growth
            )
        return bool((near | (np.isnan(a) & np.isnan(m)) | (a == m)).all())
