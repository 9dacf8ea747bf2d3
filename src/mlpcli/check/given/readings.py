"""The ways to read what a function returns: each finds weights and biases in it, or does not.

A reading looks at names and at the nesting alone; whether the arrays fit the network is judged by
`returned`. A tree is nested dicts, lists and tuples of arrays and numbers; an array of three
axes may stand for a list of matrices.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any, Literal

from mlpcli.check.given.by_name import by_name, flattened, sorted_out
from mlpcli.check.given.by_place import by_place
from mlpcli.check.given.candidate import Array, Candidate, Expected, array_of, items_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlpcli.check.given.layout import Shape

__all__ = ["candidates"]


def _packed(tree: Any, expected: Expected) -> Iterator[Candidate]:
    """Yield the gradients that one flat vector may hold."""
    vector = array_of(tree)
    shapes = (*expected.weights, *expected.biases)
    total = sum(map(prod, shapes))
    if vector is None or vector.size != total or max(vector.shape) != total:
        return
    for words, places in _SEQUENCES.items():
        sequence = places(expected.depth) if expected.biases else range(expected.depth)
        for order, lies in _ORDERS.items():
            cut = dict(_cut(vector.ravel(), shapes, sequence, order))
            arrays = tuple(cut[i] for i in range(len(shapes)))
            weights, biases = arrays[: expected.depth], arrays[expected.depth :]
            yield Candidate(f"one vector, {words}, {lies}", weights, biases, packed=True)


_SEQUENCES: dict[str, Callable[[int], Sequence[int]]] = {
    "W1, b1, W2, ..": lambda depth: [i for k in range(depth) for i in (k, depth + k)],
    "b1, W1, b2, ..": lambda depth: [i for k in range(depth) for i in (depth + k, k)],
    "W1, W2, .. b1, b2, ..": lambda depth: range(2 * depth),
    "b1, b2, .. W1, W2, ..": lambda depth: [*range(depth, 2 * depth), *range(depth)],
}
"""Where the tensors W1 .. WL, b1 .. bL, numbered from 0, stand in a vector."""
_ORDERS: dict[Literal["C", "F"], str] = {"C": "row by row", "F": "column by column"}


def _cut(
    vector: Array, shapes: Sequence[Shape], sequence: Sequence[int], order: Literal["C", "F"]
) -> Iterator[tuple[int, Array]]:
    start = 0
    for i in sequence:
        stop = start + prod(shapes[i])
        yield i, vector[start:stop].reshape(shapes[i], order=order)
        start = stop


def _within(tree: Any, expected: Expected) -> Iterator[Candidate]:
    """Yield what a dict holds under a key of dicts, or one that speaks of gradients."""
    flat = flattened(tree)
    for key, value in sorted_out(flat)[1].items():
        layers = items_of(value) or [value]
        if all(isinstance(layer, dict) for layer in layers) or "grad" in key.lower():
            others = {name: item for name, item in flat.items() if name != key}
            for found in _read(value, expected):
                yield replace(found, beside={**others, **found.beside})


_READINGS: tuple[Callable[[Any, Expected], Iterator[Candidate]], ...] = (
    by_place,
    by_name,
    _within,
    _packed,
)


def candidates(tree: Any, expected: Expected) -> Iterator[Candidate]:
    """Yield everything that the tree may say, by all readings, whatever its shapes."""
    yield from _read(tree, expected)
    items = list(tree) if isinstance(tree, (list, tuple)) else []
    if len(items) == 1:
        yield from _read(items[0], expected)
    for around, rest in _split(items):
        for found in _read(rest[0] if len(rest) == 1 else rest, expected):
            yield replace(found, beside={**_unnamed(around), **found.beside})


def _read(tree: Any, expected: Expected) -> Iterator[Candidate]:
    for reading in _READINGS:
        yield from reading(tree, expected)


def _split(items: Sequence[Any]) -> Iterator[tuple[list[Any], list[Any]]]:
    """Yield what may stand around the gradient, and it: the first, the last, or all numbers."""
    for count in range(1, len(items)):
        yield [*items[:count]], [*items[count:]]
        yield [*items[-count:]], [*items[:-count]]
    numbers = [item for item in items if _is_number(item)]
    if numbers and _is_number(items[0]) and _is_number(items[-1]):
        yield numbers, [item for item in items if not _is_number(item)]


def _unnamed(items: Sequence[Any]) -> dict[str, Any]:
    """Return what stands around it without a name; a number is the loss, several may be."""
    numbers = tuple(item for item in items if _is_number(item))
    loss = {} if not numbers else {"loss": numbers if len(numbers) > 1 else numbers[0]}
    others = {f"[{i}]": item for i, item in enumerate(items) if not _is_number(item)}
    return {**loss, **others}


def _is_number(item: Any) -> bool:
    array = array_of(item)
    return array is not None and array.ndim == 0
