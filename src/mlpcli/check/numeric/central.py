"""Central differences that do not cancel: every parameter, to about 1e-15 of its own size.

    dJ/dtheta = (J(theta + h e) - J(theta - h e)) / 2h

with the numerator computed as a change (`change.py`), not as two losses that
agree in their first digits. The step can then be so small that its truncation error, about h^2, is
below the rounding of a double: h changes H_i, and every H above it, by 2^-26 at most. No digit is
lost by that, since nothing is subtracted.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.numeric.change import unit_change, unit_size
from mlpcli.check.numeric.small import TINY, block_change, block_size, most_units
from mlpcli.check.numeric.units import Block, Mask, Unit, blocks, units, visit_each

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.check.numeric.change import Base
    from mlpcli.nn.losses import Curve
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["central_difference"]


@np.errstate(all="ignore")  # extreme weights: what comes of them is judged, not hidden
def central_difference(
    base: Base,
    mask: Mask | None = None,
    step: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> FloatArray:
    """Return the derivative of the data term over theta, float64; nan outside `mask` (None: all).

    `base` is `base_point` of the case, `step` the change of H at the perturbed layer (None: 2^-26
    there and above it). `progress` is called with the number of entries just finished, always from
    the calling thread.
    """
    case = base.case
    numeric = np.full(case.network.theta.size, np.nan)
    changes = [TINY / a for a in base.growth] if step is None else [step] * len(base.W)
    steps = [_steps(Z, change) for Z, change in zip(base.Z, changes, strict=True)]
    curve = base.curve if step is None or step * max(base.growth) <= TINY else None
    work = list(units(case.network, mask))
    if curve is None:
        size = sum(unit_size(base, unit) for unit in work)
        visit_each(_of_unit(base, steps, numeric), work, size, progress)
    else:
        some = [*blocks(work, partial(most_units, base))]
        size = sum(block_size(base, block) for block in some)
        visit_each(_of_block(base, curve, steps, numeric), some, size, progress)
    return numeric / case.divisor


def _of_unit(base: Base, steps: list[FloatArray], numeric: FloatArray) -> Callable[[Unit], None]:
    """Return what writes the differences of a unit, for steps of any size."""

    def visit(unit: Unit) -> None:
        h = steps[unit.layer][unit.inputs]
        numeric[unit.entries] = unit_change(base, unit, h) / (2 * h)

    return visit


def _of_block(
    base: Base, curve: Curve, steps: list[FloatArray], numeric: FloatArray
) -> Callable[[Block], None]:
    """Return what writes the differences of the units of a block, for small steps."""

    def visit(block: Block) -> None:
        h = steps[block.layer]
        quotients = block_change(base, curve, block, h) / (2 * h)
        for unit, quotient in zip(block.units, quotients, strict=True):
            numeric[unit.entries] = quotient[unit.inputs]

    return visit


def _steps(Z: FloatArray, change: float) -> FloatArray:
    """Return the largest power of two with h max|Z[k]| <= change for each row k of Z (or change).

    A power of two makes h Z exact.
    """
    largest = np.abs(Z).max(axis=1)
    ratio = change / np.where(largest > 0, largest, 1)
    return np.exp2(np.floor(np.log2(np.clip(ratio, 2.0**-1000, 2.0**1000))))
