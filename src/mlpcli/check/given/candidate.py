"""What a reading took for weights and biases, and whether it fits."""

from __future__ import annotations

from dataclasses import field
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlpcli.check.given.layout import Shape

__all__ = [
    "Array",
    "Candidate",
    "Expected",
    "Lists",
    "array_of",
    "as_candidate",
    "bias_fits",
    "items_of",
    "of_length",
]

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


def of_length(node: Any, length: int) -> list[Any] | None:
    """Return what a list of that length holds, None where it is no such list."""
    items = items_of(node)
    return items if items is not None and len(items) == length else None


Lists: TypeAlias = tuple[list[Any], list[Any]]
"""What may be the matrices and what the biases, not yet seen as arrays."""


def as_candidate(
    words: str, lists: Lists, beside: Mapping[str, Any] | None = None
) -> Iterator[Candidate]:
    """Yield the lists as arrays under the words of their reading, nothing where one is no array."""
    arrays = [[array_of(item) for item in part] for part in lists]
    if all(array is not None for part in arrays for array in part):
        weights, biases = (tuple(a for a in part if a is not None) for part in arrays)
        yield Candidate(words, weights, biases, beside or {})
