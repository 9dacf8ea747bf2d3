"""Whoever calls somebody's function, this process or another: both are asked in these words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mlpcli.errors import CaseError
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.check.given.crossing import Crossing
    from mlpcli.check.given.tree import Tree

    Sample = tuple[Tree, Tree]  # X and y

__all__ = ["TIMEOUT", "Answer", "Facts", "Host", "NoAnswer", "NoGradient", "OtherShapes"]


class NoAnswer(CaseError):
    """A function whose process ended, ran out of time, or answered what cannot be read."""


class NoGradient(CaseError):
    """A function that returned nothing, a number or text: no layout makes a gradient of that."""


class OtherShapes(CaseError):
    """Arrays whose shapes another layout has, which the `hint` names: `plain` are lines without it.

    A file is in that layout; of a function it is not known before it has been called so.
    """

    def __init__(self, *plain: str, hint: str) -> None:
        super().__init__(f"{plain[0]}; {hint}", *plain[1:])
        self.plain = plain


TIMEOUT = 60.0  # seconds for all calls of a function


@dataclass(frozen=True)
class Facts:
    """What is known of a function before it is called: whether it takes a rate, and where it is."""

    takes_rate: bool
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True)
class Answer:
    """What a call returned, and its arguments afterwards (None: as they were).

    `after` is (weights, biases, X, y) as the function left them, or as its object keeps them.
    """

    returned: Tree
    after: tuple[Tree, ...] | None


class Host(Protocol):
    """Whoever calls the function: this process, or another."""

    name: str

    @property
    def left(self) -> float:
        """The seconds that all calls to come may take."""
        ...

    def begin(self, sizes: Sequence[int]) -> Facts:
        """Find the function, as if for the first time, for a network n_0, .. n_L."""
        ...

    def call(
        self, parameters: tuple[Tree, ...], samples: Sequence[Sample], rate: float, where: str = ""
    ) -> list[Answer]:
        """Call it on each sample with the same parameters, (weights, biases) or a part of them."""
        ...

    def crossing(self, parameters: tuple[Tree, ...], sample: Sample) -> Crossing | None:
        """Return the shapes (N, 1) and (N,) that met where labels are used, None if none did."""
        ...
