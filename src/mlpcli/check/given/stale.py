"""What a function keeps from an earlier call, where its answer to other numbers shows it.

Activations, labels or weights that are kept by their shapes, by the place of an array in memory,
or once for all, are right on the first batch and old on the next. So a function is called on other
numbers of the same shapes after the case; where the answer is not right, anew on them alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.calls import DEPENDS_ON_EARLIER_ROWS
from mlpcli.check.bugs.diagnosis import Diagnosis, finding
from mlpcli.check.given.agreement import contradicts, equal, slack_of, where_apart
from mlpcli.check.given.host import NoAnswer
from mlpcli.check.given.other_cases import other_numbers, other_weights
from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.check.given.caller import Caller, Made

__all__ = ["made_or_why", "stale", "stale_failure"]

_OLD = 1e-5  # of the largest entry
_OTHERS = {"other weights": other_weights, "other rows, labels and weights": other_numbers}


def stale(caller: Caller, case: Case, rate: float) -> Diagnosis | None:
    """Return what is kept of the calls on the case that came before; None where nothing is."""
    for words, changed in _OTHERS.items():
        other = changed(case)
        after, error = made_or_why(caller, other, rate, f" on {words}")
        if after is None:
            found = stale_failure(caller, other, rate, error)
        elif contradicts(after, other):
            found = _old_numbers(caller, other, rate, after, words)
        else:
            continue
        if found is not None:
            return found
        made_or_why(caller, case, rate)  # so that the next comes after it, too
    return None


def _old_numbers(
    caller: Caller, other: Case, rate: float, after: Made, words: str
) -> Diagnosis | None:
    """Return how the answer to the other case differs from that to it as the first of all."""
    caller.host.begin(other.network.sizes)
    alone, _ = made_or_why(caller, other, rate)
    if alone is None or equal(alone, after, slack_of(other, alone) + _reach(alone)):
        return None
    where = where_apart(alone.gradient, after.gradient)
    facts = f"on {words} {where} after a call on those of the case, in the same shapes"
    return finding(DEPENDS_ON_EARLIER_ROWS, (), facts)


def _reach(made: Made) -> float:
    """Return what no old numbers are so near as."""
    sizes = np.abs(made.gradient.theta.astype(np.float64))
    return _OLD * float(sizes.max(initial=0.0, where=np.isfinite(sizes)))


def stale_failure(
    caller: Caller, other: Case, rate: float, error: CaseError | None
) -> Diagnosis | None:
    """Return that a call fails only after those on the case; None where it fails alone as well."""
    caller.host.begin(other.network.sizes)
    alone, _ = made_or_why(caller, other, rate)
    if alone is None:
        return None
    said = str(error).removeprefix(f"{caller.host.name}: ")
    return finding(DEPENDS_ON_EARLIER_ROWS, (), f"{said}; but not as the first call of all")


def made_or_why(
    caller: Caller, case: Case, rate: float, where: str = ""
) -> tuple[Made, None] | tuple[None, CaseError]:
    """Return the gradient, or the error. Raises NoAnswer: after that there is no call any more."""
    try:
        return caller.made(case, rate, where), None
    except NoAnswer:
        raise
    except CaseError as error:
        return None, error
