"""The methods by name, and the numeric gradient that each of them gives."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from mlpcli.check.numeric.central import central_difference
from mlpcli.check.numeric.change import base_point
from mlpcli.check.numeric.complex_step import complex_step
from mlpcli.check.numeric.plain import plain_difference
from mlpcli.check.numeric.probe import first_pass
from mlpcli.check.numeric.units import units
from mlpcli.errors import UsageError
from mlpcli.ranks import job
from mlpcli.records import dataclass
from mlpcli.text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlpcli.check.case import Case
    from mlpcli.check.numeric.change import Base
    from mlpcli.check.numeric.probe import Pass
    from mlpcli.check.numeric.units import Mask
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Method", "Numeric", "numeric_gradient"]

WORTH_RANKS = 2**21  # numbers; fewer take less time than to send what is asked for
_PARTS_PER_RANK = 6  # so that none waits long for the slowest

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
    values, doubt = _over_ranks(_Work(case, method, step), mask, progress)
    if method == "plain":
        return Numeric(method, values, doubt)
    for dW, W in zip(case.network.like(values).W, case.network.W, strict=True):
        np.add(
            dW, case.objective.penalty_gradient(W), out=dW
        )  # both differentiate a square exactly
    return Numeric(method, values, doubt)


@dataclass(frozen=True)
class _Work:
    """What the ranks are asked for: the arguments of `numeric_gradient` that all parts share."""

    case: Case
    method: Method
    step: float | None

    def size(self, mask: Mask | None) -> float:
        """Return about how many numbers are computed: small changes all share one way up."""
        count = self.case.network.theta.size if mask is None else np.count_nonzero(mask)
        cells = float(count) * self.case.rows
        shared = self.method == "central" and self.step is None
        return cells if shared else cells * max(self.case.network.sizes[1:])

    def cut(self, mask: Mask | None, count: int) -> Iterator[Mask]:
        """Yield masks of parts of like size, with whole units each."""
        whole = [*units(self.case.network, mask)]
        for first in range(min(count, len(whole))):
            part = np.zeros(self.case.network.theta.size, np.bool_)
            for unit in whole[first::count]:
                part[unit.entries] = True
            yield part

    @cached_property
    def point(self) -> Base:
        """The point that changes are carried from; a rank works it out once."""
        return base_point(self.case)

    @cached_property
    def passed(self) -> Pass:
        """The pass that is run again, worked out once by a rank as well."""
        return first_pass(self.case)

    def derivative(
        self, mask: Mask | None, progress: Callable[[int], None] | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Return derivatives of the data term and their doubt over theta, by the method."""
        if self.method == "plain":
            return plain_difference(self.passed, mask, self.step, progress)
        if self.method == "central":
            values = central_difference(self.point, mask, self.step, progress)
        else:
            values = complex_step(self.passed, mask, self.step, progress)
        return values, np.zeros_like(values)

    def answer(self, mask: Mask) -> tuple[FloatArray, FloatArray]:
        """Return the derivatives of a part alone, and their doubt."""
        values, doubt = self.derivative(mask)
        return values[mask], doubt[mask]


def _over_ranks(
    work: _Work, mask: Mask | None, progress: Callable[[int], None] | None
) -> tuple[FloatArray, FloatArray]:
    """Return derivatives of the data term and their doubt over theta, by all ranks of the job."""
    ranks = job()
    if ranks.size == 1 or work.size(mask) < WORTH_RANKS:
        return work.derivative(mask, progress)
    values, doubt = np.full((2, work.case.network.theta.size), np.nan)
    parts = work.cut(mask, _PARTS_PER_RANK * ranks.size)
    for part, (some, doubts) in ranks.in_order(work.answer, parts):
        values[part], doubt[part] = some, doubts
        if progress is not None:
            progress(int(np.count_nonzero(part)))
    return values, doubt
