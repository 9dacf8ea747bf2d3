"""A constant factor on top of one bug: half of the loss, say, and a slope of the wrong thing.

The factor is found by least squares on the first tensor from the output, and verified on all. What
it stands for is looked up among the bugs that do nothing else than multiply.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mlpcli.check.bugs.candidates import ROUNDING, every, explained, mutants
from mlpcli.check.bugs.fit import recognised
from mlpcli.check.bugs.likeness import distance, tensors_from_output
from mlpcli.check.bugs.record import Mutant
from mlpcli.check.bugs.registry import BUGS
from mlpcli.nn.backprop import RIGHT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.bugs.likeness import Likeness
    from mlpcli.check.bugs.record import Bend, Bug
    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.backprop import Rules
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["factor_and_bug"]

_NEAREST_TO_ONE = 1e-5
_SAME = 1e-5


def factor_and_bug(scene: Scene, likeness: Likeness) -> list[tuple[Bug, Mutant, float]]:
    """Return the bugs that explain all tensors but for one factor, and the factor's names."""
    found = [pair for pair in map(partial(_pair, scene, likeness), every(scene)) if pair]
    found += _fitted(scene, likeness)
    if not found:
        return []
    found.sort(key=lambda p: (not recognised(scene, p.factor), max(p.error, ROUNDING)))
    c = found[0].factor
    bugs: dict[str, _Pair] = {}
    for pair in found:
        known = bugs.get(pair.bug.name)
        fewer = known is None or pair.mutant.breadth < known.mutant.breadth
        if fewer and abs(pair.factor / c - 1) < _SAME:
            bugs[pair.bug.name] = pair
    named = [(pair.bug, pair.mutant, pair.error) for pair in bugs.values()]
    return [*named, *_names(scene, likeness, c)]


class _Pair(NamedTuple):
    factor: float
    bug: Bug
    mutant: Mutant
    error: float


def _pair(scene: Scene, likeness: Likeness, candidate: tuple[Bug, Mutant]) -> _Pair | None:
    """Return the factor with which this candidate explains all tensors, if there is one."""
    bug, mutant = candidate
    if bug.generic:
        return None
    rules = mutant.bend(RIGHT)
    c = _factor(scene, rules, likeness.given)
    if c is None or not _agrees(scene, likeness, _times(c)(rules), whole=bool(rules.finish)):
        return None
    product = scene.gradient(_times(c)(rules))
    agrees = all(likeness.each(product))
    return _Pair(c, bug, mutant, distance(likeness.given, product)) if agrees else None


def _fitted(scene: Scene, likeness: Likeness) -> Iterator[_Pair]:
    """Yield bugs with a number below the last layer, where that layer is right but for a factor."""
    c = _factor(scene, RIGHT, likeness.given)
    if c is None or not _agrees(scene, likeness, _times(c)(RIGHT), whole=False):
        return
    for layer in scene.hidden:
        for bug in BUGS.values():
            fits = () if bug.generic else bug.fit(scene, _times(c)(RIGHT), likeness.given, layer)
            for mutant in fits:
                product = scene.gradient(mutant.bend(_times(c)(RIGHT)))
                if all(likeness.each(product)):
                    yield _Pair(c, bug, mutant, distance(likeness.given, product))


def _agrees(scene: Scene, likeness: Likeness, rules: Rules, *, whole: bool) -> bool:
    """Whether the last layer agrees with these rules."""
    upper = likeness.each(scene.gradient(rules, 1 if whole else scene.depth))
    return all(islice(upper, 1 + scene.bias))


def _factor(scene: Scene, rules: Rules, given: Parameters) -> float | None:
    """Return c != 1 of A = c M by least squares on b_L or W_L, penalties taken away first."""
    top = scene.gradient(rules, 1 if rules.finish else scene.depth)
    A, M = (tensors_from_output(gradient)[0].array for gradient in (given, top))
    added: FloatArray = np.zeros_like(A)
    if scene.bias:
        added = added if rules.bias_penalty is None else rules.bias_penalty(scene.b[-1])
    else:
        added = (rules.penalty or scene.case.objective.penalty_gradient)(scene.W[-1])
    with np.errstate(all="ignore"):
        A, M = (A - added).ravel(), (M - added).ravel()
        unit = float(np.abs(M).max(initial=0.0))
        if not unit or not (np.isfinite(M).all() and np.isfinite(A).all()):
            return None
        M = M / unit
        c = float(A @ M / (M @ M)) / unit
    return c if c and np.isfinite(c) and abs(c - 1) > _NEAREST_TO_ONE else None


def _times(c: float) -> Bend:
    """Return a bend that multiplies all but the penalty by c."""
    return lambda rules: replace(rules, factor=c)


def _names(scene: Scene, likeness: Likeness, c: float) -> list[tuple[Bug, Mutant, float]]:
    """Return the bugs that multiply by just this factor; `scaled` always does."""
    product = scene.gradient(_times(c)(RIGHT))
    plain = replace(likeness, given=product)
    known = explained(scene, plain, mutants(scene))
    scaled = Mutant(scene.layers, _times(c), factor=c)
    return [*known, (BUGS["scaled"], scaled, 0.0)]
