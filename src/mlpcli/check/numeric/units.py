"""Which entries of theta feed one unit, so that every numeric method visits them together.

All numbers of row j of W_i, and b_i[j], change the same column j of H_i: what they have in common
is computed once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.nn.network import Parameters

__all__ = ["IntArray", "Mask", "Unit", "threads_for", "units"]

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


def threads_for(size: int) -> int | None:
    """Return how many threads should visit units that handle `size` numbers (None: one a core)."""
    return None if size >= WORTH_THREADS else 1
