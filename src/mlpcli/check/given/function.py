"""The check of somebody's function on a case: what it computes, and what is wrong with its ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.given.call import CALLS
from mlpcli.check.given.caller import Caller
from mlpcli.check.given.hidden import hidden_by_call
from mlpcli.check.given.intermediates import compare
from mlpcli.check.given.layout import OURS, Layout
from mlpcli.check.given.other_call import other_call
from mlpcli.check.given.plain_step import require_plain
from mlpcli.check.given.provenance import Provenance
from mlpcli.check.given.rate import Rate, fitted, handed
from mlpcli.check.given.same_shapes import same_shapes
from mlpcli.check.given.watch import misbehaviour
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.check.given.caller import Made
    from mlpcli.check.given.host import Host
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["FunctionRun", "run_function"]


@dataclass(frozen=True)
class FunctionRun:
    """The gradient of a function by its first call, what is known of it, and the rate of a step."""

    gradient: Parameters
    known: Provenance
    rate: Rate | None


def run_function(
    host: Host,
    case: Case,
    *,
    call: str = "batch",
    layout: Layout = OURS,
    learning_rate: float | None = None,
) -> FunctionRun:
    """Call the function on the case, again, and again after other rows; compare.

    The case is that of the layout. `learning_rate` is that of a step: handed to a function that
    takes one, else what it is known to be. Raises CaseError where the function fails, returns what
    is no gradient of the case, or makes no plain step.
    """
    caller = Caller(host, CALLS[call], layout)
    facts = host.begin(case.network.sizes)
    rate = Rate(learning_rate or 1.0)
    if caller.call.step and facts.takes_rate:
        rate = handed(caller, case, learning_rate)
        host.begin(case.network.sizes)
    first = caller.made(case, rate.value)
    if caller.call.step and learning_rate is None and not facts.takes_rate:
        rate = fitted(first, case.gradient())
        host.begin(case.network.sizes)
        first = caller.made(case, rate.value)
    found = tuple(misbehaviour(caller, case, first, rate.value))
    other = other_call(caller.call, first, case, rate.value)
    if other is None:
        other = same_shapes(caller, first, case, rate.value, fitted=rate.fitted)
    if caller.call.step and other is None:
        _require_plain(caller, case, rate.value)
    returned = first.returned
    known = Provenance(
        layout=layout,
        beside=() if returned is None else compare(returned.beside, case, layout),
        order=returned.reading if returned is not None and returned.packed else None,
        outgrown=None if returned is None else returned.outgrown,
        call=call,
        findings=found,
        doubt=_doubt(first, rate) if caller.call.step else None,
        hidden=hidden_by_call(case, caller.cases(case), fitted=rate.fitted),
        other_call=other,
        place=(facts.file, facts.line),
    )
    return FunctionRun(first.gradient, known, rate if caller.call.step else None)


def _doubt(made: Made, rate: Rate) -> FloatArray:
    """Return what rounding has done to a step, and what it has done to its fitted rate."""
    theta = np.abs(made.gradient.theta)
    doubt: FloatArray = made.doubt + rate.uncertainty * np.where(np.isfinite(theta), theta, 0)
    return doubt


def _require_plain(caller: Caller, case: Case, rate: float) -> None:
    """Raise CaseError where the first step, that on the first row under `rows`, is no plain one."""
    case = next(iter(caller.cases(case)))
    caller.host.begin(case.network.sizes)
    require_plain(caller.made(case, rate), case, caller.host.name)
