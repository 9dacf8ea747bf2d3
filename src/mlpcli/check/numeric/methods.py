"""The methods by name, and the numeric gradient that each of them gives."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from mlpcli.check.numeric.central import central_difference
from mlpcli.check.numeric.complex_step import complex_step
from mlpcli.check.numeric.plain import plain_difference
from mlpcli.check.numeric.units import units
from mlpcli.errors import UsageError
from mlpcli.ranks import job
from mlpcli.records import dataclass
from mlpcli.text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlpcli.check.case import Case
    from mlpcli.check.numeric.units import Mask
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Method", "Numeric", "numeric_gradient"]

_WORTH_RANKS = 2**26  # numbers; fewer take less time than to send what is asked for
_PARTS_PER_RANK = 2  # so that none waits long for the slowest

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
    if method not in get_args(Method):
        known = ", ".join(get_args(Method))
        hint = did_you_mean(method, get_args(Method))
        raise UsageError(f'method: expected one of {known}, got "{method}"{hint}')
    values, doubt = _over_ranks(Part(case, method, mask, step), progress)
    if method == "plain":
        return Numeric(method, values, doubt)
    for dW, W in zip(case.network.like(values).W, case.network.W, strict=True):
        np.add(
            dW, case.objective.penalty_gradient(W), out=dW
        )  # both differentiate a square exactly
    return Numeric(method, values, doubt)


@dataclass(frozen=True)
class Part:
    """What a rank is asked for: the arguments of `numeric_gradient`."""

    case: Case
    method: Method
    mask: Mask | None
    step: float | None

    @property
    def size(self) -> float:
        """About how many numbers have to be computed."""
        count = self.case.network.theta.size if self.mask is None else np.count_nonzero(self.mask)
        return float(count) * self.case.rows * max(self.case.network.sizes[1:])

    def cut(self, count: int) -> Iterator[Mask]:
        """Yield masks of parts of like size, with whole units each."""
        whole = [*units(self.case.network, self.mask)]
        for first in range(min(count, len(whole))):
            mask = np.zeros(self.case.network.theta.size, np.bool_)
            for unit in whole[first::count]:
                mask[unit.entries] = True
            yield mask


def _over_ranks(
    part: Part, progress: Callable[[int], None] | None
) -> tuple[FloatArray, FloatArray]:
    """Return derivatives of the data term and their doubt over theta, by all ranks of the job."""
    ranks = job()
    if ranks.size == 1 or part.size < _WORTH_RANKS:
        return _derivative(part, progress)
    values, doubt = np.full((2, part.case.network.theta.size), np.nan)
    parts = part.cut(_PARTS_PER_RANK * ranks.size)
    for mask, (some, doubts) in ranks.in_order(partial(_answer, part), parts):
        values[mask], doubt[mask] = some, doubts
        if progress is not None:
            progress(int(np.count_nonzero(mask)))
    return values, doubt


def _answer(whole: Part, mask: Mask) -> tuple[FloatArray, FloatArray]:
    """Return the derivatives of a part, and their doubt."""
    values, doubt = _derivative(replace(whole, mask=mask))
    return values[mask], doubt[mask]


def _derivative(
    part: Part, progress: Callable[[int], None] | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return derivatives of the data term and their doubt over theta, by the method asked for."""
    if part.method == "plain":
        return plain_difference(part.case, part.mask, part.step, progress)
    derivative = central_difference if part.method == "central" else complex_step
    values = derivative(part.case, part.mask, part.step, progress)
    return values, np.zeros_like(values)
