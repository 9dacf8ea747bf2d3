"""The call that a function seems to be made for, where its numbers are right for another one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.check.given.call import Call
    from mlpcli.check.given.caller import Made
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["other_call"]

_SAME = 1e-6  # of the largest entry; a float32 function comes so near


def other_call(call: Call, made: Made, case: Case, rate: float) -> str | None:
    """Return the option under which what was returned is right, None where there is none.

    Weights after a step may have been taken for a gradient, a gradient for such weights, and a
    trainer that goes row by row for one that makes a single step.
    """
    A, theta, right = made.gradient.theta.astype(np.float64), case.network.theta, case.gradient()
    rows = "row" if call.rows else ""
    if not call.step:
        return f"--call {rows and 'row-'}step" if _along(theta - A, right.theta) else None
    after = theta - rate * A
    if _along(after, right.theta):
        return f"--call {rows or 'batch'}"
    if not call.rows and case.rows > 1 and _near(after, _after_all_rows(case, rate)):
        return "--call row-step"
    return None


@np.errstate(all="ignore")
def _after_all_rows(case: Case, rate: float) -> FloatArray:
    """Return theta after a step for each row in turn."""
    theta, omega = case.network.theta, case.omega
    for r in range(case.rows):
        network = case.network.with_theta(theta)
        row = None if omega is None else omega[r : r + 1]
        one = replace(case, X=case.X[r : r + 1], y=case.y[r : r + 1], omega=row)
        if not np.isfinite(theta).all():
            break
        theta = theta - rate * replace(one, network=network).gradient().theta
    return theta


@np.errstate(all="ignore")
def _along(a: FloatArray, right: FloatArray) -> bool:
    """Whether a is c times the right gradient, c > 0, and neither is zero."""
    size = np.abs(right).max(initial=0.0)
    if not size or not np.isfinite(a).all():
        return False
    c = float(a @ (right / size) / (right @ (right / size)))
    return c > 0 and _near(a, c * right)


@np.errstate(all="ignore")
def _near(a: FloatArray, b: FloatArray) -> bool:
    return bool((np.abs(a - b) <= _SAME * np.abs(b).max(initial=0.0)).all())
