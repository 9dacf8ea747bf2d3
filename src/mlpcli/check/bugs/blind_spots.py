"""Says which known bugs a case cannot reveal, by running each of them on it."""

from __future__ import annotations

from functools import cached_property
from itertools import chain
from math import inf
from string import Template
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.candidates import made
from mlpcli.check.bugs.record import NO_DELTA
from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.bugs.scene import scene_of
from mlpcli.check.verdict.precision import SMALLEST
from mlpcli.check.verdict.rule import EntryVerdict, judge
from mlpcli.nn.backprop import RIGHT
from mlpcli.nn.network import Parameters
from mlpcli.ranks import job
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.check.bugs.record import Bug, Mutant
    from mlpcli.check.bugs.scene import Scene
    from mlpcli.check.case import Case
    from mlpcli.check.verdict.bounds import Bounds
    from mlpcli.nn.network import Network
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["BlindSpot", "blind_spots"]

SPARSE = 61  # entries to one that is looked at first, where there are many
_MANY = 10_000
WORTH_RANKS = 2**22  # entries times rows; for fewer it takes longer to ask others


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
    look = _Look(case, numeric, bounds, tolerance, dtype)
    ranks, names = job(), [*BUGS]
    if ranks.size == 1 or numeric.size * case.rows < WORTH_RANKS:
        return tuple(look.among(names))
    shares = 8 * ranks.size  # as one bug takes longer than another
    answers = ranks.in_order(look.among, (names[i::shares] for i in range(shares)))
    found = {spot.bug: spot for _, spots in answers for spot in spots}
    return tuple(found[name] for name in names if name in found)


@dataclass(frozen=True)
class _Look:
    """Looks for one bug after the other; the arguments are those of `blind_spots`."""

    case: Case
    numeric: FloatArray
    bounds: Bounds
    tolerance: float
    dtype: str

    @cached_property
    def scene(self) -> Scene:
        return scene_of(self.case)

    @cached_property
    def eye(self) -> _Eye:
        return _Eye(self.case.network, self.numeric, self.bounds, self.tolerance, self.dtype)

    def among(self, names: Sequence[str]) -> list[BlindSpot]:
        """Return the blind spots among some bugs."""
        return [spot for name in names if (spot := self._of(name)) is not None]

    def _of(self, name: str) -> BlindSpot | None:
        """Return where a bug would pass; None where it would not."""
        hidden: list[Mutant] = []
        for mutant in chain(*made(self.scene, BUGS[name])):
            if mutant.epsilon is not None and hidden:
                break  # epsilons descend, and a smaller one does less
            if not _seen(self.scene, mutant, self.eye):
                hidden.append(mutant)
        if not hidden:
            return None
        layers = sorted({i for mutant in hidden for i in mutant.layers})
        return BlindSpot(name, tuple(layers), _reason(self.scene, BUGS[name], hidden))


def _seen(scene: Scene, mutant: Mutant, eye: _Eye) -> bool:
    """Whether some entry is wrong; most bugs show where they are made: below stays undone."""
    rules = mutant.bend(RIGHT)
    first = int(min(rules.highest, scene.depth))
    first = min(mutant.layers) if rules.finish else first
    places = {first, max(rules.lowest, min(mutant.layers)), rules.lowest}
    return any(eye.sees(scene.theta(rules, i), i) for i in sorted(places, reverse=True))


class _Eye:
    """Sees whether a gradient mismatches `numeric` somewhere, as `judge` would say, but sooner."""

    def __init__(
        self, network: Network, numeric: FloatArray, bounds: Bounds, tolerance: float, dtype: str
    ) -> None:
        self.network, self.numeric, self.bounds = network, numeric, bounds
        self.tolerance, self.dtype = tolerance, dtype
        single = np.dtype(dtype) == np.float32
        self.reach = bounds.textbook(np.full(numeric.size, single))
        self.smallest = SMALLEST[single]
        doubt = bounds.textbook(np.ones(numeric.size, bool)) + tolerance * np.abs(numeric)
        self.limit = np.where(
            np.abs(numeric) > SMALLEST[True], 2 * doubt / (1 - 2 * tolerance), inf
        )
        sizes = [tensor.size for _, tensor in network.tensors()]
        self.tensor = np.repeat(np.arange(len(sizes)), sizes)

    @np.errstate(all="ignore")  # nan and inf are what a bug may come to
    def sees(self, theta: FloatArray, lowest: int) -> bool:
        """Whether the layers from `lowest` on mismatch, rounded to the dtype."""
        start = Parameters.count(self.network.sizes[:lowest], self.network.bias)
        if self._beyond_doubt(theta, start):
            return True
        given, B = theta[start:].astype(self.dtype), self.numeric[start:]
        A = given.astype(np.float64)
        if not np.isfinite(A).all():
            return True
        size = np.maximum(np.abs(A), np.abs(B))
        beyond = np.abs(A - B) > self.tolerance * size + self.reach[start:]
        beyond &= size >= self.smallest
        if given.dtype == np.float32 or not beyond.any():
            return bool(beyond.any())
        own, double = self.tensor[start:], np.zeros(self.tensor[-1] + 1, np.bool_)
        double[own[A.astype(np.float32) != A]] = True  # no rounding but that of float64 is in these
        return bool(double[own[beyond]].any()) or self._judged(given, lowest, start)

    def _beyond_doubt(self, theta: FloatArray, start: int) -> bool:
        """Whether an entry mismatches in either precision: most bugs do, all over.

        What is beyond its limit is beyond twice the doubt of abs(B) + abs(A - B), so of A and B.
        """
        first = slice(start, None) if theta.size - start < _MANY else slice(start, None, SPARSE)
        return bool((np.abs(theta[first] - self.numeric[first]) > self.limit[first]).any())

    def _judged(self, theta: FloatArray, lowest: int, start: int) -> bool:
        gradient = Parameters(self.network.sizes[lowest - 1 :], self.network.bias, theta)
        bounds = self.bounds.beyond(start)
        entries = judge(gradient, self.numeric[start:], bounds, self.tolerance)
        return bool((entries.verdict == EntryVerdict.MISMATCH).any())


def _reason(scene: Scene, bug: Bug, hidden: Sequence[Mutant]) -> str:
    """Return the first of the bug's own reasons that holds, else one that always does."""
    below_the_output = max(max(m.layers) for m in hidden) < scene.depth
    if below_the_output and NO_DELTA.holds(scene, hidden):
        return NO_DELTA.reason
    for hiding in bug.hidden_by:
        if hiding.holds(scene, hidden):
            largest = max(m.epsilon or 0.0 for m in hidden)
            return Template(hiding.reason).substitute(epsilon=f"{largest:.3g}")
    return "on these rows it changes less than the tolerance, or vanishes in rounding"
