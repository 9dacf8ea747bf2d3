"""What is wrong with a function's ways: it changes its inputs, remembers, or throws dice.

The function is called on the same case again, and again after other rows. What the rounding of sums
in another order explains, which threads may bring about, is no fault.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.calls import (
    ACCUMULATES_OVER_CALLS,
    CHANGES_INPUTS,
    DEPENDS_ON_EARLIER_ROWS,
    NOT_DETERMINISTIC,
)
from mlpcli.check.bugs.diagnosis import Diagnosis, finding
from mlpcli.check.given.host import NoAnswer
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.check.verdict.precision import single_precision
from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.case import Case
    from mlpcli.check.given.caller import Caller, Made
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["misbehaviour"]

_SAME = 1e-9


def misbehaviour(caller: Caller, case: Case, first: Made, rate: float) -> Iterator[Diagnosis]:
    """Yield what is wrong with a function that has just made `first` of the case at this rate.

    Raises CaseError where a step is no plain one: it has momentum; and where it fails when it is
    called again, unless it has changed its inputs, which may be why.
    """
    if first.changed:
        yield finding(CHANGES_INPUTS, (), _changed(caller, first))
    try:
        yield from _remembering(caller, case, first, rate)
    except NoAnswer:
        raise
    except CaseError:
        if not first.changed:
            raise


def _remembering(caller: Caller, case: Case, first: Made, rate: float) -> Iterator[Diagnosis]:
    """Yield what is wrong with a function that answers otherwise when it is called again."""
    slack = _slack(case, first)
    second = caller.made(case, rate)
    if not _equal(first, second, slack):
        yield _unequal(caller, case, rate, first, second)
        return
    caller.made(_other_rows(case), rate, " on other rows")
    third = caller.made(case, rate)
    if not _equal(first, third, slack):
        facts = _where(first.gradient, third.gradient)
        yield finding(DEPENDS_ON_EARLIER_ROWS, (), facts)


def _changed(caller: Caller, first: Made) -> str:
    """Return what is changed, and what the function may be where that are all weights."""
    step = "row-step" if caller.call.rows else "step"
    moved = sum(name[0] == "W" for name in first.changed) == len(first.gradient.W)
    maybe = f"; a training step? Then add --call {step}" if moved else ""
    return f"{', '.join(first.changed)}{maybe}"


def _other_rows(case: Case) -> Case:
    """Return the first half of the rows; of a single row, half of its features."""
    rows = slice(0, max(1, len(case.X) // 2))
    omega = None if case.omega is None else case.omega[rows]
    X = case.X[rows] if len(case.X) > 1 else case.X / 2
    return replace(case, X=X, y=case.y[rows], omega=omega)


def _unequal(caller: Caller, case: Case, rate: float, first: Made, second: Made) -> Diagnosis:
    """Return why two calls differ: sums are kept, or else it is not known."""
    if caller.call.rows:  # there, the rows before would be in the sum
        case = _other_rows(replace(case, X=case.X[:1], y=case.y[:1], omega=None))
        caller.host.begin(case.network.sizes)
        first, second = caller.made(case, rate), caller.made(case, rate)
    ratio = _ratio(first, second, _slack(case, first))
    facts = _where(first.gradient, second.gradient)
    if ratio is None or abs(ratio - 1) < _SAME:
        return finding(NOT_DETERMINISTIC, (), facts)
    if abs(ratio - 2) < 1e-5:
        return finding(ACCUMULATES_OVER_CALLS, (), facts)
    if caller.call.step:
        raise CaseError(
            f"{caller.host.name}: the second step from the same weights is {ratio:.6g} times the "
            f"first, as with momentum {ratio - 1:.4g}: no plain step; check it without momentum"
        )
    return finding(NOT_DETERMINISTIC, (), f"the second is {ratio:.6g} times the first")


@np.errstate(all="ignore")
def _ratio(first: Made, second: Made, slack: FloatArray) -> float | None:
    """Return the number by which all of the first is multiplied in the second, if there is one.

    There is none of zeros, nor where an entry is nan or inf: then the ratio is so, too.
    """
    A, B = (made.gradient.theta.astype(np.float64) for made in (first, second))
    scale = np.abs(A).max(initial=0.0)
    ratio = float((B / scale) @ (A / scale) / ((A / scale) @ (A / scale)))
    near = np.abs(B - ratio * A) <= 1e-6 * np.abs(B) + (1 + abs(ratio)) * slack
    return ratio if np.isfinite(ratio) and near.all() else None


def _slack(case: Case, made: Made) -> FloatArray:
    slack: FloatArray = (
        2 * rounding_bounds(case).textbook(single_precision(made.gradient)) + 2 * made.doubt
    )
    return slack


def _equal(first: Made, other: Made, slack: FloatArray) -> bool:
    """Equal up to the rounding of sums in another order, which threads may bring about."""
    A, B = (made.gradient.theta.astype(np.float64) for made in (first, other))
    with np.errstate(all="ignore"):
        near = np.abs(A - B) <= _SAME * np.abs(A) + slack
    return bool((near | (A == B) | (np.isnan(A) & np.isnan(B))).all())


def _where(a: Parameters, b: Parameters) -> str:
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
