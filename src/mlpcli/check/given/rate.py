"""The learning rate of a training step: known, chosen so that the step is sharp, or fitted.

theta - theta' = eta dJ/dtheta loses the digits in which eta dJ/dtheta is smaller than theta. Where
a function takes its rate it is given one so large that theta is lost instead. A step that depends
on its rate in any other way is judged at rate 1; or, where it is right there and not at another
rate, at that other one: at rate 1 no eta, eta^2 and 1/eta are all the same.
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
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Rate", "fitted", "handed"]

_DIGITS = {False: 40, True: 24}  # of the factor by which a sharp step outgrows theta, by float32
_SAME = 1e-6
_ALIKE = 1e-4  # of the largest step of a tensor; a float32 function comes so near
_OTHER = 0.73  # times a rate: no power or inverse of it is 2, 1/2 or a ratio of small N and K


@dataclass(frozen=True)
class Rate:
    """A rate eta; `fitted` says that only the gradient itself tells it, up to so much of it."""

    value: float
    fitted: bool = False
    uncertainty: float = 0.0


def handed(caller: Caller, case: Case, said: float | None) -> Rate:
    """Return the rate at which a function that takes it is judged.

    It is the one that was `said`, else the largest at which its steps are plain, else 1; and a
    smaller one where only that shows that a tensor's step is not the rate times its gradient.
    """
    sharp = None if said is not None else _sharpest(caller, case)
    return Rate(_telling(caller, case, said or 1.0) if sharp is None else sharp)


def _sharpest(caller: Caller, case: Case) -> float | None:
    """Return a rate so large that theta is lost, None where the step there is no plain one."""
    try:
        made, rate = _sharp_step(caller, case)
    except CaseError:
        return None
    if not np.isfinite(made.gradient.theta).all():
        return None
    return rate if _near(made, _anew(caller, case, 1.0), case).all() else None


def _sharp_step(caller: Caller, case: Case) -> tuple[Made, float]:
    """Return a step sharp enough for float32, or for float64 where that turns out to be it."""
    size = 2.0 ** np.ceil(np.log2(np.abs(case.network.theta).max(initial=1e-300)))
    for single in (True, False):
        rate = float(2.0 ** _DIGITS[single] * size)
        made = _anew(caller, case, rate)
        if single_precision(made.gradient).any():
            break
    return made, rate


def _telling(caller: Caller, case: Case, rate: float) -> float:
    """Return the rate, or a smaller one at which a step that is right at this rate alone is wrong.

    Weights that are updated too early bend the steps of hidden layers at any rate, and never that
    of the last: where it alone goes with the rate, the rate stays.
    """
    try:
        made, other = (_anew(caller, case, eta) for eta in (rate, _OTHER * rate))
    except CaseError:
        return rate
    as_told = _near(made, other, case)
    last = case.network.layers[-1].size
    right = np.abs(made.gradient.theta - case.gradient().theta) <= _reach(made, made, case)
    misused = not as_told[-last:].all() or (right.all() and not as_told.all())
    return _OTHER * rate if misused else rate


def _anew(caller: Caller, case: Case, rate: float) -> Made:
    """Return the first step of a function at this rate."""
    caller.host.begin(case.network.sizes)
    return caller.made(case, rate)


@np.errstate(all="ignore")
def _near(a: Made, b: Made, case: Case) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which entries of two gradients are equal but for rounding."""
    A, B = (made.gradient.theta.astype(np.float64) for made in (a, b))
    near: np.ndarray[tuple[int], np.dtype[np.bool_]] = np.abs(A - B) <= _reach(a, b, case)
    return near


@np.errstate(all="ignore")
def _reach(a: Made, b: Made, case: Case) -> FloatArray:
    """Return what rounding may put between the entries of two gradients."""
    rounding = rounding_bounds(case).textbook(single_precision(b.gradient))
    size = np.abs(b.gradient.theta.astype(np.float64))
    reach: FloatArray = _SAME * size + 2 * rounding + a.doubt + b.doubt
    return reach


@dataclass(frozen=True)
class _Fit:
    """c of step = c x gradient, by least squares, and whether that holds for all entries."""

    c: float
    uncertainty: float
    size: int
    exact: bool

    def agrees(self, other: _Fit) -> bool:
        """Whether the two are equal but for the sign and what is uncertain of them."""
        apart = abs(abs(self.c) - abs(other.c))
        return apart <= abs(self.c) * (_ALIKE + self.uncertainty + other.uncertainty)


def fitted(made: Made, right: Parameters) -> Rate:
    """Return the rate that brings a step at rate 1 nearest to the right gradient of the last layer.

    Where W and b disagree about it there, the one that most entries of all tensors tell. Rate 1
    where nothing changed: such a gradient is zero at any rate. A step uphill has a positive rate
    and a gradient of the wrong sign.
    """
    doubt = made.gradient.like(made.doubt)
    last = _fit(made.gradient.layers[-1], right.layers[-1], doubt.layers[-1])
    if last is None:
        return Rate(1.0, fitted=True)
    found = last if last.exact else _most_told(made.gradient, right, doubt) or last
    return Rate(abs(found.c), fitted=True, uncertainty=found.uncertainty)


def _most_told(step: Parameters, right: Parameters, doubt: Parameters) -> _Fit | None:
    """Return the fit of the tensor with which most entries agree; None where none is exact.

    W and b of the last layer decide where they agree but for the sign.
    """
    triples = zip(step.tensors(), right.tensors(), doubt.tensors(), strict=True)
    each = [_fit(*(tensor.ravel() for _, tensor in triple)) for triple in triples]
    last = [fit for fit in each[-2:] if fit is not None and fit.exact]
    if len(last) == 2 and last[0].agrees(last[1]):
        return last[0]
    exact = [fit for fit in each if fit is not None and fit.exact and fit.size > 1]
    votes = [sum(other.size for other in exact if fit.agrees(other)) for fit in exact]
    return exact[int(np.argmax(votes))] if exact else None


def _fit(step: FloatArray, gradient: FloatArray, doubt: FloatArray) -> _Fit | None:
    """Return c of these entries, None where the gradient or the step is none."""
    step, gradient = step.astype(np.float64), gradient.astype(np.float64)
    unit = float(np.abs(gradient).max(initial=0.0))
    if not unit or not np.isfinite(step).all() or not step.any():
        return None
    g = gradient / unit  # squares of tiny entries would vanish
    c = float(step @ g / (g @ g)) / unit
    if not c:
        return None
    near = np.abs(step - c * gradient) <= _ALIKE * np.abs(step).max() + doubt
    uncertainty = float(doubt @ np.abs(g) / abs(step @ g))
    return _Fit(c, uncertainty, step.size, bool(near.all()))
