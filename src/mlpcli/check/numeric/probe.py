"""The plain way to see what one parameter does: change a column of H_i and run the rest again.

Serves the two methods that shall have nothing in common with the difference form: it takes real and
complex numbers alike, so it has no abs, max or clip of them, and uses its own sigma.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.case import Case
    from mlpcli.check.numeric.units import Unit
    from mlpcli.nn.activations import FloatArray

__all__ = ["Numbers", "Pass", "first_pass", "loss_of_columns", "parts"]

Numbers: TypeAlias = NDArray[np.inexact[Any]]
# Numbers in the widest array of a batch of probes: 8 MB in float64.
BATCH = 2**20


@dataclass(frozen=True)
class Pass:
    """`Z` (N x n_i, i = 0 .. L-1) and `H` (N x n_i, i = 1 .. L) of the unchanged network."""

    Z: list[FloatArray]
    H: list[FloatArray]


@np.errstate(all="ignore")  # extreme weights: what comes of them is judged, not hidden
def first_pass(case: Case) -> Pass:
    """Return Z and H of the unchanged network."""
    Z: list[FloatArray] = [case.X]
    H: list[FloatArray] = []
    for i, W in enumerate(case.network.W):
        H.append(Z[-1] @ W.T + (case.network.b[i] if case.network.bias else 0))
        Z.append(np.real(_sigma(H[-1])))
    return Pass(Z[:-1], H)


def parts(case: Case, unit: Unit) -> Iterator[Unit]:
    """Split a unit so that one batch of probes keeps within BATCH numbers."""
    size = max(1, BATCH // (len(case.X) * max(case.network.sizes)))
    for start in range(0, unit.inputs.size, size):
        chosen = slice(start, start + size)
        yield type(unit)(unit.layer, unit.row, unit.inputs[chosen], unit.entries[chosen])


def loss_of_columns(case: Case, base: Pass, unit: Unit, columns: Numbers) -> Numbers:
    """Return 1/N sum omega l for each of B columns (B, N) in place of column `row` of H_i."""
    i = unit.layer
    H = np.repeat(base.H[i].astype(columns.dtype)[np.newaxis], len(columns), axis=0)
    H[:, :, unit.row] = columns
    for above in range(i + 1, len(case.network.W)):
        H = _sigma(H) @ case.network.W[above].T
        if case.network.bias:
            H += case.network.b[above]
    values = _loss(case, H)
    if case.omega is not None:
        values = values * case.omega
    total: Numbers = values.sum(axis=(1, 2)) / len(case.X)
    return total


def _loss(case: Case, H: Numbers) -> Numbers:
    y = case.y
    if case.kind == "mse":
        error: Numbers = (1 - y) * _sigma(H) - y * _sigma(-H)
        return error * error
    cross_entropy: Numbers = (1 - y) * _softplus(H) + y * _softplus(-H)
    return cross_entropy


def _sigma(H: Numbers) -> Numbers:
    """sigma(H); the sign of the real part chooses the side on which exp does not overflow."""
    right = H.real >= 0
    e = np.exp(np.where(right, -H, H))
    sigma: Numbers = np.where(right, 1, e) / (1 + e)
    return sigma


def _softplus(H: Numbers) -> Numbers:
    right = H.real >= 0
    e = np.exp(np.where(right, -H, H))
    return np.where(right, H, 0) + np.log1p(e)
