"""The bugs that a call cannot show, whatever the case: each is run on what the function sees.

Called with one row at a time it sees N = 1, and a step of an unknown rate hides a common factor.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.blind_spots import BlindSpot
from mlpcli.check.bugs.record import Mutant
from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.bugs.scene import scene_of
from mlpcli.nn.backprop import RIGHT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.bugs.record import Bug
    from mlpcli.check.bugs.scene import Scene
    from mlpcli.check.case import Case
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["hidden_by_call"]

_SAME = 1e-9
_ANY_FACTOR = "scaled"  # of the whole gradient, the penalty with it
_ONE_ROW = "the function is called with one row at a time, N = 1"
_FITTED = "the rate of the step is not known and was fitted; --learning-rate says it"


def hidden_by_call(case: Case, seen: Case, *, fitted: bool) -> tuple[BlindSpot, ...]:
    """Return the bugs that show on the case, but not on what the function sees of it at once.

    `fitted` says that the rate of a step was fitted, and with it any factor c > 0.
    """
    spots: list[BlindSpot] = []
    whole, part = scene_of(case), scene_of(seen)
    for bug in BUGS.values() if seen is not case or fitted else ():
        if any(_equal(gradient, whole) for _, gradient in _bent(whole, bug)):
            continue  # hidden by the case already
        bent = [*_bent(part, bug)]
        by_rows = [mutant for mutant, gradient in bent if _equal(gradient, part)]
        by_fit = [m for m, gradient in bent if fitted and _equal(gradient, part, fit=True)]
        if fitted and bug.name == _ANY_FACTOR:
            by_fit.append(Mutant(whole.layers, lambda rules: rules))
        reason = _ONE_ROW if by_rows else _FITTED
        if by_rows or by_fit:
            layers = sorted({i for mutant in (*by_rows, *by_fit) for i in mutant.layers})
            spots.append(BlindSpot(bug.name, tuple(layers), reason))
    return tuple(spots)


def _bent(scene: Scene, bug: Bug) -> Iterator[tuple[Mutant, FloatArray]]:
    """Yield the mutants of a bug and their gradients; what hides an epsilon is the case."""
    for mutant in chain(bug.mutants(scene), bug.examples(scene)):
        if mutant.epsilon is None:
            yield mutant, scene.gradient(mutant.bend(RIGHT)).theta


@np.errstate(all="ignore")
def _equal(bent: FloatArray, scene: Scene, *, fit: bool = False) -> bool:
    """Whether a gradient is the right one, or c > 0 times it."""
    right = scene.gradient().theta
    c = _factor(bent, right) if fit else 1.0
    return c > 0 and bool(np.abs(bent - c * right).max() <= _SAME * np.abs(c * right).max())


def _factor(bent: FloatArray, right: FloatArray) -> float:
    """Return c > 0 of bent = c right by least squares; 0 where there is none."""
    size = np.abs(right).max()
    return max(0.0, float(np.nan_to_num((bent / size) @ right / (right @ (right / size)))))
