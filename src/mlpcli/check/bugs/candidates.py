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

__all__ = ["ROUNDING", "Found", "candidates", "every", "explained", "made", "mutants", "tells"]

ROUNDING = 1e-9  # what computes the same is listed in the order of the registry

Found: TypeAlias = tuple[Bug, Mutant]


def mutants(scene: Scene) -> Iterator[Found]:
    """Yield every mutant without a free number."""
    for bug in BUGS.values():
        with np.errstate(all="ignore"):  # a bug may well overflow, or divide by 0
            made = [*bug.mutants(scene)]
        yield from ((bug, mutant) for mutant in made)


def every(scene: Scene) -> Iterator[Found]:
    """Yield the same, and those that are looked for in a given gradient alone."""
    yield from mutants(scene)
    for bug in BUGS.values():
        with np.errstate(all="ignore"):
            more = [*bug.ways(scene)]
        yield from ((bug, mutant) for mutant in more)


def made(scene: Scene, bug: Bug) -> tuple[list[Mutant], list[Mutant]]:
    """Return the mutants of a bug without a free number, and those with its example numbers."""
    with np.errstate(all="ignore"):
        return [*bug.mutants(scene)], [*bug.examples(scene)]


def candidates(
    scene: Scene, rules: Rules, given: Parameters, layer: int | None = None
) -> Iterator[Found]:
    """Yield what may explain `given`; numbers are fitted at one layer, or at each in turn."""
    yield from every(scene)
    for i in range(scene.depth, 0, -1) if layer is None else (layer,):
        for bug in BUGS.values():
            with np.errstate(all="ignore"):
                fitted = [*bug.fit(scene, rules, given, i)]
            yield from ((bug, mutant) for mutant in fitted)


def explained(
    scene: Scene, likeness: Likeness, found: Iterable[Found]
) -> list[tuple[Bug, Mutant, float]]:
    """Return every bug that alone explains all tensors, by its best mutant, specific first.

    Where some reproduce the numbers within T, what only rounding could turn into them is no
    explanation: in a deep network, where rounding hides everything, it would be every bug.
    """
    near: list[Found] = []
    others: list[Found] = []
    for bug, mutant in found:
        rules = mutant.bend(RIGHT)
        begins, closely = _begins(scene, likeness, rules)
        if begins and closely and likeness.is_near(scene.gradient(rules)):
            near.append((bug, mutant))
        elif begins and not near:
            others.append((bug, mutant))
    best: dict[str, tuple[Bug, Mutant, float]] = {}
    for bug, mutant in near or others:
        gradient = scene.gradient(mutant.bend(RIGHT))
        if all(likeness.each(gradient)):
            _keep(best, scene, (bug, mutant, distance(likeness.given, gradient)))
    return sorted(best.values(), key=lambda found: (found[0].generic, max(found[2], ROUNDING)))


def _keep(
    best: dict[str, tuple[Bug, Mutant, float]], scene: Scene, one: tuple[Bug, Mutant, float]
) -> None:
    """Keep the mutant if it is the first or the best of its bug: in fewer tensors, or nearer."""
    bug, mutant, error = one
    known = best.get(bug.name)
    if known is None or (_breadth(scene, bug, mutant), error) < (
        _breadth(scene, bug, known[1]),
        known[2],
    ):
        best[bug.name] = one


def _breadth(scene: Scene, bug: Bug, mutant: Mutant) -> int:
    """Return in how many tensors a bug is made; on the whole network it may be one mistake."""
    whole = bug.one_mistake and len(mutant.layers) == scene.depth
    return 0 if whole else mutant.breadth


def _begins(scene: Scene, likeness: Likeness, rules: Rules) -> tuple[bool, bool]:
    """Whether these rules explain the highest layer that they change, and whether within T.

    That refutes most of them. Those that change a finished gradient are asked for all of it.
    """
    top = 1 if rules.finish else int(min(rules.highest, scene.depth))
    above = 0 if rules.finish else (scene.depth - top) * (1 + scene.bias)
    if likeness.right_down < above:
        return False, False
    part = scene.gradient(rules, lowest=top)
    stop = likeness.tensors if rules.finish else above + 1 + scene.bias
    if not all(islice(likeness.each(part, above), stop - above)):
        return False, False
    return True, likeness.is_near(part, above, stop)


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
