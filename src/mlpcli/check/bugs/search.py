"""Names the bug: searches for known mistakes that reproduce the given gradient, number for number.

One bug that explains every tensor is looked for first; all that do are listed. If there is none,
several bugs are put together: the first wrong tensor, counted from the output as backpropagation
runs, is explained, then the next one that is still wrong, and so on. What no bug explains is
called unknown, with what the numbers rule out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.backprop import RIGHT, Forward, Rules, backward, forward, textbook
from mlpcli.check.bugs.catalogue import CATALOGUE
from mlpcli.check.bugs.fitted import fitted, recognised
from mlpcli.check.bugs.likeness import (
    Likeness,
    distance,
    relative_distance,
    tensors_from_output,
)
from mlpcli.check.bugs.mutants import variants
from mlpcli.check.bugs.wording import explain, unknown
from mlpcli.check.verdict.precision import single_precision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.bugs.mutant import Mutant
    from mlpcli.check.case import Case
    from mlpcli.check.verdict.bounds import Bounds
    from mlpcli.nn.network import Parameters

__all__ = ["Diagnosis", "diagnose", "reproduces_a_bug"]

_DEEPEST = 6  # bugs put together at most
_BEAM = 3


@dataclass(frozen=True)
class Diagnosis:
    """One explanation; `layers` count from 1, numbers are None where the bug has none.

    `match_error` is the largest relative distance of a tensor between the given gradient and the
    one that this bug (with the others found beside it, if it takes several) computes.
    """

    bug: str
    layers: tuple[int, ...]
    explanation: str
    fix: str
    match_error: float | None
    factor: float | None = None
    epsilon: float | None = None
    learning_rate: float | None = None


@dataclass(frozen=True)
class _Path:
    """Bugs put together so far, each with others that look the same, and how far they reach."""

    rules: Rules
    steps: tuple[tuple[Mutant, ...], ...]
    agreeing: int


def diagnose(
    case: Case, given: Parameters, bounds: Bounds, tolerance: float
) -> tuple[Diagnosis, ...]:
    """Return what explains a wrong gradient, the most specific first; never empty.

    `given` is the gradient (float32 or float64), `bounds` those of the case, `tolerance` relative.
    """
    f = forward(case)
    likeness = Likeness(given, backward(f), bounds, tolerance)
    broken = _non_finite(given)
    single = _single(f, likeness)
    if not single and single_precision(given).all():
        single = _single(forward(case, "float32"), likeness)
    if single:
        return (*(_diagnosis(f, m, error) for m, error in single), *broken)
    path = _several(f, likeness, _around_non_finite(given) if broken else RIGHT)
    complete = path.agreeing == likeness.tensors
    error = distance(given, backward(f, path.rules)) if complete else None
    found = [_diagnosis(f, m, error) for step in path.steps for m in step]
    if not complete or not (found or broken):
        found.append(_unknown(f, likeness, path))
    return (*found, *broken)


def reproduces_a_bug(case: Case, given: Parameters, tolerance: float) -> bool:
    """Return whether a known bug computes `given` within T, and no right gradient comes near.

    That settles what rounding leaves open: T is compared with the largest relative distance of a
    tensor; the right gradient and its textbook twin must be beyond T and ten times farther. Only
    bugs without a free number count, no gradient of zeros, and no missing row: where one row or one
    output is all there is, rounding is a common factor, and what vanishes in float32, a whole
    gradient or one row's part of it, is zero without any bug.
    """
    f = forward(case)
    right = backward(f)
    nearest_right = min(distance(given, right), distance(given, backward(f, textbook(f))))
    if not nearest_right > tolerance or not given.theta.any():
        return False
    bound = min(tolerance, nearest_right / 10)
    specific = (m for m in variants(f) if not CATALOGUE[m.bug].generic and m.bug != "row-dropped")
    return any(distance(given, backward(f, m.bend(RIGHT))) <= bound for m in specific)


def _around_non_finite(given: Parameters) -> Rules:
    """Return right rules that take over what is nan or inf, so that the rest can be explained."""

    def take_over(gradient: Parameters) -> None:
        for (_, ours), (_, theirs) in zip(gradient.tensors(), given.tensors(), strict=True):
            if not np.isfinite(theirs).all():
                ours[:] = theirs

    return replace(RIGHT, finish=(take_over,))


def _candidates(
    f: Forward, rules: Rules, given: Parameters, layer: int | None = None
) -> Iterator[Mutant]:
    """Yield what may explain `given`; numbers are fitted at one layer, or at each in turn."""
    yield from variants(f)
    layers = range(f.depth, 0, -1) if layer is None else (layer,)
    for i in layers:
        yield from fitted(f, rules, given, i)


def _single(f: Forward, likeness: Likeness) -> list[tuple[Mutant, float]]:
    """Return every bug that alone explains all tensors, by its best variant, specific first."""
    best: dict[str, tuple[Mutant, float]] = {}
    for mutant in _candidates(f, RIGHT, likeness.given):
        rules = mutant.bend(RIGHT)
        if _reach(f, likeness, rules, f.depth) < likeness.tensors:
            continue
        error = distance(likeness.given, backward(f, rules))
        known = best.get(mutant.bug)
        if known is None or (_breadth(f, mutant), error) < (_breadth(f, known[0]), known[1]):
            best[mutant.bug] = (mutant, error)
    return sorted(best.values(), key=lambda pair: (CATALOGUE[pair[0].bug].generic, pair[1]))


def _breadth(f: Forward, mutant: Mutant) -> int:
    """Return at how many layers a bug is made; a factor on the whole network is one mistake."""
    whole = mutant.bug in {"scaled", "sign-flipped"} and len(mutant.layers) == f.depth
    return 0 if whole else len(mutant.layers)


def _reach(f: Forward, likeness: Likeness, rules: Rules, layer: int) -> int:
    """Return how many tensors these rules explain; most are refuted by this layer already."""
    lowest = 1 if rules.finish else layer
    reach = likeness.agreeing(backward(f, rules, lowest))
    if lowest == 1 or reach < (f.depth - lowest + 1) * (1 + f.case.network.bias):
        return reach
    return likeness.agreeing(backward(f, rules))


def _several(f: Forward, likeness: Likeness, start: Rules) -> _Path:
    """Put bugs together, from the output down, and return the path that explains most tensors."""
    beam = [_Path(start, (), likeness.agreeing(backward(f, start)))]
    best = beam[0]
    for _ in range(_DEEPEST):
        if best.agreeing == likeness.tensors:
            break
        beam = [longer for path in beam for longer in _extend(f, likeness, path)]
        beam = sorted(beam, key=lambda path: -path.agreeing)[:_BEAM]
        if not beam:
            break
        if beam[0].agreeing > best.agreeing:
            best = beam[0]
    return best


def _extend(f: Forward, likeness: Likeness, path: _Path) -> list[_Path]:
    """Return the paths with one bug more, each of which explains the first wrong tensor."""
    layer, _, _ = tensors_from_output(likeness.given)[path.agreeing]
    by_reach: dict[int, dict[str, Mutant]] = {}
    for mutant in _candidates(f, path.rules, likeness.given, layer):
        reach = _reach(f, likeness, mutant.bend(path.rules), layer)
        if reach > path.agreeing and _tells(f, likeness, mutant, path.agreeing, reach):
            same = by_reach.setdefault(reach, {})
            known = same.get(mutant.bug)
            if known is None or len(mutant.layers) < len(known.layers):
                same[mutant.bug] = mutant
    paths = []
    for reach, same in by_reach.items():
        step = tuple(sorted(same.values(), key=lambda m: CATALOGUE[m.bug].generic))
        paths.append(_Path(step[0].bend(path.rules), (*path.steps, step), reach))
    return paths


def _tells(f: Forward, likeness: Likeness, mutant: Mutant, start: int, stop: int) -> bool:
    """Whether these tensors are more than one entry, to which some number can always be fitted.

    An epsilon has to explain the whole output layer: it bends a gradient so little that rounding
    may look like it in one tensor.
    """
    if mutant.epsilon is not None and stop - start < 1 + f.case.network.bias:
        return False
    free = mutant.epsilon is not None or mutant.factor is not None
    if not free or (mutant.factor is not None and recognised(f, mutant.factor)):
        return True
    return sum(t.size for _, _, t in tensors_from_output(likeness.given)[start:stop]) > 1


def _diagnosis(f: Forward, mutant: Mutant, error: float | None) -> Diagnosis:
    return Diagnosis(
        bug=mutant.bug,
        layers=mutant.layers,
        explanation=explain(f, mutant),
        fix=CATALOGUE[mutant.bug].fix,
        match_error=None if error is None or not np.isfinite(error) else error,
        factor=mutant.factor,
        epsilon=mutant.epsilon,
        learning_rate=mutant.learning_rate,
    )


def _non_finite(given: Parameters) -> list[Diagnosis]:
    bad = [t for t in tensors_from_output(given) if not np.isfinite(t[2]).all()]
    if not bad:
        return []
    layers = tuple(sorted({layer for layer, _, _ in bad}))
    names = ", ".join(f"{parameter}{layer}" for layer, parameter, _ in bad)
    entry = CATALOGUE["non-finite"]
    return [Diagnosis("non-finite", layers, f"{entry.explanation}: {names}", entry.fix, None)]


def _unknown(f: Forward, likeness: Likeness, path: _Path) -> Diagnosis:
    given = tensors_from_output(likeness.given)
    expected = tensors_from_output(backward(f, path.rules))
    place = path.agreeing
    if place == likeness.tensors:  # wrong by so little that only the numeric gradient shows it
        pairs = zip(given, expected, strict=True)
        place = int(np.argmax([relative_distance(a, m) for (_, _, a), (_, _, m) in pairs]))
    text = unknown(f.depth, given[place], expected[place])
    return Diagnosis("unknown", (given[place][0],), text, CATALOGUE["unknown"].fix, None)
