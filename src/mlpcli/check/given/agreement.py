"""Whether two gradients of a case are the same but for rounding, and where they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.check.verdict.precision import single_precision
from mlpcli.check.verdict.rule import EntryVerdict, judge

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.check.given.caller import Made
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["contradicts", "equal", "slack_of", "where_apart"]

_SAME = 1e-9
_TOLERANCE = 1e-6


def slack_of(case: Case, made: Made) -> FloatArray:
    """Return what two calls may differ by, over theta: the rounding of both."""
    slack: FloatArray = (
        2 * rounding_bounds(case).textbook(single_precision(made.gradient)) + 2 * made.doubt
    )
    return slack


def equal(first: Made, other: Made, slack: FloatArray) -> bool:
    """Equal up to the rounding of sums in another order, which threads may bring about."""
    A, B = (made.gradient.theta.astype(np.float64) for made in (first, other))
    with np.errstate(all="ignore"):
        near = np.abs(A - B) <= _SAME * np.abs(A) + slack
    return bool((near | (A == B) | (np.isnan(A) & np.isnan(B))).all())


def contradicts(made: Made, case: Case) -> bool:
    """Whether an entry is farther from the right one than its rounding, and T, explain."""
    right = case.gradient().theta
    entries = judge(made.gradient, right, rounding_bounds(case), _TOLERANCE, made.doubt)
    return bool((entries.verdict == EntryVerdict.MISMATCH).any())


def where_apart(a: Parameters, b: Parameters) -> str:
    """Return the entry that differs most, and both its values."""
    with np.errstate(all="ignore"):
        apart = np.nan_to_num(np.abs(a.theta - b.theta), nan=np.inf)
    place = int(np.argmax(apart))
    for (name, one), (_, other) in zip(a.tensors(), b.tensors(), strict=True):
        if place < one.size:
            index = [int(i) for i in np.unravel_index(place, one.shape)]
            values = one.ravel()[place], other.ravel()[place]
            return f"{name}{index} was {values[0]:.9g}, then {values[1]:.9g}"
        place -= one.size
    raise AssertionError("no such entry")
