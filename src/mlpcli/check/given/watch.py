"""What is wrong with a function's ways: it changes its inputs, remembers, or throws dice.

The function is called on the same case again, on other numbers of its shapes (`stale.py`), on the
case once more, and on many rows (`batches.py`). What the rounding of sums in another order
explains, which threads may bring about, is no fault.
"""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.calls import (
    ACCUMULATES_OVER_CALLS,
    CHANGES_INPUTS,
    DEPENDS_ON_EARLIER_ROWS,
    NOT_DETERMINISTIC,
)
from mlpcli.check.bugs.diagnosis import Diagnosis, finding
from mlpcli.check.given.agreement import equal, slack_of, where_apart
from mlpcli.check.given.batches import wrong_on_many_rows
from mlpcli.check.given.host import NoAnswer
from mlpcli.check.given.other_cases import MANY, fewer_rows, many_rows
from mlpcli.check.given.stale import made_or_why, stale, stale_failure
from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.case import Case
    from mlpcli.check.given.caller import Caller, Made
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["misbehaviour"]

_SAME = 1e-9
_SHARE = 20  # a call that may be left out takes no more than 1/20 of the time for all


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
    slack, start = slack_of(case, first), monotonic()
    second = caller.made(case, rate)
    seconds = monotonic() - start
    if not equal(first, second, slack):
        yield _unequal(caller, case, rate, first, second)
        return
    found = stale(caller, case, rate) if _in_time(caller, seconds) else None
    found = found or _on_fewer_rows(caller, case, rate)
    if found is None:
        third = caller.made(case, rate)
        if not equal(first, third, slack):
            facts = where_apart(first.gradient, third.gradient)
            found = finding(DEPENDS_ON_EARLIER_ROWS, (), facts)
    if found is None and _in_time(caller, seconds * MANY / case.rows):
        found = _on_many_rows(caller, case, first, rate)
    if found is not None:
        yield found


def _on_fewer_rows(caller: Caller, case: Case, rate: float) -> Diagnosis | None:
    """Call it on fewer rows, and return why that fails where it is because of the calls before.

    Raises CaseError where it fails whatever was called before.
    """
    fewer = fewer_rows(case)
    _, error = made_or_why(caller, fewer, rate, " on other rows")
    if error is None:
        return None
    found = stale_failure(caller, fewer, rate, error)
    if found is None:
        raise error
    return found


def _on_many_rows(caller: Caller, case: Case, first: Made, rate: float) -> Diagnosis | None:
    """Return what is wrong with many rows at once, which a function need not take.

    A trainer may make a step of each batch of them: that is not told from a wrong one.
    """
    many = None if caller.call.rows or caller.call.step else many_rows(case)
    if many is None:
        return None
    made, _ = made_or_why(caller, many, rate, f" on {MANY} rows")
    return None if made is None else wrong_on_many_rows(first, case, made, many)


def _in_time(caller: Caller, seconds: float) -> bool:
    """Whether calls that take so long are a small part of the time that is left for all."""
    return _SHARE * seconds < caller.host.left


def _changed(caller: Caller, first: Made) -> str:
    """Return what is changed, and what the function may be where that are all weights."""
    step = "row-step" if caller.call.rows else "step"
    moved = sum(name[0] == "W" for name in first.changed) == len(first.gradient.W)
    maybe = f"; a training step? Then add --call {step}" if moved else ""
    return f"{', '.join(first.changed)}{maybe}"


def _unequal(caller: Caller, case: Case, rate: float, first: Made, second: Made) -> Diagnosis:
    """Return why two calls differ: sums are kept, or else it is not known."""
    if caller.call.rows:  # there, the rows before would be in the sum
        case = fewer_rows(replace(case, X=case.X[:1], y=case.y[:1], omega=None))
        caller.host.begin(case.network.sizes)
        first, second = caller.made(case, rate), caller.made(case, rate)
    ratio = _ratio(first, second, slack_of(case, first))
    facts = where_apart(first.gradient, second.gradient)
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
