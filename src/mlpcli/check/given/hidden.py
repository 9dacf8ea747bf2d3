"""The bugs that a call cannot show, whatever the case: each is run on what the function sees.

Called with one row at a time it sees N = 1, and a step of an unknown rate hides a common factor.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.blind_spots import BlindSpot
from mlpcli.check.bugs.record import Mutant
from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.bugs.scene import scene_of
from mlpcli.nn.backprop import RIGHT

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from mlpcli.check.bugs.record import Bug
    from mlpcli.check.bugs.scene import Scene
    from mlpcli.check.case import Case
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["hidden_by_call"]

_SAME = 1e-9
_MOST_ROWS = 32  # that are looked at, far apart: rows differ by their labels
_ANY_FACTOR = "scaled"  # of the whole gradient, the penalty with it
_ONE_ROW = "the function is called with one row at a time, N = 1"
_FITTED = "the rate of the step is not known and was fitted; --learning-rate says it"


def hidden_by_call(case: Case, seen: Sequence[Case], *, fitted: bool) -> tuple[BlindSpot, ...]:
    """Return the bugs that show on the case, but on nothing that the function sees of it at once.

    A bug that needs several rows cannot be made in a single one. `fitted` says that the rate of a
    step was fitted, and with it any factor c > 0.
    """
    spots: list[BlindSpot] = []
    by_rows = len(seen) > 1
    whole, parts = scene_of(case), [*map(scene_of, seen[:: -(-len(seen) // _MOST_ROWS)])]
    for bug in BUGS.values() if by_rows or fitted else ():
        bent = [*_bent(whole, bug)]
        if any(_equal(gradient, whole) for _, gradient in bent):
            continue  # hidden by the case already
        unseen = _unseen(bug, parts, fit=False) if by_rows else []
        if by_rows and not any(1 for part in parts for _ in _bent(part, bug)):
            unseen = [mutant for mutant, _ in bent]
        by_fit = _unseen(bug, parts, fit=True) if fitted else []
        if fitted and bug.name == _ANY_FACTOR:
            by_fit.append(Mutant(whole.layers, lambda rules: rules))
        if unseen or by_fit:
            layers = sorted({i for mutant in (*unseen, *by_fit) for i in mutant.layers})
            spots.append(BlindSpot(bug.name, tuple(layers), _ONE_ROW if unseen else _FITTED))
    return tuple(spots)


def _unseen(bug: Bug, parts: Sequence[Scene], *, fit: bool) -> list[Mutant]:
    """Return the mutants of the first part that no part shows, up to a factor under `fit`."""
    left: dict[Hashable, Mutant] = {}
    for k, part in enumerate(parts):
        here = {key: m for key, (m, g) in _keyed(bug, part) if _equal(g, part, fit=fit)}
        left = here if k == 0 else {key: m for key, m in left.items() if key in here}
        if not left:
            break
    return [*left.values()]


def _keyed(bug: Bug, part: Scene) -> Iterator[tuple[Hashable, tuple[Mutant, FloatArray]]]:
    """Yield the mutants of a bug and their gradients by what they have in common on every row."""
    count: Counter[Hashable] = Counter()
    for mutant, gradient in _bent(part, bug):
        key = mutant.layers, mutant.letters, mutant.note
        count[key] += 1
        yield (*key, count[key]), (mutant, gradient)


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
