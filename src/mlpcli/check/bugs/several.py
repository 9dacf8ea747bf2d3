"""Puts bugs together that no single one explains, from the output down as backpropagation runs.

The first wrong layer, counted from the output, is explained, then the next one that is still wrong,
and so on. W and b of one layer may be wrong for different reasons: what explains one of them is
taken, where there is the choice, so that it leaves the other as it is.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mlpcli.check.bugs.candidates import Found, candidates, every, tells
from mlpcli.check.bugs.likeness import tensors_from_output
from mlpcli.check.bugs.record import Mutant, done
from mlpcli.check.bugs.registry import BUGS
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.bugs.likeness import Likeness
    from mlpcli.check.bugs.record import Bend
    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.backprop import Rules
    from mlpcli.nn.network import Parameters

__all__ = ["Path", "several"]

_DEEPEST = 6  # bugs put together at most
_BEAM = 3


@dataclass(frozen=True)
class Path:
    """Bugs put together so far, each with others that look the same, and which tensors they reach.

    `agreement` tells of each tensor from the output down.
    """

    rules: Rules
    steps: tuple[tuple[Found, ...], ...]
    agreement: tuple[bool, ...]

    @property
    def agreeing(self) -> int:
        """How many tensors agree, from the output to the first that does not."""
        return (*self.agreement, False).index(False)

    def reach(self, a_layer: int) -> int:
        """Return the same, and what agrees in that first wrong layer of `a_layer` tensors."""
        whole = self.agreeing // a_layer * a_layer
        return whole + sum(self.agreement[whole : whole + a_layer])


class _Step(NamedTuple):
    """A candidate, the path with it, the tensors that it explains, and how many it spoils.

    `factor` is named with it where it takes one.
    """

    found: Found
    path: Path
    tensors: tuple[int, ...]
    spoiled: int
    factor: tuple[Found, ...] = ()


def several(scene: Scene, likeness: Likeness, start: Rules) -> Path:
    """Put bugs together, from the output down, and return the path that explains most tensors."""
    a_layer = 1 + scene.bias
    beam = [Path(start, (), tuple(likeness.each(scene.gradient(start))))]
    best = beam[0]
    for _ in range(_DEEPEST):
        if best.agreeing == likeness.tensors:
            break
        beam = [longer for path in beam for longer in _extend(scene, likeness, path)]
        beam = sorted(beam, key=lambda path: -path.reach(a_layer))[:_BEAM]
        if not beam:
            break
        if beam[0].reach(a_layer) > best.reach(a_layer):
            best = beam[0]
    return best


def _extend(scene: Scene, likeness: Likeness, path: Path) -> list[Path]:
    """Return the paths with one bug more, each of which explains more of the first wrong layer."""
    if path.agreeing == likeness.tensors:
        return []
    layer = scene.depth - path.agreeing // (1 + scene.bias)
    place = _Place(scene, likeness, path, layer, scene.gradient(path.rules))
    tried = map(place.tried, candidates(scene, path.rules, likeness.given, layer))
    steps = [step for step in tried if step]
    return _grouped(path, steps or [*place.scaled()])


@dataclass(frozen=True)
class _Place:
    """The first wrong layer of a path, where a candidate has to explain more than is explained.

    `before` is the gradient that the path computes.
    """

    scene: Scene
    likeness: Likeness
    path: Path
    layer: int
    before: Parameters

    def tried(self, found: Found) -> _Step | None:
        """Return the step that a candidate makes, None where it explains nothing more."""
        scene, likeness, known = self.scene, self.likeness, self.path.agreement
        stop = (scene.depth - self.layer + 1) * (1 + scene.bias)
        here = range(stop - 1 - scene.bias, stop)
        rules = found[1].bend(self.path.rules)
        part = scene.gradient(rules, 1 if rules.finish else self.layer)
        own: list[bool] = []
        for k, same in zip(range(stop), likeness.each(part), strict=False):
            if known[k] and not same:  # so are all above this layer
                return None
            own.append(same)
        gained = tuple(k for k in here if own[k] and not known[k])
        if not gained or not tells(scene, likeness, found[1], gained):
            return None
        now, then = tensors_from_output(part), tensors_from_output(self.before)
        changed = [k for k in here if not np.array_equal(now[k].array, then[k].array)]
        spoiled = sum(not own[k] for k in changed)
        agreement = tuple(likeness.each(scene.gradient(rules)))
        if any(
            right and not same for right, same in zip(likeness.as_right, agreement, strict=True)
        ):
            return None  # what is right has no bug
        return _Step(found, Path(rules, self.path.steps, agreement), gained, spoiled)

    def scaled(self) -> Iterator[_Step]:
        """Yield steps of a bug and a factor on the tensor in which it is made, W or b."""
        for bug, mutant in every(self.scene):
            rules = mutant.bend(self.path.rules)
            if bug.generic or rules.finish:
                continue
            part = self.scene.gradient(rules, self.layer)
            for letter in mutant.letters if self.scene.bias else "W":
                c = self._factor(part, letter)
                if c is not None:
                    times = done([f"{letter}{self.layer}"], partial(np.multiply, c))
                    step = self.tried((bug, replace(mutant, bend=_both(mutant, times))))
                    factor = Mutant((self.layer,), times, letter, factor=c)
                    if step:
                        yield step._replace(factor=((BUGS["scaled"], factor),))

    def _factor(self, part: Parameters, letter: str) -> float | None:
        """Return the factor that brings a changed tensor nearest to the given one."""
        A, M, B = (
            (gradient.W if letter == "W" else gradient.b)[self.layer - 1].ravel()
            for gradient in (self.likeness.given, part, self.before)
        )
        with np.errstate(all="ignore"):
            c = float(A @ M / (M @ M))
        return c if A.size > 1 and c and np.isfinite(c) and not np.array_equal(M, B) else None


def _grouped(path: Path, steps: list[_Step]) -> list[Path]:
    """Return a path for each way to be explained: what spoils least, and the specific first."""
    groups: dict[tuple[tuple[int, ...], int], list[_Step]] = {}
    for step in steps:
        groups.setdefault((step.tensors, step.path.agreeing), []).append(step)
    paths = []
    for group in groups.values():
        least = min(step.spoiled for step in group)
        same: dict[str, _Step] = {}
        for step in group:
            bug, mutant = step.found
            known = same.get(bug.name)
            fewer = known is None or mutant.breadth < known.found[1].breadth
            if step.spoiled == least and fewer:
                same[bug.name] = step
        chosen = sorted(same.values(), key=lambda step: step.found[0].generic)
        listed = (*(step.found for step in chosen), *chosen[0].factor)
        first = chosen[0].path
        paths.append(Path(first.rules, (*path.steps, listed), first.agreement))
    return paths


def _both(mutant: Mutant, scaled: Bend) -> Bend:
    return lambda rules: scaled(mutant.bend(rules))
