"""What may explain a gradient: every mutant of every bug, and which of them do."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mlpcli.check.bugs.fit import recognised
from mlpcli.check.bugs.likeness import distance, tensors_from_output
from mlpcli.check.bugs.record import Bug, Mutant
from mlpcli.check.bugs.registry import BUGS
from mlpcli.nn.backprop import RIGHT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mlpcli.check.bugs.likeness import Likeness
    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.backprop import Rules
    from mlpcli.nn.network import Parameters

__all__ = ["ROUNDING", "Found", "candidates", "explained", "made", "mutants", "tells"]

ROUNDING = 1e-9  # what computes the same is listed in the order of the registry

Found: TypeAlias = tuple[Bug, Mutant]


def mutants(scene: Scene) -> Iterator[Found]:
    """Yield every mutant without a free number."""
    for bug in BUGS.values():
        with np.errstate(all="ignore"):  # a bug may well overflow, or divide by 0
            made = [*bug.mutants(scene)]
        yield from ((bug, mutant) for mutant in made)


def made(scene: Scene, bug: Bug) -> tuple[list[Mutant], list[Mutant]]:
    """Return the mutants of a bug without a free number, and those with its example numbers."""
    with np.errstate(all="ignore"):
        return [*bug.mutants(scene)], [*bug.examples(scene)]


def candidates(
    scene: Scene, rules: Rules, given: Parameters, layer: int | None = None
) -> Iterator[Found]:
    """Yield what may explain `given`; numbers are fitted at one layer, or at each in turn."""
    yield from mutants(scene)
    for i in range(scene.depth, 0, -1) if layer is None else (layer,):
        for bug in BUGS.values():
            with np.errstate(all="ignore"):
                fitted = [*bug.fit(scene, rules, given, i)]
            yield from ((bug, mutant) for mutant in fitted)


def explained(
    scene: Scene, likeness: Likeness, found: Iterable[Found]
) -> list[tuple[Bug, Mutant, float]]:
    """Return every bug that alone explains all tensors, by its best mutant, specific first."""
    best: dict[str, tuple[Bug, Mutant, float]] = {}
    for bug, mutant in found:
        rules = mutant.bend(RIGHT)
        if not _explains(scene, likeness, rules):
            continue
        error = distance(likeness.given, scene.gradient(rules))
        known = best.get(bug.name)
        if known is None or (_breadth(scene, bug, mutant), error) < (
            _breadth(scene, bug, known[1]),
            known[2],
        ):
            best[bug.name] = (bug, mutant, error)
    return sorted(best.values(), key=lambda found: (found[0].generic, max(found[2], ROUNDING)))


def _breadth(scene: Scene, bug: Bug, mutant: Mutant) -> int:
    """Return in how many tensors a bug is made; on the whole network it may be one mistake."""
    whole = bug.one_mistake and len(mutant.layers) == scene.depth
    return 0 if whole else mutant.breadth


def _explains(scene: Scene, likeness: Likeness, rules: Rules) -> bool:
    """Whether these rules explain all tensors; most are refuted by the highest that they change."""
    if not rules.finish:
        top = int(min(rules.highest, scene.depth)) or 1
        above = (scene.depth - top) * (1 + scene.bias)
        if likeness.right_down < above:
            return False
        own = islice(likeness.each(scene.gradient(rules, lowest=top), above), 1 + scene.bias)
        if not all(own):
            return False
    return all(likeness.each(scene.gradient(rules)))


def tells(scene: Scene, likeness: Likeness, mutant: Mutant, tensors: Sequence[int]) -> bool:
    """Whether these tensors are more than one entry, to which some number can always be fitted.

    An epsilon has to explain the whole output layer: it bends a gradient so little that rounding
    may look like it in one tensor.
    """
    if mutant.epsilon is not None and len(tensors) < 1 + scene.bias:
        return False
    free = mutant.epsilon is not None or mutant.factor is not None
    if not free or (mutant.factor is not None and recognised(scene, mutant.factor)):
        return True
    arrays = tensors_from_output(likeness.given)
    return sum(arrays[k].array.size for k in tensors) > 1
