"""Which entries of theta feed one unit, so that every numeric method visits them together.

All numbers of row j of W_i, and b_i[j], change the same column j of H_i: what they have in common
is computed once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlpcli.parallel import map_any_order
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlpcli.nn.network import Parameters

__all__ = ["IntArray", "Mask", "Unit", "units", "visit_each"]

IntArray: TypeAlias = NDArray[np.integer[Any]]
Mask: TypeAlias = NDArray[np.bool_]
# Below this many numbers in all, threads wait for the interpreter longer than they compute.
WORTH_THREADS = 2**24


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


def visit_each(
    visit: Callable[[Unit], None],
    work: Sequence[Unit],
    size: int,
    progress: Callable[[int], None] | None,
) -> None:
    """Call visit(unit) for every unit, on all cores where `size`, the numbers in all, is large.

    `progress` is called with the number of entries just finished, always from the calling thread.
    """

    def count(unit: Unit) -> int:
        with np.errstate(all="ignore"):  # extreme weights: what comes of them is judged, not hidden
            visit(unit)
        return unit.inputs.size

    threads = None if size >= WORTH_THREADS else 1
    for finished in map_any_order(count, work, threads=threads):
        if progress is not None:
            progress(finished)
