"""Says which known bugs a case cannot reveal, by running each of them on it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from string import Template
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.candidates import made
from mlpcli.check.bugs.record import NO_DELTA
from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.bugs.scene import Scene, scene_of
from mlpcli.check.verdict.precision import SMALLEST
from mlpcli.check.verdict.rule import EntryVerdict, judge
from mlpcli.nn.backprop import RIGHT
from mlpcli.nn.network import Parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlpcli.check.bugs.record import Bug, Mutant
    from mlpcli.check.case import Case
    from mlpcli.check.verdict.bounds import Bounds
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["BlindSpot", "blind_spots"]

SPARSE = 61  # entries to one that is looked at first


@dataclass(frozen=True)
class BlindSpot:
    """A bug that would pass, at these layers (counted from 1), and why."""

    bug: str
    layers: tuple[int, ...]
    reason: str


def blind_spots(
    case: Case, numeric: FloatArray, bounds: Bounds, tolerance: float, dtype: str = "float64"
) -> tuple[BlindSpot, ...]:
    """Return the bugs of which some mutant gives no entry that mismatches `numeric`.

    `dtype` is that of the gradient to be checked: in float32 less can be seen. A bug that the
    shapes do not allow is not listed: it cannot be made.
    """
    scene = scene_of(case)
    clear = 2 * bounds.textbook(np.ones(numeric.size, bool))  # whatever the precision

    def wrong(gradient: Parameters, start: int) -> bool:
        """Whether theta[start:] as given mismatches somewhere; most do, beyond doubt, all over."""
        for some in (slice(start, None, SPARSE), slice(start, None)):
            with np.errstate(all="ignore"):
                A, B = gradient.theta[:: some.step], numeric[some]
                limit = 2 * tolerance * np.maximum(np.abs(A), np.abs(B)) + clear[some]
                if ((np.abs(A - B) > limit) & (np.abs(B) > SMALLEST[True])).any():
                    return True
        entries = judge(gradient, numeric[start:], bounds.beyond(start), tolerance)
        return bool((entries.verdict == EntryVerdict.MISMATCH).any())

    spots = []
    for bug in BUGS.values():
        hidden: list[Mutant] = []
        for mutant in chain(*made(scene, bug)):
            if mutant.epsilon is not None and hidden:
                break  # epsilons descend, and a smaller one does less
            if not _seen(scene, mutant, dtype, wrong):
                hidden.append(mutant)
        if hidden:
            layers = sorted({i for mutant in hidden for i in mutant.layers})
            spots.append(BlindSpot(bug.name, tuple(layers), _reason(scene, bug, hidden)))
    return tuple(spots)


def _seen(
    scene: Scene, mutant: Mutant, dtype: str, wrong: Callable[[Parameters, int], bool]
) -> bool:
    """Whether some entry is wrong; most bugs show at the output, and what is below stays undone."""
    rules, network = mutant.bend(RIGHT), scene.case.network
    first = max(mutant.layers) if rules.leave(scene.depth) else scene.depth
    first = min(mutant.layers) if rules.finish else first
    for lowest in sorted({first, min(mutant.layers), 1}, reverse=True):
        gradient = scene.gradient(rules, lowest)
        start = sum(layer.size for layer in gradient.layers[: lowest - 1])
        with np.errstate(over="ignore"):
            theta = gradient.theta[start:].astype(dtype)
        if wrong(Parameters(network.sizes[lowest - 1 :], network.bias, theta), start):
            return True
    return False


def _reason(scene: Scene, bug: Bug, hidden: Sequence[Mutant]) -> str:
    """Return the first of the bug's own reasons that holds, else one that always does."""
    carried = bug.below or max(max(m.layers) for m in hidden) < scene.depth
    if carried and NO_DELTA.holds(scene, hidden):
        return NO_DELTA.reason
    for hiding in bug.hidden_by:
        if hiding.holds(scene, hidden):
            largest = max(m.epsilon or 0.0 for m in hidden)
            return Template(hiding.reason).substitute(epsilon=f"{largest:.3g}")
    return "on these rows it changes less than the tolerance, or vanishes in rounding"
