"""Which entries of theta feed one unit, so that every numeric method visits them together.

All numbers of row j of W_i, and b_i[j], change the same column j of H_i: what they have in common
is computed once.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlpcli.parallel import WORTH_THREADS, map_any_order
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mlpcli.nn.network import Parameters

__all__ = ["Block", "IntArray", "Mask", "Unit", "blocks", "units", "visit_each"]

IntArray: TypeAlias = NDArray[np.integer[Any]]
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class Unit:
    """Unit `row` of layer `layer`, both counted from 0.

    `inputs` are the columns k of W[layer][row, k] to be visited, where k = n_{i-1} stands for the
    bias (its input is 1); `entries` are their places in theta.
    """

    layer: int
    row: int
    inputs: IntArray
    entries: IntArray

    @property
    def size(self) -> int:
        """How many entries are visited."""
        return self.entries.size


def units(parameters: Parameters, mask: Mask | None = None) -> Iterator[Unit]:
    """Yield every unit with an entry in `mask` (over theta; None: all), layer by layer."""
    start = 0
    for layer, W in enumerate(parameters.W):
        width, fan_in = W.shape
        inputs = np.arange(fan_in + parameters.bias)
        for row in range(width):
            entries = start + row * fan_in + inputs
            if parameters.bias:
                entries[-1] = start + width * fan_in + row
            chosen = slice(None) if mask is None else mask[entries]
            if entries[chosen].size:
                yield Unit(layer, row, inputs[chosen], entries[chosen])
        start += width * inputs.size


Visited = TypeVar("Visited", "Unit", "Block")


@dataclass(frozen=True)
class Block:
    """Some units of one layer, whose probes go up together."""

    units: tuple[Unit, ...]

    @property
    def layer(self) -> int:
        """The layer, counted from 0."""
        return self.units[0].layer

    @property
    def rows(self) -> list[int]:
        """The places of the units in their layer."""
        return [unit.row for unit in self.units]

    @property
    def size(self) -> int:
        """How many entries are visited."""
        return sum(unit.size for unit in self.units)


def blocks(work: Iterable[Unit], most: Callable[[int], int]) -> Iterator[Block]:
    """Yield the units, layer by layer, in blocks of at most most(layer)."""
    for layer, own in groupby(work, key=lambda unit: unit.layer):
        some = tuple(own)
        for start in range(0, len(some), size := most(layer)):
            yield Block(some[start : start + size])


def visit_each(
    visit: Callable[[Visited], None],
    work: Sequence[Visited],
    size: int,
    progress: Callable[[int], None] | None,
) -> None:
    """Call visit(item) for every item, on all cores where `size`, the numbers in all, is large.

    `progress` is called with the number of entries just finished, always from the calling thread.
    """

    def count(item: Visited) -> int:
        with np.errstate(all="ignore"):  # extreme weights: what comes of them is judged, not hidden
            visit(item)
        return item.size

    threads = None if size >= WORTH_THREADS else 1
    for finished in map_any_order(count, work, threads=threads):
        if progress is not None:
            progress(finished)
