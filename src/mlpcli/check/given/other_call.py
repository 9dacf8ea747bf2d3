"""The call that a function seems to be made for, where its numbers are right for another one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.records import dataclass

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.check.given.call import Call
    from mlpcli.check.given.caller import Made
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["OtherCall", "other_call"]

_SAME = 1e-6  # of the largest entry; a float32 function comes so near
_ROUNDS = 40  # the factor of an online trainer is better by an order or so in each


@dataclass(frozen=True)
class OtherCall:
    """The option, and the gradient that it makes of the function: right, or c times right.

    `taken` says that the function takes the call, as far as is known.
    """

    option: str
    gradient: Parameters
    taken: bool = True

    @property
    def call(self) -> str:
        """The name of the call."""
        return self.option.removeprefix("--call ")


def other_call(call: Call, made: Made, case: Case, rate: float) -> OtherCall | None:
    """Return the call under which what was returned is right up to a factor, if there is one.

    Weights after a step may have been taken for a gradient, a gradient for such weights, and a
    trainer that goes row by row for one that makes a single step.
    """
    A, theta, right = made.gradient.theta.astype(np.float64), case.network.theta, case.gradient()
    rows = "row" if call.rows else ""
    if not call.step:
        found = _along(theta - A, right.theta)
        return OtherCall(f"--call {rows and 'row-'}step", right) if found else None
    after = theta - rate * A
    c = _along(after, right.theta)
    if c:
        return OtherCall(f"--call {rows or 'batch'}", right.like(c * right.theta))
    c = 0.0 if call.rows or case.rows == 1 else _factor_online(after, case, rate)
    return OtherCall("--call row-step", right.like(c * right.theta)) if c else None


def _factor_online(after: FloatArray, case: Case, rate: float) -> float:
    """Return c of a trainer that makes a step of c times the gradient of each row; 0 for none."""
    theta, c = case.network.theta, 1.0
    for _ in range(_ROUNDS):
        ours = _after_all_rows(case, c * rate)
        better = c * _ratio(after - theta, ours - theta)
        if _near(after - theta, ours - theta):
            return better
        c = better
        if not 1e-6 < abs(c) < 1e6:
            break
    return 0.0


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


def _along(a: FloatArray, right: FloatArray) -> float:
    """Return c > 0 where a is c times the right gradient, which is not zero; else 0."""
    c = _ratio(a, right)
    return c if c > 0 and _near(a, c * right) else 0.0


@np.errstate(all="ignore")
def _ratio(a: FloatArray, b: FloatArray) -> float:
    """Return c of a = c b by least squares; 0 where there is none."""
    size = np.abs(b).max(initial=0.0)
    c = (a / size) @ (b / size) / ((b / size) @ (b / size))
    return float(c) if np.isfinite(c) else 0.0


@np.errstate(all="ignore")
def _near(a: FloatArray, b: FloatArray) -> bool:
    return bool((np.abs(a - b) <= _SAME * np.abs(b).max(initial=0.0)).all())
