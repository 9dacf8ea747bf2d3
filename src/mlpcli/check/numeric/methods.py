"""The methods by name, and the numeric gradient that each of them gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from mlpcli.check.numeric.central import central_difference
from mlpcli.check.numeric.complex_step import complex_step
from mlpcli.check.numeric.plain import plain_difference
from mlpcli.errors import UsageError
from mlpcli.text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.check.case import Case
    from mlpcli.check.numeric.units import Mask
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Method", "Numeric", "numeric_gradient"]

Method: TypeAlias = Literal["central", "plain", "complex-step"]


@dataclass(frozen=True)
class Numeric:
    """A numeric gradient `values` over theta, and its `doubt`, q (0 but for `plain`)."""

    method: Method
    values: FloatArray
    doubt: FloatArray


def numeric_gradient(
    case: Case,
    method: Method = "central",
    mask: Mask | None = None,
    step: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> Numeric:
    """Return the numeric gradient over theta, nan outside `mask` (None: every entry).

    `step` is the change of H at the perturbed layer (None: the method's own).
    """
    if method == "plain":
        return Numeric(method, *plain_difference(case, mask, step, progress))
    if method not in get_args(Method):
        known = ", ".join(get_args(Method))
        hint = did_you_mean(method, get_args(Method))
        raise UsageError(f'method: expected one of {known}, got "{method}"{hint}')
    derivative = central_difference if method == "central" else complex_step
    values = derivative(case, mask, step, progress)
    for dW, W in zip(case.network.like(values).W, case.network.W, strict=True):
        np.add(
            dW, case.objective.penalty_gradient(W), out=dW
        )  # both differentiate a square exactly
    return Numeric(method, values, np.zeros_like(values))
