"""The textbook check: two losses per parameter, with an honest estimate of its own error.

    D(h) = (J(theta + h e) - J(theta - h e)) / 2h        h = eps^(1/3) / max|Z_{i-1}[:, k]|

divided by the step really taken. Its error has two parts: truncation, which is c h^2 and so a third
of D(2h) - D(h), doubled here for safety; and the rounding of the two losses, about eps |J| each
(more the more terms were added up), divided by 2h. Where the gradient is smaller than that error,
this method cannot judge it, and its verdict is 'inconclusive'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.numeric.probe import Pass, changes_signs, loss_of_columns, parts
from mlpcli.check.numeric.units import Mask, Unit, units, visit_each

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["plain_difference", "quotient"]

EPS = float(np.finfo(np.float64).eps)
_MOST_SHRINKS = 3


def plain_difference(
    base: Pass,
    mask: Mask | None = None,
    step: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return the numeric gradient over theta and the estimated error of each entry.

    Both are float64, and nan outside `mask` (None: every entry). `base` is `first_pass` of the
    case, `step` is the change of H at the
    perturbed layer (None: eps^(1/3)). `progress` is called as in
    `central_difference`.
    """
    case = base.case
    change = EPS ** (1 / 3) if step is None else step
    largest = [np.append(np.abs(Z).max(axis=0), 1.0) for Z in base.Z]
    numeric, error = np.full((2, case.network.theta.size), np.nan)

    def visit(unit: Unit) -> None:
        scale = largest[unit.layer][unit.inputs]
        h = change / np.where(scale > 0, scale, 1)
        numeric[unit.entries], error[unit.entries] = _difference(base, unit, h, scale > 0)

    work = [part for unit in units(case.network, mask) for part in parts(case, unit)]
    visit_each(visit, work, sum(unit.inputs.size for unit in work) * case.X.size, progress)
    return numeric, error


def _difference(base: Pass, unit: Unit, h: FloatArray, live: Mask) -> tuple[FloatArray, FloatArray]:
    """Return D(h) and its estimated error for every input of a part of a unit.

    Where a hidden H changes its sign on the way, at a kink, h is an eighth, three times at most.
    """
    case, crossing = base.case, _crossing(base, unit, h)
    for _ in range(_MOST_SHRINKS):
        if not crossing.any():
            break
        h = np.where(crossing, h / 8, h)
        crossing = _crossing(base, unit, h)
    (near, noise), (far, _) = (quotient(base, unit, factor * h) for factor in (1, 2))
    terms = 1 + np.sqrt(sum(W.shape[1] for W in case.network.W))
    error = 2 * np.abs(far - near) / 3 + 8 * EPS * terms * noise
    if case.objective.l2 == 0:
        error[~live] = 0  # an input that is zero in every row: J does not depend on its weight
    error[crossing] = np.inf
    return near, error


def _crossing(base: Pass, unit: Unit, h: FloatArray) -> Mask:
    """Return for which inputs a hidden sign differs between theta and theta +- h, +- 2h."""
    case, crossing = base.case, np.zeros(h.size, np.bool_)
    if case.network.activation.jump and unit.layer < len(case.network.W) - 1:
        for factor in (1, -1, 2, -2):
            columns, _ = _moved(base, unit, factor * h)
            crossing |= changes_signs(base, unit, columns)
    return crossing


def quotient(base: Pass, unit: Unit, h: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (f+ - f-) / 2h and (|f+| + |f-|) / 2h for every input of the unit, moved by its h."""
    (up, above), (down, below) = (_objective(base, unit, step) for step in (h, -h))
    taken = above - below
    return (up - down) / taken, (np.abs(up) + np.abs(down)) / taken


def _objective(base: Pass, unit: Unit, step: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return J with each parameter of the unit moved by its step, and where it was moved to."""
    case, (columns, moved) = base.case, _moved(base, unit, step)
    l2, W = case.objective.l2, case.network.W[unit.layer][unit.row]
    penalty = case.objective.penalty(case.network) + l2 / 2 * (
        (moved[:, :-1] ** 2).sum(axis=1) - float(np.vdot(W, W))
    )
    value = np.asarray(loss_of_columns(base, unit, columns) + penalty, np.float64)
    return value, moved[np.arange(step.size), unit.inputs]


def _moved(base: Pass, unit: Unit, step: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the unit's column of H (B, N), and its weights and bias, for each input moved."""
    case, i, j = base.case, unit.layer, unit.row
    b = case.network.b[i][j] if case.network.bias else 0.0
    moved = np.repeat(np.append(case.network.W[i][j], b)[np.newaxis], step.size, axis=0)
    moved[np.arange(step.size), unit.inputs] += step
    return moved[:, :-1] @ base.Z[i].T + moved[:, -1:], moved
