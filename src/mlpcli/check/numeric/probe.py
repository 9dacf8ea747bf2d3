"""The plain way to see what one parameter does: change a column of H_i and run the rest again.

Serves the two methods that shall have nothing in common with the difference form: it takes real and
complex numbers alike, by functions that have no abs, max or clip of them (`value_of_any`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.case import Case
    from mlpcli.check.numeric.units import Mask, Unit
    from mlpcli.nn.sigmoid import FloatArray, Numbers

__all__ = ["Pass", "changes_signs", "first_pass", "loss_of_columns", "parts"]

# Numbers in the widest array of a batch of probes: 8 MB in float64.
BATCH = 2**20


@dataclass(frozen=True)
class Pass:
    """`Z` (N x n_i, i = 0 .. L-1) and `H` (N x n_i, i = 1 .. L) of the unchanged network."""

    case: Case
    Z: list[FloatArray]
    H: list[FloatArray]


@np.errstate(all="ignore")  # extreme weights: what comes of them is judged, not hidden
def first_pass(case: Case) -> Pass:
    """Return Z and H of the unchanged network."""
    network, Z = case.network, [case.X]
    H: list[FloatArray] = []
    for i, W in enumerate(network.W):
        H.append(Z[-1] @ W.T + (network.b[i] if network.bias else 0))
        Z.append(np.real(network.activation.value_of_any(H[-1])))
    return Pass(case, Z[:-1], H)


def parts(case: Case, unit: Unit) -> Iterator[Unit]:
    """Split a unit so that one batch of probes keeps within BATCH numbers."""
    size = max(1, BATCH // (len(case.X) * max(case.network.sizes)))
    for start in range(0, unit.inputs.size, size):
        chosen = slice(start, start + size)
        yield type(unit)(unit.layer, unit.row, unit.inputs[chosen], unit.entries[chosen])


def _upwards(base: Pass, unit: Unit, columns: Numbers) -> Iterator[Numbers]:
    """Yield H (B, N, n) of the layers above the unit's, whose own column of H is one of B.

    The others of its layer stay as they are: the next layer has what its Z adds to the base.
    """
    network, i = base.case.network, unit.layer
    f = network.activation.value_of_any
    moved = f(columns) - base.Z[i + 1][:, unit.row]
    H: Numbers = base.H[i + 1] + moved[:, :, np.newaxis] * network.W[i + 1][:, unit.row]
    yield H
    for above in range(i + 2, len(network.W)):
        H = f(H) @ network.W[above].T
        if network.bias:
            H += network.b[above]
        yield H


def changes_signs(base: Pass, unit: Unit, columns: FloatArray) -> Mask:
    """Return for each of B columns whether some hidden H has another sign than in the base."""
    own = base.H[unit.layer][:, unit.row]
    changed: Mask = (np.sign(columns) != np.sign(own)).any(axis=1)
    layers = zip(_upwards(base, unit, columns), base.H[unit.layer + 1 : -1], strict=False)
    for moved, before in layers:
        changed |= (np.sign(moved) != np.sign(before)).any(axis=(1, 2))
    return changed


def loss_of_columns(base: Pass, unit: Unit, columns: Numbers) -> Numbers:
    """Return c/N sum omega l for each of B columns (B, N) in place of column `row` of H_i."""
    case, H = base.case, _logits(base, unit, columns)
    losses = case.objective.loss.value_of_any(H, case.y)
    if case.omega is not None:
        losses = losses * case.omega
    total: Numbers = losses.sum(axis=(1, 2)) / case.divisor
    return total


def _logits(base: Pass, unit: Unit, columns: Numbers) -> Numbers:
    """Return H_L (B, N, n_L)."""
    if unit.layer < len(base.H) - 1:
        *_, H = _upwards(base, unit, columns)
        return H
    H = np.repeat(base.H[-1].astype(columns.dtype)[np.newaxis], len(columns), axis=0)
    H[:, :, unit.row] = columns
    return H
