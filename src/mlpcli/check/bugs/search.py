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
from mlpcli.check.bugs.letters import AS_OURS
from mlpcli.check.bugs.likeness import (
    Likeness,
    distance,
    relative_distance,
    tensors_from_output,
)
from mlpcli.check.bugs.pair import factor_and_bug
from mlpcli.check.bugs.passes import right_passes
from mlpcli.check.bugs.scene import Scene, scene_of
from mlpcli.check.bugs.several import Path, several
from mlpcli.check.verdict.precision import SMALLEST, single_precision
from mlpcli.nn.backprop import RIGHT, Rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.check.bugs.letters import Writing
    from mlpcli.check.bugs.record import Bug, Mutant
    from mlpcli.check.case import Case
    from mlpcli.check.numeric.units import Mask
    from mlpcli.check.verdict.bounds import Bounds
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["alone", "diagnose", "reproduces_a_bug"]


def diagnose(
    case: Case,
    given: Parameters,
    bounds: Bounds,
    tolerance: float,
    *,
    doubt: FloatArray | None = None,
    wrong: Sequence[str] = (),
    writing: Writing = AS_OURS,
) -> tuple[Diagnosis, ...]:
    """Return what explains a wrong gradient, the most specific first; never empty.

    `given` is the gradient (float32 or float64), `bounds` those of the case, `tolerance` relative,
    `doubt` what else each number may be off by, over theta; `wrong` names the tensors that are, and
    `writing` is how the code that made it lays out its arrays, for the formulas in the words.
    """
    scene = scene_of(case)
    likeness = Likeness(given, scene.gradient(), bounds, tolerance, doubt)
    broken = non_finite([t for t in tensors_from_output(given) if not np.isfinite(t.array).all()])
    for found in _whole(scene, likeness):
        if found:
            listed = [diagnosis(scene, bug, mutant, error, writing) for bug, mutant, error in found]
            return (*listed, *broken)
    path = several(scene, likeness, _around_non_finite(given) if broken else RIGHT)
    complete = path.agreeing == likeness.tensors
    error = distance(given, scene.gradient(path.rules)) if complete else None
    steps = merged([found for step in path.steps for found in step])
    listed = [diagnosis(scene, bug, mutant, error, writing) for bug, mutant in steps]
    if not complete or not (listed or broken):
        listed.append(_unknown(scene, likeness, path, wrong))
    return (*listed, *broken)


def alone(
    case: Case,
    given: Parameters,
    bounds: Bounds,
    tolerance: float,
    *,
    doubt: FloatArray | None = None,
) -> frozenset[str]:
    """Return the bugs each of which explains every tensor, but for a factor; empty if none does."""
    scene = scene_of(case)
    likeness = Likeness(given, scene.gradient(), bounds, tolerance, doubt)
    found = next((found for found in _whole(scene, likeness) if found), [])
    return frozenset(bug.name for bug, *_ in found)


def _whole(scene: Scene, likeness: Likeness) -> Iterator[list[tuple[Bug, Mutant, float]]]:
    """Yield what explains all tensors by one bug, or by a factor and one, in either precision."""
    single = bool(single_precision(likeness.given).all())
    scenes = [scene, scene_of(scene.case, "float32")] if single else [scene]
    for rounded in scenes:
        yield explained(rounded, likeness, candidates(rounded, RIGHT, likeness.given))
    for rounded in scenes:
        yield factor_and_bug(rounded, likeness)


def reproduces_a_bug(
    case: Case, given: Parameters, tolerance: float, doubt: FloatArray | None = None
) -> bool:
    """Return whether a known bug computes `given` within T, and no right gradient comes near.

    That settles what rounding leaves open, by the entries that tell the two apart: each right pass,
    stable or textbook, in either precision that `given` may have, is ten times farther from them
    than T, and `doubt` beyond that. What is 0, or may be subnormal, tells nothing: saturated units
    make it so without any bug. Only bugs without a free number count, and no missing row: where one
    row or one output is all there is, rounding is a common factor, and one row's part of a gradient
    may vanish in float32.
    """
    scene = scene_of(case)
    single = bool(single_precision(given).any())
    dtypes = ("float64", "float32") if single else ("float64",)
    right = [each for dtype in dtypes for each in right_passes(case, dtype)]
    told = _telling(given, right, tolerance, 0.0 if doubt is None else doubt)
    nearest_right = min(distance(given, each) for each in right)
    if not (nearest_right > tolerance and told.any()):
        return False
    bound = min(tolerance, nearest_right / 10)
    specific = (mutant for bug, mutant in mutants(scene) if bug.settles)
    made = (scene.gradient(mutant.bend(RIGHT)) for mutant in specific)
    return any(
        distance(given, M) <= bound and relative_distance(given.theta[told], M.theta[told]) <= bound
        for M in made
    )


@np.errstate(all="ignore")
def _telling(
    given: Parameters, right: Sequence[Parameters], tolerance: float, doubt: FloatArray | float
) -> Mask:
    """Return the entries, over theta, that no right pass comes near."""
    A = given.theta.astype(np.float64)
    smallest = np.where(single_precision(given), SMALLEST[True], SMALLEST[False])
    told: Mask = np.abs(A) >= smallest
    for R in (each.theta for each in right):
        told &= np.abs(A - R) > 10 * tolerance * np.fmax(np.abs(A), np.abs(R)) + doubt
    return told


def _around_non_finite(given: Parameters) -> Rules:
    """Return right rules that take over what is nan or inf, so that the rest can be explained."""

    def take_over(gradient: Parameters) -> None:
        for (_, ours), (_, theirs) in zip(gradient.tensors(), given.tensors(), strict=True):
            if not np.isfinite(theirs).all():
                ours[:] = theirs

    return replace(RIGHT, finish=(take_over,))


def _unknown(scene: Scene, likeness: Likeness, path: Path, wrong: Sequence[str]) -> Diagnosis:
    given = tensors_from_output(likeness.given)
    expected = tensors_from_output(scene.gradient(path.rules))
    place = path.agreeing
    if place == likeness.tensors:  # wrong by so little that only the numeric gradient shows it
        named = [k for k, tensor in enumerate(given) if tensor.name in wrong]
        pairs = zip(given, expected, strict=True)
        apart = [relative_distance(a.array, m.array) for a, m in pairs]
        place = named[0] if named else int(np.argmax(apart))
    slight = all(map(is_slight, given, expected))
    return unknown(scene.depth, given[place], expected[place], slight=slight)
