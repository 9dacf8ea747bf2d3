"""One way to go wrong, and how the rules of `backprop.py` are bent for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from mlpcli.check.bugs.backprop import Array, Forward, Rules

if TYPE_CHECKING:
    from mlpcli.nn.network import Parameters

__all__ = ["Bend", "Mutant", "all_layers", "at", "bend_output", "finish", "hidden", "one_or_all"]

Bend: TypeAlias = Callable[[Rules], Rules]


@dataclass(frozen=True)
class Mutant:
    """A bug's name, the layers where it is made, and how it bends the rules.

    `layers` count from 1. The numbers are those of the variant, None where the bug has none.
    """

    bug: str
    layers: tuple[int, ...]
    bend: Bend
    factor: float | None = None
    epsilon: float | None = None
    learning_rate: float | None = None


def all_layers(f: Forward) -> tuple[int, ...]:
    """Return 1 .. L."""
    return tuple(range(1, f.depth + 1))


def hidden(f: Forward) -> tuple[int, ...]:
    """Return 1 .. L-1."""
    return tuple(range(1, f.depth))


def one_or_all(layers: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield each layer by itself and, of several, all together."""
    yield from ((i,) for i in layers)
    if len(layers) > 1:
        yield tuple(layers)


def at(name: str, replacements: Mapping[int, object]) -> Bend:
    """Return a bend that replaces lines in one of the mappings of `Rules`."""
    return lambda rules: rules.also(name, replacements)


def bend_output(change: Callable[[Forward, Array], Array]) -> Bend:
    """Return a bend of l'(h, y): a function of the forward pass and of the value so far."""

    def bend(rules: Rules) -> Rules:
        before = rules.output
        return replace(rules, output=lambda f: change(f, before(f)))

    return bend


def finish(change: Callable[[Parameters], None]) -> Bend:
    """Return a bend that changes the finished gradient in place."""
    return lambda rules: replace(rules, finish=(*rules.finish, change))
