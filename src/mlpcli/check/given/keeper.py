"""Puts W and b where an object keeps them, and takes them from there after a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.check.given.state import Place, places, rate_of
from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from mlpcli.check.given.tree import Tree

__all__ = ["Keeper"]


class Keeper:
    """An object or a module that keeps arrays of the shapes of (weights, biases).

    Raises CaseError that names the first that it does not keep.
    """

    def __init__(self, owner: Any, parameters: tuple[Tree, ...]) -> None:
        self.owner = owner
        self.rate = rate_of(owner)
        self.arrays = (*parameters, [])[:2]
        self.places = places(owner, *self.arrays)
        self._lengths = self._measured()

    def put(self, parameters: tuple[Tree, ...], rate: float | None) -> None:
        """Write W and b into it, and the rate where it keeps one; None leaves that alone."""
        for held, arrays in zip(self.places, parameters, strict=False):
            for place, array in zip(held, arrays, strict=True):
                place.put(array)
        if rate is not None and self.rate is not None:
            vars(self.owner)[self.rate] = rate

    def get(self) -> tuple[Tree, ...]:
        """Return W and b as they are kept now: less where one is gone, more where a list grew."""
        kept: list[Tree] = [[_copy(x) for x in map(_found, held) if x is not None]
                            for held in self.places]  # fmt: skip
        kept[0] += [None] * sum(
            max(0, now - then) for now, then in zip(self._measured(), self._lengths, strict=True)
        )
        return tuple(kept)

    @property
    def is_torn(self) -> bool:
        """Whether arrays are gone or stand elsewhere, so that W and b cannot be put there."""
        pairs = zip(self._every, [*self.arrays[0], *self.arrays[1]], strict=True)
        whole = all(np.shape(_found(place)) == np.shape(array) for place, array in pairs)
        return self._measured() != self._lengths or not whole

    def gradient(self, returned: Tree) -> Tree:
        """Return what the object keeps as its gradient, after the loss if that was returned."""
        try:
            kept = places(self.owner, *self.arrays, derivatives=True)
        except CaseError:
            return returned
        found = tuple([np.array(place.get()) for place in held] for held in kept)
        return found if returned is None else (returned, found)

    def _measured(self) -> list[int]:
        """Return the lengths of the lists that hold the arrays, each once."""
        holders = {place.path[:-1]: Place(self.owner, place.path[:-1]) for place in self._every}
        lists = [_found(holder) for holder in holders.values()]
        return [len(holder) if isinstance(holder, list) else 0 for holder in lists]

    @property
    def _every(self) -> list[Place]:
        return [place for held in self.places for place in held]


def _found(place: Place) -> Any:
    """Return what is there; None where nothing is any more."""
    try:
        return place.get()
    except (LookupError, TypeError):
        return None


def _copy(kept: Any) -> Any:
    """Return a copy of an array; whatever else stands in its place as it is."""
    try:
        array = np.array(kept)
    except ValueError:  # a ragged list
        return kept
    return array if array.dtype.kind in "biufc" else kept
