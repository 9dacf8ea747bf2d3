"""Whether a step is a plain one, theta - eta dJ/dtheta; if not, the check has nothing to judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.check.verdict.precision import single_precision
from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.check.given.caller import Made
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["require_plain"]

_EVEN = 1e-3  # Adam's epsilon of 1e-8 makes small entries this uneven
_SAME = 1e-6


def require_plain(made: Made, case: Case, name: str) -> None:
    """Raise CaseError for the first step of Adam or RMSprop, and for weight decay on biases too.

    Momentum shows in the second step only (`watch.py`); decay of the weights alone is a penalty.
    """
    A, g = made.gradient.theta.astype(np.float64), case.gradient().theta
    if not np.isfinite(A).all():
        return
    size = np.abs(A[A != 0])
    if size.size > 1 and _even(size) and not _even(np.abs(g[g != 0])):
        raise CaseError(
            f"{name}: all weights change by the same amount, whatever their gradient, as in the "
            "first step of Adam or RMSprop: no plain step; check it with plain gradient descent"
        )
    decay = _decay(A - g, case.network, _slack(made, case))
    if decay:
        raise CaseError(
            f"{name}: the step is (1 - rate x {decay:.6g}) theta - rate x gradient, which is "
            "weight decay of weights and biases: no plain step; check it without"
        )


def _slack(made: Made, case: Case) -> FloatArray:
    rounding = rounding_bounds(case).textbook(single_precision(made.gradient))
    slack: FloatArray = rounding + made.doubt
    return slack


def _even(sizes: FloatArray) -> bool:
    return bool(sizes.size and sizes.max() - sizes.min() <= _EVEN * sizes.max())


def _decay(rest: FloatArray, network: Parameters, slack: FloatArray) -> float:
    """Return the decay that explains the rest of a step, 0 where it does not."""
    theta = network.theta
    if not any(b.any() for b in network.b):
        return 0.0
    decay = float(rest @ theta / (theta @ theta))
    left = np.abs(rest - decay * theta)
    told = np.abs(decay * theta) > 10 * slack
    return decay if told.any() and (left <= _SAME * np.abs(rest).max() + slack).all() else 0.0
