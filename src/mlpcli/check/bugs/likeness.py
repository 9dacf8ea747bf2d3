"""Says whether two gradients are the same but for rounding, from the output down."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mlpcli.check.verdict.precision import single_precision
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.verdict.bounds import Bounds
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Likeness", "Tensor", "distance", "relative_distance", "tensors_from_output"]


_LARGEST = float(np.finfo(np.float64).max)  # no rounding is inf, or all would be alike


class Tensor(NamedTuple):
    """One tensor of a gradient: W1, b1, .., its layer, and its numbers."""

    name: str
    layer: int
    array: FloatArray


def tensors_from_output(gradient: Parameters) -> list[Tensor]:
    """Return the tensors in the order in which backpropagation makes them: bL, WL, .. b1, W1."""
    found = [Tensor(name, int(name[1:]), array) for name, array in gradient.tensors()]
    return found[::-1]


def arrays_from_output(gradient: Parameters) -> list[FloatArray]:
    """Return their numbers alone, in the same order."""
    if not gradient.bias:
        return gradient.W[::-1]
    pairs = zip(reversed(gradient.b), reversed(gradient.W), strict=True)
    return [array for pair in pairs for array in pair]


def distance(A: Parameters, M: Parameters) -> float:
    """Return the largest relative distance of a tensor, ||A-M|| / max(||A||, ||M||), 0/0 = 0.

    Entries that are nan in both, or the same infinity, count as equal; any other nan as inf.
    """
    pairs = zip(A.tensors(), M.tensors(), strict=True)
    return max(relative_distance(a, m) for (_, a), (_, m) in pairs)


def relative_distance(a: FloatArray, m: FloatArray) -> float:
    """Return the distance of two tensors as `distance` defines it."""
    both = np.isfinite(a) & np.isfinite(m)
    if not (both | (np.isnan(a) & np.isnan(m)) | (a == m)).all():
        return float("inf")
    a, m = a[both].astype(np.float64), m[both].astype(np.float64)  # 1e-46 is 0 in float32
    unit = float(max(np.abs(a).max(initial=0.0), np.abs(m).max(initial=0.0)))
    if unit == 0:
        return 0.0
    a, m = a / unit, m / unit
    return float(np.linalg.norm(a - m) / max(np.linalg.norm(a), np.linalg.norm(m)))


@dataclass(frozen=True)
class Likeness:
    """Compares candidates with a given gradient A, entry by entry, as the verdict does.

    |A-M| <= T max(|A|, |M|) + 4u K* g + q, where g >= 1 is how much larger than the right tensor
    that of M is: a bug that makes a gradient larger makes its rounding larger too. q is `doubt`,
    over theta: what A may be off by besides, such as half of its last printed digit.
    """

    given: Parameters
    right: Parameters
    bounds: Bounds
    tolerance: float
    doubt: FloatArray | None = None

    def agreeing(self, M: Parameters) -> int:
        """Return how many tensors agree, counted from the output to the first that does not."""
        for count, same in enumerate(self.each(M)):
            if not same:
                return count
        return self.tensors

    def each(self, M: Parameters, first: int = 0) -> Iterator[bool]:
        """Yield whether each tensor agrees, from the output down, beginning with this one."""
        pairs = zip(self._known[first:], arrays_from_output(M)[first:], strict=True)
        return (self._same(known, m) for known, m in pairs)

    def is_near(self, M: Parameters, first: int = 0, stop: int | None = None) -> bool:
        """Whether these tensors, from the output down, are within T as a whole."""
        pairs = zip(self._known[first:stop], arrays_from_output(M)[first:stop], strict=True)
        return all(
            relative_distance(known.given, m) <= self.tolerance + known.share for known, m in pairs
        )

    @cached_property
    def right_down(self) -> int:
        """How many tensors from the output down agree with the right gradient."""
        return self.agreeing(self.right)

    @cached_property
    def as_right(self) -> tuple[bool, ...]:
        """Whether each tensor agrees with the right gradient, from the output down."""
        return tuple(self.each(self.right))

    @property
    def tensors(self) -> int:
        """How many tensors there are."""
        return len(self._known)

    @cached_property
    def _known(self) -> list[_Known]:
        """What is known of each tensor, from the output down."""
        slack = self.given.like(self.bounds.textbook(single_precision(self.given)))
        doubt = np.zeros(self.given.theta.size) if self.doubt is None else self.doubt
        arrays = (self.given, self.right, slack, self.given.like(doubt))
        return [
            _Known(a, float(np.abs(b).max(initial=0)), _either_way(r), q, _share(q, a))
            for a, b, r, q in zip(*map(arrays_from_output, arrays), strict=True)
        ]

    def _same(self, known: _Known, m: FloatArray) -> bool:
        a = known.given
        with np.errstate(all="ignore"):
            apart, size = np.abs(a - m), np.maximum(np.abs(a), np.abs(m))
            allowed = self.tolerance * size + known.doubt
            if (apart <= allowed + known.slack).all() and np.isfinite(size).all():
                return True
            both = np.isfinite(a) & np.isfinite(m)
            largest = float(np.abs(m[both]).max(initial=0))
            growth = min(max(1.0, largest / (known.largest or np.inf)), _LARGEST)
            near = both & (apart <= allowed + known.slack * growth)
        return bool((near | (np.isnan(a) & np.isnan(m)) | (a == m)).all())


class _Known(NamedTuple):
    """A given tensor, the largest entry of the right one, what rounding can do to it, and q.

    `share` is what q is of the norm of the tensor.
    """

    given: FloatArray
    largest: float
    slack: FloatArray
    doubt: FloatArray
    share: float


def _share(doubt: FloatArray, array: FloatArray) -> float:
    finite = np.abs(array[np.isfinite(array)].astype(np.float64))
    unit = float(max(doubt.max(initial=0.0), finite.max(initial=0.0)))
    if not 0 < unit < np.inf or not doubt.any():
        return 0.0
    norm = float(np.linalg.norm(finite / unit))
    return float(np.linalg.norm(doubt / unit)) / norm if norm else np.inf


def _either_way(slack: FloatArray) -> FloatArray:
    """Return the larger slack of a square matrix and its transpose: one bug transposes it."""
    square = slack.ndim == 2 and slack.shape[0] == slack.shape[1]
    return np.maximum(slack, slack.T) if square else slack
