"""Names the bug: searches for known mistakes that reproduce the given gradient, number for number.

One bug that explains every tensor is looked for first; all that do are listed. If there is none,
several bugs are put together: the first wrong tensor, counted from the output as backpropagation
runs, is explained, then the next one that is still wrong, and so on. What no bug explains is
called unknown, with what the numbers rule out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mlpcli.check.bugs.diagnosis import Diagnosis, diagnosis, non_finite, unknown
from mlpcli.check.bugs.fit import recognised
from mlpcli.check.bugs.likeness import (
    Likeness,
    distance,
    relative_distance,
    tensors_from_output,
)
from mlpcli.check.bugs.record import Bug, Mutant
from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.bugs.scene import Scene, scene_of
from mlpcli.check.verdict.precision import single_precision
from mlpcli.nn.backprop import RIGHT, Rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.case import Case
    from mlpcli.check.verdict.bounds import Bounds
    from mlpcli.nn.network import Parameters

__all__ = ["diagnose", "reproduces_a_bug"]

Found: TypeAlias = tuple[Bug, Mutant]
_DEEPEST = 6  # bugs put together at most
_BEAM = 3


@dataclass(frozen=True)
class _Path:
    """Bugs put together so far, each with others that look the same, and how far they reach."""

    rules: Rules
    steps: tuple[tuple[Found, ...], ...]
    agreeing: int


def diagnose(
    case: Case, given: Parameters, bounds: Bounds, tolerance: float
) -> tuple[Diagnosis, ...]:
    """Return what explains a wrong gradient, the most specific first; never empty.

    `given` is the gradient (float32 or float64), `bounds` those of the case, `tolerance` relative.
    """
    scene = scene_of(case)
    likeness = Likeness(given, scene.gradient(), bounds, tolerance)
    broken = non_finite([t for t in tensors_from_output(given) if not np.isfinite(t.array).all()])
    single = _single(scene, likeness)
    if not single and single_precision(given).all():
        single = _single(scene_of(case, "float32"), likeness)
    if single:
        return (*(diagnosis(scene, bug, m, error) for bug, m, error in single), *broken)
    path = _several(scene, likeness, _around_non_finite(given) if broken else RIGHT)
    complete = path.agreeing == likeness.tensors
    error = distance(given, scene.gradient(path.rules)) if complete else None
    found = [diagnosis(scene, bug, m, error) for step in path.steps for bug, m in step]
    if not complete or not (found or broken):
        found.append(_unknown(scene, likeness, path))
    return (*found, *broken)


def reproduces_a_bug(case: Case, given: Parameters, tolerance: float) -> bool:
    """Return whether a known bug computes `given` within T, and no right gradient comes near.

    That settles what rounding leaves open: T is compared with the largest relative distance of a
    tensor; the right gradient and its textbook twin must be beyond T and ten times farther. Only
    bugs without a free number count, no gradient of zeros, and no missing row: where one row or one
    output is all there is, rounding is a common factor, and what vanishes in float32, a whole
    gradient or one row's part of it, is zero without any bug.
    """
    scene = scene_of(case)
    right, textbook = scene.gradient(), scene.gradient(_textbook(scene))
    nearest_right = min(distance(given, right), distance(given, textbook))
    if not nearest_right > tolerance or not given.theta.any():
        return False
    bound = min(tolerance, nearest_right / 10)
    specific = (m for bug in BUGS.values() if bug.settles for m in bug.mutants(scene))
    return any(distance(given, scene.gradient(m.bend(RIGHT))) <= bound for m in specific)


def _textbook(scene: Scene) -> Rules:
    """Return the rules of a right but textbook pass: its slopes, and z - y by subtraction."""
    write, f = scene.case.network.activation.textbook_slope, scene.forward
    slopes = {k: write(f.H[k - 1], f.Z[k]) for k in scene.hidden}
    derivative = scene.loss.textbook(scene.logits, scene.case.y)
    return Rules(output=lambda _right: derivative, slope=slopes)


def _around_non_finite(given: Parameters) -> Rules:
    """Return right rules that take over what is nan or inf, so that the rest can be explained."""

    def take_over(gradient: Parameters) -> None:
        for (_, ours), (_, theirs) in zip(gradient.tensors(), given.tensors(), strict=True):
            if not np.isfinite(theirs).all():
                ours[:] = theirs

    return replace(RIGHT, finish=(take_over,))


def _candidates(
    scene: Scene, rules: Rules, given: Parameters, layer: int | None = None
) -> Iterator[Found]:
    """Yield what may explain `given`; numbers are fitted at one layer, or at each in turn."""
    for bug in BUGS.values():
        yield from ((bug, mutant) for mutant in bug.mutants(scene))
    for i in range(scene.depth, 0, -1) if layer is None else (layer,):
        for bug in BUGS.values():
            yield from ((bug, mutant) for mutant in bug.fit(scene, rules, given, i))


def _single(scene: Scene, likeness: Likeness) -> list[tuple[Bug, Mutant, float]]:
    """Return every bug that alone explains all tensors, by its best mutant, specific first."""
    best: dict[str, tuple[Bug, Mutant, float]] = {}
    for bug, mutant in _candidates(scene, RIGHT, likeness.given):
        rules = mutant.bend(RIGHT)
        if _reach(scene, likeness, rules, scene.depth) < likeness.tensors:
            continue
        error = distance(likeness.given, scene.gradient(rules))
        known = best.get(bug.name)
        if known is None or (_breadth(scene, bug, mutant), error) < (
            _breadth(scene, bug, known[1]),
            known[2],
        ):
            best[bug.name] = (bug, mutant, error)
    return sorted(best.values(), key=lambda found: (found[0].generic, found[2]))


def _breadth(scene: Scene, bug: Bug, mutant: Mutant) -> int:
    """Return at how many layers a bug is made; on the whole network it may be one mistake."""
    whole = bug.one_mistake and len(mutant.layers) == scene.depth
    return 0 if whole else len(mutant.layers)


def _reach(scene: Scene, likeness: Likeness, rules: Rules, layer: int) -> int:
    """Return how many tensors these rules explain; most are refuted by this layer already."""
    lowest = 1 if rules.finish else layer
    reach = likeness.agreeing(scene.gradient(rules, lowest))
    if lowest == 1 or reach < (scene.depth - lowest + 1) * (1 + scene.bias):
        return reach
    return likeness.agreeing(scene.gradient(rules))


def _several(scene: Scene, likeness: Likeness, start: Rules) -> _Path:
    """Put bugs together, from the output down, and return the path that explains most tensors."""
    beam = [_Path(start, (), likeness.agreeing(scene.gradient(start)))]
    best = beam[0]
    for _ in range(_DEEPEST):
        if best.agreeing == likeness.tensors:
            break
        beam = [longer for path in beam for longer in _extend(scene, likeness, path)]
        beam = sorted(beam, key=lambda path: -path.agreeing)[:_BEAM]
        if not beam:
            break
        if beam[0].agreeing > best.agreeing:
            best = beam[0]
    return best


def _extend(scene: Scene, likeness: Likeness, path: _Path) -> list[_Path]:
    """Return the paths with one bug more, each of which explains the first wrong tensor."""
    layer = tensors_from_output(likeness.given)[path.agreeing].layer
    by_reach: dict[int, dict[str, Found]] = {}
    for bug, mutant in _candidates(scene, path.rules, likeness.given, layer):
        reach = _reach(scene, likeness, mutant.bend(path.rules), layer)
        if reach > path.agreeing and _tells(scene, likeness, mutant, path.agreeing, reach):
            same = by_reach.setdefault(reach, {})
            known = same.get(bug.name)
            if known is None or len(mutant.layers) < len(known[1].layers):
                same[bug.name] = bug, mutant
    paths = []
    for reach, same in by_reach.items():
        step = tuple(sorted(same.values(), key=lambda found: found[0].generic))
        paths.append(_Path(step[0][1].bend(path.rules), (*path.steps, step), reach))
    return paths


def _tells(scene: Scene, likeness: Likeness, mutant: Mutant, start: int, stop: int) -> bool:
    """Whether these tensors are more than one entry, to which some number can always be fitted.

    An epsilon has to explain the whole output layer: it bends a gradient so little that rounding
    may look like it in one tensor.
    """
    if mutant.epsilon is not None and stop - start < 1 + scene.bias:
        return False
    free = mutant.epsilon is not None or mutant.factor is not None
    if not free or (mutant.factor is not None and recognised(scene, mutant.factor)):
        return True
    return sum(t.array.size for t in tensors_from_output(likeness.given)[start:stop]) > 1


def _unknown(scene: Scene, likeness: Likeness, path: _Path) -> Diagnosis:
    given = tensors_from_output(likeness.given)
    expected = tensors_from_output(scene.gradient(path.rules))
    place = path.agreeing
    if place == likeness.tensors:  # wrong by so little that only the numeric gradient shows it
        pairs = zip(given, expected, strict=True)
        place = int(np.argmax([relative_distance(a.array, m.array) for a, m in pairs]))
    return unknown(scene.depth, given[place], expected[place])
