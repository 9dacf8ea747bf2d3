"""The readings of lists and tuples, by the places of their items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlpcli.check.given.candidate import (
    Candidate,
    Expected,
    Lists,
    as_candidate,
    of_length,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


__all__ = ["by_place"]

# Each of these takes a tree and the number of layers, and returns the lists of one reading.


def _two_lists(tree: Any, depth: int) -> Lists | None:
    halves = of_length(tree, 2)
    both = [of_length(half, depth) for half in halves or ()]
    return (both[0], both[1]) if len(both) == 2 and both[0] and both[1] else None


def _two_tensors(tree: Any, depth: int) -> Lists | None:
    """One layer: its matrix and its bias, without lists around them."""
    both = of_length(tree, 2)
    return ([both[0]], [both[1]]) if depth == 1 and both else None


def _pairs(tree: Any, depth: int) -> Lists | None:
    pairs = [of_length(pair, 2) for pair in of_length(tree, depth) or ()]
    if not pairs or not all(pairs):
        return None
    return [pair[0] for pair in pairs if pair], [pair[1] for pair in pairs if pair]


def _alternating(tree: Any, depth: int) -> Lists | None:
    flat = of_length(tree, 2 * depth)
    return None if flat is None else (flat[::2], flat[1::2])


def _one_after_the_other(tree: Any, depth: int) -> Lists | None:
    flat = of_length(tree, 2 * depth)
    return None if flat is None else (flat[:depth], flat[depth:])


def _matrices(tree: Any, depth: int) -> Lists | None:
    flat = of_length(tree, depth)
    return None if flat is None else (flat, [])


def _matrices_and_empty(tree: Any, depth: int) -> Lists | None:
    both = of_length(tree, 2)
    weights = of_length(both[0], depth) if both else None
    empty = both and (both[1] is None or of_length(both[1], 0) is not None)
    return (weights, []) if weights and empty else None


def _matrix(tree: Any, depth: int) -> Lists | None:
    return ([tree], []) if depth == 1 else None


_BY_PLACE: tuple[tuple[Callable[[Any, int], Lists | None], str, str], ...] = (
    (_two_lists, "(d_weights, d_biases)", "(d_biases, d_weights)"),
    (_two_tensors, "(dW1, db1)", "(db1, dW1)"),
    (_pairs, "pairs (dW1, db1), ..", "pairs (db1, dW1), .."),
    (_alternating, "dW1, db1, dW2, ..", "db1, dW1, db2, .."),
    (_one_after_the_other, "dW1, dW2, .. db1, db2, ..", "db1, db2, .. dW1, dW2, .."),
    (_matrices, "dW1, dW2, ..", ""),
    (_matrices_and_empty, "(d_weights, [])", ""),
    (_matrix, "dW1 alone", ""),
)
"""Each reading, its words, and those of the same with weights and biases exchanged."""


def by_place(tree: Any, expected: Expected) -> Iterator[Candidate]:
    """Yield what lists and tuples say by the places of their items."""
    for reading, words, exchanged in _BY_PLACE:
        lists = reading(tree, expected.depth)
        if lists is not None:
            yield from as_candidate(words, lists)
            if exchanged:
                yield from as_candidate(exchanged, lists[::-1])
