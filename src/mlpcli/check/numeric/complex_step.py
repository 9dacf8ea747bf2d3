"""The derivative by one complex evaluation, which subtracts nothing.

    dJ/dtheta = Im J(theta + i h e) / h        (Squire and Trapp 1998; error about h^2)

It shares no formula with the difference form nor with backpropagation, only H and Z of the
unchanged network, and so serves as their second opinion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.numeric.probe import loss_of_columns, parts
from mlpcli.check.numeric.units import Mask, Unit, units, visit_each

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.check.numeric.probe import Pass
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["complex_step"]


def complex_step(
    base: Pass,
    mask: Mask | None = None,
    step: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> FloatArray:
    """Return the derivative of the data term over theta, float64; nan outside `mask` (None: all).

    `base` is `first_pass` of the case, `step` the change of H at the perturbed layer (None: 2^-40).
    `progress` is called with the number of entries just finished.
    """
    case = base.case
    change = 2.0**-40 if step is None else step
    columns = [np.column_stack([Z, np.ones(len(Z))]) for Z in base.Z]
    numeric = np.full(case.network.theta.size, np.nan)

    def visit(unit: Unit) -> None:
        z = columns[unit.layer][:, unit.inputs].T
        largest = np.abs(z).max(axis=1)
        h = change / np.where(largest > 0, largest, 1)
        probes = base.H[unit.layer][:, unit.row] + 1j * h[:, np.newaxis] * z
        numeric[unit.entries] = loss_of_columns(base, unit, probes).imag / h

    work = [part for unit in units(case.network, mask) for part in parts(case, unit)]
    visit_each(visit, work, sum(unit.inputs.size for unit in work) * case.X.size, progress)
    return numeric
