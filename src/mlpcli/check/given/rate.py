"""The learning rate of a training step: known, chosen so that the step is sharp, or fitted.

theta - theta' = eta dJ/dtheta loses the digits in which eta dJ/dtheta is smaller than theta. Where
a function takes its rate it is given one so large that theta is lost instead. A step that depends
on its rate in any other way is judged at rate 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.check.verdict.precision import single_precision
from mlpcli.errors import CaseError
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.check.given.caller import Caller, Made
    from mlpcli.nn.network import Parameters

__all__ = ["Rate", "fitted", "sharpest"]

_DIGITS = {False: 40, True: 24}  # of the factor by which a sharp step outgrows theta, by float32
_SAME = 1e-6


@dataclass(frozen=True)
class Rate:
    """A rate eta; `fitted` says that only the gradient itself tells it, up to so much of it."""

    value: float
    fitted: bool = False
    uncertainty: float = 0.0


def sharpest(caller: Caller, case: Case) -> Rate:
    """Return the largest rate at which the function, which takes it, makes plain steps; or 1."""
    try:
        made, rate = _sharp_step(caller, case)
    except CaseError:
        return Rate(1.0)
    if not np.isfinite(made.gradient.theta).all():
        return Rate(1.0)
    caller.host.begin(case.network.sizes)
    plain = caller.made(case, 1.0)
    return Rate(rate if _agree(made, plain, case) else 1.0)


def _sharp_step(caller: Caller, case: Case) -> tuple[Made, float]:
    """Return a step sharp enough for float32, or for float64 where that turns out to be it."""
    size = 2.0 ** np.ceil(np.log2(np.abs(case.network.theta).max(initial=1e-300)))
    for single in (True, False):
        rate = float(2.0 ** _DIGITS[single] * size)
        caller.host.begin(case.network.sizes)
        made = caller.made(case, rate)
        if single_precision(made.gradient).any():
            break
    return made, rate


@np.errstate(all="ignore")
def _agree(a: Made, b: Made, case: Case) -> bool:
    A, B = (made.gradient.theta.astype(np.float64) for made in (a, b))
    rounding = rounding_bounds(case).textbook(single_precision(b.gradient))
    near = np.abs(A - B) <= _SAME * np.abs(B) + 2 * rounding + a.doubt + b.doubt
    return bool(near.all())


def fitted(made: Made, right: Parameters) -> Rate:
    """Return the rate that brings a step at rate 1 nearest to the right gradient of the last layer.

    Rate 1 where nothing changed there: such a gradient is zero at any rate. A step uphill has a
    positive rate and a gradient of the wrong sign.
    """
    step, gradient = (p.layers[-1].astype(np.float64) for p in (made.gradient, right))
    unit = float(np.abs(gradient).max(initial=0.0))
    if not unit or not np.isfinite(step).all() or not step.any():
        return Rate(1.0, fitted=True)
    g = gradient / unit  # squares of tiny entries would vanish
    c = float(step @ g / (g @ g)) / unit
    if not c:
        return Rate(1.0, fitted=True)
    doubt = made.gradient.like(made.doubt).layers[-1]
    return Rate(abs(c), fitted=True, uncertainty=float(doubt @ np.abs(g) / abs(step @ g)))
