"""Whether a function takes the call that its numbers are right for: it is called so, and compared.

One that returns its gradient and yet needs a learning rate is right for a call that it refuses.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.given.function import run_function
from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.check.given.layout import Layout
    from mlpcli.check.given.other_call import OtherCall
    from mlpcli.check.given.way import Opened
    from mlpcli.nn.network import Parameters

__all__ = ["with_trial"]

_SAME = 1e-4  # of the largest entry: a fitted rate, and float32, tell it no better


def with_trial(other: OtherCall, opened: Opened, case: Case, layout: Layout) -> OtherCall:
    """Return the other call with what came of it; `opened` gives the function a place of its own.

    The case is that of the layout.
    """
    try:
        with opened(call=other.call) as host:
            made = run_function(host, case, call=other.call, layout=layout).gradient
    except CaseError:
        return replace(other, taken=False)
    return replace(other, taken=_same(made, other.gradient))


@np.errstate(all="ignore")
def _same(made: Parameters, told: Parameters) -> bool:
    apart = np.abs(made.theta.astype(np.float64) - told.theta)
    return bool((apart <= _SAME * np.abs(told.theta).max()).all())
