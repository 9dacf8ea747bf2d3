"""The derivative by one complex evaluation, which subtracts nothing.

    dJ/dtheta = Im J(theta + i h e) / h        (Squire and Trapp 1998; error about h^2)

It shares no formula with the difference form nor with backpropagation, only H and Z of the
unchanged network, and so serves as their second opinion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.numeric.probe import first_pass, loss_of_columns, parts
from mlpcli.check.numeric.units import Mask, Unit, threads_for, units
from mlpcli.parallel import map_any_order

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.check.case import Case
    from mlpcli.nn.activations import FloatArray

__all__ = ["complex_step"]


def complex_step(
    case: Case,
    mask: Mask | None = None,
    step: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> FloatArray:
    """Return the numeric gradient over theta, float64; nan outside `mask` (None: every entry).

    `step` is the change of H at the perturbed layer (None: 2^-40). `progress` is called with the
    number of entries just finished.
    """
    base = first_pass(case)
    change = 2.0**-40 if step is None else step
    columns = [np.column_stack([Z, np.ones(len(Z))]) for Z in base.Z]
    numeric = np.full(case.network.theta.size, np.nan)

    def visit(unit: Unit) -> int:
        z = columns[unit.layer][:, unit.inputs].T
        largest = np.abs(z).max(axis=1)
        h = change / np.where(largest > 0, largest, 1)
        probes = base.H[unit.layer][:, unit.row] + 1j * h[:, np.newaxis] * z
        with np.errstate(all="ignore"):  # extreme weights: what comes of them is judged, not hidden
            numeric[unit.entries] = loss_of_columns(case, base, unit, probes).imag / h
        return unit.inputs.size

    work = [part for unit in units(case.network, mask) for part in parts(case, unit)]
    size = sum(unit.inputs.size for unit in work) * case.X.size
    for finished in map_any_order(visit, work, threads=threads_for(size)):
        if progress is not None:
            progress(finished)
    slopes = case.network.like(numeric).W
    for i, W in enumerate(case.network.W):
        slopes[i][:] += case.l2 * W  # Im of (l2/2) (W + i h)^2 over h, exactly
    return numeric
