"""A trainer that goes row by row, and updates W_i in each row before delta passes it.

What it returns after N rows, (theta - theta')/(eta N), is no mean of gradients at theta: each row
sees the weights that the rows before it have left. The rate enters in every layer, not linearly, so
that it is found by Newton's method on the distance from what is given.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.record import Mutant, finish
from mlpcli.nn.backprop import RIGHT, Rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["fit_online"]

_MOST_ROWS = 200  # beyond, a search would take seconds
_STARTS = (0.1, 1.0, 0.01)
_STEPS = 12
_FIRST_STEPS = 3
_SETTLED = 1e-10
_SAME = 1e-7
_FARTHEST = 0.9  # of a last layer that a rate has moved, relative to its norm


def fit_online(scene: Scene, rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield the rate of which every layer tells, as far as no other bug is on top."""
    if rules is not RIGHT or layer < scene.depth or scene.rows > _MOST_ROWS:
        return
    if scene.case.omega is not None or not scene.hidden or not _may_be(scene, given):
        return
    A = given.theta.astype(np.float64)
    for start in (scene.case.learning_rate, *_STARTS):
        eta = None if start is None else _newton(scene, A, start)
        theta = A if eta is None else _moved(scene, eta)
        if eta is not None and np.linalg.norm(theta - A) <= _SAME * np.linalg.norm(A):
            bend, note = finish(partial(_write, theta)), "row by row, on moving weights"
            yield Mutant(scene.hidden, bend, learning_rate=eta, note=note)
            return


def _write(theta: FloatArray, gradient: Parameters) -> None:
    gradient.theta[:] = theta


def _may_be(scene: Scene, given: Parameters) -> bool:
    """Whether the last layer is off, and yet alike: rows that move weights change it somewhat."""
    A, B = given.layers[-1], scene.gradient(lowest=scene.depth).layers[-1]
    if not np.isfinite(given.theta).all():
        return False
    away = float(np.linalg.norm(A - B))
    return _SAME * float(np.linalg.norm(B)) < away < _FARTHEST * float(np.linalg.norm(B))


@np.errstate(all="ignore")
def _newton(scene: Scene, A: FloatArray, eta: float) -> float | None:
    """Return the rate nearest to A, from this one on; None where the search leaves the positive.

    Where A is what a rate makes, its distance falls fast once a few steps have come near: a search
    that no longer halves it is after something else.
    """
    apart = np.inf
    for number in range(_STEPS):
        here, h = _moved(scene, eta), 1e-5 * eta
        before, apart = apart, float(np.linalg.norm(A - here))
        if number > _FIRST_STEPS and not apart <= before / 2 and apart > _SAME * np.linalg.norm(A):
            return None
        D = (_moved(scene, eta + h) - here) / h
        step = float(D @ (A - here) / (D @ D))
        if not np.isfinite(step) or eta + step <= 0:
            return None
        eta += step
        if abs(step) <= _SETTLED * eta:
            break
    return eta


def _moved(scene: Scene, eta: float) -> FloatArray:
    """Return (theta - theta')/eta after all rows, over N where J is a mean."""
    case, theta = scene.case, scene.case.network.theta.copy()

    def carry(delta: FloatArray, W: FloatArray, dW: FloatArray) -> FloatArray:
        carried: FloatArray = delta @ (W - eta * dW)
        return carried

    early = Rules(carry=dict.fromkeys(scene.layers[1:], carry))
    for row in range(scene.rows):
        at = slice(row, row + 1)
        forward = case.network.with_theta(theta).forward(case.X[at])
        theta -= eta * case.objective.gradient(forward, case.y[at], None, early).theta
    total: FloatArray = (case.network.theta - theta) / eta
    return total / scene.rows if scene.mean_over_rows else total
