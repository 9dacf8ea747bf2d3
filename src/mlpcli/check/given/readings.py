"""The ways to read what a function returns: each finds weights and biases in it, or does not.

A reading looks at names and at the nesting alone; whether the arrays fit the network is judged by
`returned`. A tree is nested dicts, lists and tuples of arrays and numbers; an array of three
axes may stand for a list of matrices.
"""

from __future__ import annotations

import re
from dataclasses import field, replace
from math import prod
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mlpcli.check.given.layout import Shape

__all__ = ["Candidate", "Expected", "array_of", "bias_fits", "candidates"]

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class Expected:
    """The shapes that a gradient has in a layout: L matrices, and L biases or none."""

    weights: tuple[Shape, ...]
    biases: tuple[Shape, ...]

    @property
    def depth(self) -> int:
        """The number of layers L."""
        return len(self.weights)


@dataclass(frozen=True)
class Candidate:
    """What a reading took for the matrices and the biases, and what stood beside them, by name.

    `packed` says that they were cut out of one vector, which fits whatever the order in it.
    """

    reading: str
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    beside: Mapping[str, Any] = field(default_factory=dict)
    packed: bool = False

    def fits(self, expected: Expected) -> bool:
        """Whether the matrices have their shapes, and every bias as many numbers as it should."""
        return (
            tuple(W.shape for W in self.weights) == expected.weights
            and len(self.biases) == len(expected.biases)
            and all(map(bias_fits, (b.shape for b in self.biases), expected.biases))
        )


def bias_fits(shape: Shape, expected: Shape) -> bool:
    """Whether it is a vector, row or column of that length, or a number for the whole layer."""
    size = prod(expected)
    return shape in {(), (1,), (1, 1), (size,), (1, size), (size, 1)}


Lists: TypeAlias = tuple[list[Any], list[Any]]
"""What may be the matrices and what the biases, not yet seen as arrays."""


def array_of(node: Any) -> Array | None:
    """Return the node as an array of float32 or float64, None where it is none."""
    if isinstance(node, (dict, str, bytes)) or node is None:
        return None
    try:
        array = np.asarray(node)
    except (ValueError, TypeError):  # a ragged list, say of matrices
        return None
    if array.dtype.kind in "biu":
        array = array.astype(np.float64)
    return array if array.dtype.kind == "f" and array.dtype.itemsize > 2 else None


def items_of(node: Any) -> list[Any] | None:
    """Return what a list holds; numbered keys and the first axis of an array make a list too."""
    if isinstance(node, (list, tuple)):
        return list(node)
    if isinstance(node, np.ndarray):
        return list(node) if node.ndim else None
    if isinstance(node, dict) and node and all(isinstance(key, int) for key in node):
        keys = sorted(node)
        return [node[key] for key in keys] if keys[-1] - keys[0] == len(keys) - 1 else None
    return None


def _of_length(node: Any, length: int) -> list[Any] | None:
    items = items_of(node)
    return items if items is not None and len(items) == length else None


# Each of these takes a tree and the number of layers, and returns the lists of one reading.


def _two_lists(tree: Any, depth: int) -> Lists | None:
    halves = _of_length(tree, 2)
    both = [_of_length(half, depth) for half in halves or ()]
    return (both[0], both[1]) if len(both) == 2 and both[0] and both[1] else None


def _two_tensors(tree: Any, depth: int) -> Lists | None:
    """One layer: its matrix and its bias, without lists around them."""
    both = _of_length(tree, 2)
    return ([both[0]], [both[1]]) if depth == 1 and both else None


def _pairs(tree: Any, depth: int) -> Lists | None:
    pairs = [_of_length(pair, 2) for pair in _of_length(tree, depth) or ()]
    if not pairs or not all(pairs):
        return None
    return [pair[0] for pair in pairs if pair], [pair[1] for pair in pairs if pair]


def _alternating(tree: Any, depth: int) -> Lists | None:
    flat = _of_length(tree, 2 * depth)
    return None if flat is None else (flat[::2], flat[1::2])


def _one_after_the_other(tree: Any, depth: int) -> Lists | None:
    flat = _of_length(tree, 2 * depth)
    return None if flat is None else (flat[:depth], flat[depth:])


def _matrices(tree: Any, depth: int) -> Lists | None:
    flat = _of_length(tree, depth)
    return None if flat is None else (flat, [])


def _matrices_and_empty(tree: Any, depth: int) -> Lists | None:
    both = _of_length(tree, 2)
    weights = _of_length(both[0], depth) if both else None
    empty = both and (both[1] is None or _of_length(both[1], 0) is not None)
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


def _by_place(tree: Any, expected: Expected) -> Iterator[Candidate]:
    """Yield what lists and tuples say by the places of their items."""
    for reading, words, exchanged in _BY_PLACE:
        lists = reading(tree, expected.depth)
        if lists is not None:
            yield from _candidate(words, lists)
            if exchanged:
                yield from _candidate(exchanged, lists[::-1])


def _candidate(
    words: str, lists: Lists, beside: Mapping[str, Any] | None = None
) -> Iterator[Candidate]:
    arrays = [[array_of(item) for item in part] for part in lists]
    if all(array is not None for part in arrays for array in part):
        weights, biases = (tuple(a for a in part if a is not None) for part in arrays)
        yield Candidate(words, weights, biases, beside or {})


_NAME = re.compile(
    r"(?P<of>(?:d|g|grads?|gradients?|nabla|delta|dJ_?d|dL_?d|∂)_?)*"
    r"(?P<what>weights?|w|thetas?|kernels?|bias(?:es)?|b)_?(?P<layer>\d*)(?P<after>_?grads?)?",
    re.IGNORECASE,
)
Named: TypeAlias = dict[tuple[bool, str], dict[int, Any]]
"""By whether a name says that it is a derivative, and W or b: what each number names, -1 none."""


def _by_name(tree: Any, expected: Expected) -> Iterator[Candidate]:
    """Yield what the keys of dicts say: W1, dW1, grad_W1, dTheta1, from 0 or 1, or whole lists."""
    flat = _flattened(tree)
    named, beside = _sorted_out(flat)
    for derivative, words in ((True, "dW1, db1, .."), (False, "W1, b1, ..")):
        weights = _layers(named.get((derivative, "W")), expected.depth)
        biases = _layers(named.get((derivative, "b"), {}), expected.depth)
        if weights is not None and biases is not None:
            yield from _candidate(f"the names {words}", (weights, biases), beside)
    for key, value in beside.items():
        if isinstance(value, dict) or "grad" in key.lower():
            others = {name: item for name, item in flat.items() if name != key}
            for found in _read(value, expected):
                yield replace(found, beside={**others, **found.beside})


def _flattened(tree: Any) -> dict[str, Any]:
    """Return a dict by its keys; of one dict per layer, by their keys with the layer's number."""
    layers = items_of(tree) or (list(tree.values()) if isinstance(tree, dict) else [])
    if layers and all(isinstance(layer, dict) for layer in layers):
        return {f"{key}{i}": x for i, layer in enumerate(layers, 1) for key, x in layer.items()}
    return {str(key): x for key, x in tree.items()} if isinstance(tree, dict) else {}


def _sorted_out(flat: Mapping[str, Any]) -> tuple[Named, dict[str, Any]]:
    named: Named = {}
    beside = {}
    for key, value in flat.items():
        match = _NAME.fullmatch(key)
        if match is None:
            beside[key] = value
            continue
        says = match.groupdict()
        of = (bool(says["of"] or says["after"]), "b" if says["what"][0] in "bB" else "W")
        named.setdefault(of, {})[int(says["layer"] or -1)] = value
    return named, beside


def _layers(numbered: dict[int, Any] | None, depth: int) -> list[Any] | None:
    """Return what the numbers name in their order, or the list of a name without a number."""
    if numbered is None:
        return None
    if set(numbered) == {-1}:
        whole = numbered[-1]
        single = depth == 1 and isinstance(whole, np.ndarray) and whole.ndim < 3
        return [whole] if single else _of_length(whole, depth) or _of_length(whole, 0)
    numbers = sorted(numbered)
    consecutive = len(numbers) == depth == numbers[-1] - numbers[0] + 1 if numbers else True
    return [numbered[i] for i in numbers] if consecutive else None


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


_READINGS: tuple[Callable[[Any, Expected], Iterator[Candidate]], ...] = (
    _by_place,
    _by_name,
    _packed,
)


def candidates(tree: Any, expected: Expected) -> Iterator[Candidate]:
    """Yield everything that the tree may say, by all readings, whatever its shapes."""
    yield from _read(tree, expected)
    items = list(tree) if isinstance(tree, (list, tuple)) else []
    if len(items) == 1:
        yield from _read(items[0], expected)
    for count in range(1, len(items)):
        for before, rest in ((items[:count], items[count:]), (items[-count:], items[:-count])):
            for found in _read(rest[0] if len(rest) == 1 else rest, expected):
                yield replace(found, beside={**_unnamed(before), **found.beside})


def _read(tree: Any, expected: Expected) -> Iterator[Candidate]:
    for reading in _READINGS:
        yield from reading(tree, expected)


def _unnamed(items: Sequence[Any]) -> dict[str, Any]:
    """Return what stands in front without a name; a number is the loss."""
    arrays = [array_of(item) for item in items]
    return {
        "loss" if array is not None and array.ndim == 0 else f"[{i}]": item
        for i, (item, array) in enumerate(zip(items, arrays, strict=True))
    }
