"""One record a bug: what it does to the rules of backprop, in words, and what hides it.

A bug has mutants: at which layer, with or without 1/N, and so on. Those with a number in them that
only a given gradient can tell, a factor or a rate, are fitted to it. Files of related bugs hold the
records, and `BUGS` in `registry.py` holds all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from mlpcli.nn.backprop import OnArray, Rules

if TYPE_CHECKING:
    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = [
    "NO_DELTA",
    "Bend",
    "Bug",
    "Hiding",
    "Mutant",
    "at",
    "bend_output",
    "done",
    "finish",
    "instead",
    "one_or_all",
]

Bend: TypeAlias = Callable[[Rules], Rules]


@dataclass(frozen=True)
class Mutant:
    """The layers, counted from 1, where a bug is made, and how it bends the rules.

    `letters` are the tensors of those layers that are made wrong there: W, b or both. The numbers
    are those of the mutant, None where the bug has none; `note` says what else tells it apart.
    """

    layers: tuple[int, ...]
    bend: Bend
    letters: str = "Wb"
    factor: float | None = None
    epsilon: float | None = None
    learning_rate: float | None = None
    note: str = ""

    @property
    def breadth(self) -> int:
        """In how many tensors it is made."""
        return len(self.layers) * len(self.letters)


@dataclass(frozen=True)
class Hiding:
    """Why a bug cannot be seen: in words, and where that is so.

    `holds` is asked of the scene and of the mutants that have no effect there. `$epsilon` in the
    words stands for the largest of theirs.
    """

    reason: str
    holds: Callable[[Scene, Sequence[Mutant]], bool]


def _none(*_: object) -> Iterator[Mutant]:
    return iter(())


@dataclass(frozen=True)
class Bug:
    """A way to go wrong: what is computed, how that looks in the check, and how to mend it.

    In these words `$f`, `$delta` and so on stand for formulas of the case (see `Letters`).

    `mutants` yields every mutant without a free number that the shapes of a scene allow, `fit`
    those whose number is fitted to a given gradient at one layer (the rules so far, the gradient,
    the layer), `examples` mutants with a number that everybody would notice. `ways` are more of
    the same mistake, looked for in what is given and not run on every case: a case on which
    `mutants` show has them show as well. What comes to the right gradient for the activation or
    the shapes of a scene is no bug there, and not yielded.

    `generic` marks what holds for any cause of the same effect, so that anything else that explains
    as much comes first. `settles` says whether its `mutants` are so specific that to reproduce a
    gradient by one refutes it where rounding leaves the verdict open. `one_mistake` marks what is
    one mistake when made on the whole network, `at_saturation` what shows only where probabilities
    come near 0 or 1; `fix_at_output` stands for `fix` where a bug is made at the output layer, if
    that is mended else.
    """

    name: str
    explanation: str
    fix: str
    looks: str
    mutants: Callable[[Scene], Iterator[Mutant]] = _none
    fit: Callable[[Scene, Rules, Parameters, int], Iterator[Mutant]] = _none
    examples: Callable[[Scene], Iterator[Mutant]] = _none
    ways: Callable[[Scene], Iterator[Mutant]] = _none
    hidden_by: tuple[Hiding, ...] = ()
    generic: bool = False
    settles: bool = True
    one_mistake: bool = False
    fix_at_output: str = ""
    at_saturation: bool = False


NO_DELTA = Hiding(
    "the output weights are zero, so no delta reaches a hidden layer",
    lambda scene, _found: not scene.W[-1].any(),
)


def one_or_all(layers: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield each layer by itself and, of several, all together."""
    yield from ((i,) for i in layers)
    if len(layers) > 1:
        yield tuple(layers)


def at(name: str, replacements: Mapping[int, object]) -> Bend:
    """Return a bend that replaces lines in one of the mappings of `Rules`."""
    return lambda rules: rules.also(name, replacements)


def bend_output(change: OnArray) -> Bend:
    """Return a bend of l'(H_L, y), a function of its value so far."""

    def bend(rules: Rules) -> Rules:
        before = rules.output
        return replace(rules, output=lambda derivative: change(before(derivative)))

    return bend


def instead(derivative: FloatArray) -> Bend:
    """Return a bend that puts this array in the place of l'(H_L, y)."""
    return bend_output(lambda _right: derivative)


def done(names: Sequence[str], change: OnArray) -> Bend:
    """Return a bend that changes these finished tensors, after what has changed them already."""

    def bend(rules: Rules) -> Rules:
        before = {name: rules.done.get(name, _as_it_is) for name in names}
        return rules.also("done", {n: _then(before[n], change) for n in names})

    return bend


def _as_it_is(array: FloatArray) -> FloatArray:
    return array


def _then(first: OnArray, second: OnArray) -> OnArray:
    return lambda array: second(first(array))


def finish(change: Callable[[Parameters], None]) -> Bend:
    """Return a bend that changes the finished gradient in place."""
    return lambda rules: replace(rules, finish=(*rules.finish, change))
