"""Names the bug: searches for known mistakes that reproduce the given gradient, number for number.

One bug that explains every tensor is looked for first; all that do are listed. If there is none, a
factor on top of one bug is (`pair.py`), and then several bugs are put together (`several.py`). What
no bug explains is called unknown, with what the numbers rule out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.candidates import candidates, explained, mutants
from mlpcli.check.bugs.diagnosis import Diagnosis, diagnosis, is_slight, merged, non_finite, unknown
from mlpcli.check.bugs.likeness import (
    Likeness,
    distance,
    relative_distance,
    tensors_from_output,
)
from mlpcli.check.bugs.pair import factor_and_bug
from mlpcli.check.bugs.scene import Scene, scene_of
from mlpcli.check.bugs.several import Path, several
from mlpcli.check.verdict.precision import single_precision
from mlpcli.nn.backprop import RIGHT, Rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.bugs.record import Bug, Mutant
    from mlpcli.check.case import Case
    from mlpcli.check.verdict.bounds import Bounds
    from mlpcli.nn.network import Parameters

__all__ = ["diagnose", "reproduces_a_bug"]


def diagnose(
    case: Case, given: Parameters, bounds: Bounds, tolerance: float
) -> tuple[Diagnosis, ...]:
    """Return what explains a wrong gradient, the most specific first; never empty.

    `given` is the gradient (float32 or float64), `bounds` those of the case, `tolerance` relative.
    """
    scene = scene_of(case)
    likeness = Likeness(given, scene.gradient(), bounds, tolerance)
    broken = non_finite([t for t in tensors_from_output(given) if not np.isfinite(t.array).all()])
    for found in _whole(scene, likeness):
        if found:
            listed = [diagnosis(scene, bug, mutant, error) for bug, mutant, error in found]
            return (*listed, *broken)
    path = several(scene, likeness, _around_non_finite(given) if broken else RIGHT)
    complete = path.agreeing == likeness.tensors
    error = distance(given, scene.gradient(path.rules)) if complete else None
    steps = merged([found for step in path.steps for found in step])
    listed = [diagnosis(scene, bug, mutant, error) for bug, mutant in steps]
    if not complete or not (listed or broken):
        listed.append(_unknown(scene, likeness, path))
    return (*listed, *broken)


def _whole(scene: Scene, likeness: Likeness) -> Iterator[list[tuple[Bug, Mutant, float]]]:
    """Yield what explains all tensors by one bug, or by a factor and one, in either precision."""
    single = bool(single_precision(likeness.given).all())
    scenes = [scene, scene_of(scene.case, "float32")] if single else [scene]
    for rounded in scenes:
        yield explained(rounded, likeness, candidates(rounded, RIGHT, likeness.given))
    for rounded in scenes:
        yield factor_and_bug(rounded, likeness)


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
    specific = (mutant for bug, mutant in mutants(scene) if bug.settles)
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


def _unknown(scene: Scene, likeness: Likeness, path: Path) -> Diagnosis:
    given = tensors_from_output(likeness.given)
    expected = tensors_from_output(scene.gradient(path.rules))
    place = path.agreeing
    if place == likeness.tensors:  # wrong by so little that only the numeric gradient shows it
        pairs = zip(given, expected, strict=True)
        place = int(np.argmax([relative_distance(a.array, m.array) for a, m in pairs]))
    slight = all(map(is_slight, given, expected))
    return unknown(scene.depth, given[place], expected[place], slight=slight)
