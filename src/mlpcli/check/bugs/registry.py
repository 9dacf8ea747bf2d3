"""All known bugs: by the place where they are made, and by name.

The specific come before the general where they are made alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.check.bugs import (
    bias,
    calls,
    carried,
    factors,
    forms,
    forward,
    lists,
    output,
    penalty,
    rows,
    slopes,
    upstream,
    weights,
)
from mlpcli.check.bugs.diagnosis import NON_FINITE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.check.bugs.record import Bug

__all__ = ["BUGS", "OBSERVED", "PLACES"]

# Those that a search makes of rules, and tells by the numbers of one gradient.
PLACES: dict[str, Sequence[Bug]] = {
    "The derivative of the loss": output.BUGS,
    "The mean over rows and outputs": rows.BUGS,
    "The form of that derivative": forms.BUGS,
    "The derivative of the activation": (*slopes.BUGS, *upstream.BUGS),
    "What carries delta down": carried.BUGS,
    "The forward pass": forward.BUGS,
    "The gradient of the biases": bias.BUGS,
    "The gradient of the weights": weights.BUGS,
    "The gradient of the penalty": penalty.BUGS,
    "The lists of gradients": lists.BUGS,
    "Factors, signs, zeros, single entries": factors.BUGS,
}
# Those that are seen without a search.
OBSERVED: dict[str, Sequence[Bug]] = {
    "Numbers that are none": (NON_FINITE,),
    "What shows over several calls": calls.BUGS,
}
BUGS: dict[str, Bug] = {bug.name: bug for place in PLACES.values() for bug in place}
