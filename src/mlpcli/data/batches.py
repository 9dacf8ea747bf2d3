"""Deals the training rows out in minibatches, each row once an epoch, in a seeded random order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from mlpcli.nn.activations import FloatArray

__all__ = ["Batch", "Rows", "batches"]

_BLOCK_ROWS = 4096


@dataclass(frozen=True)
class Rows:
    """Encoded rows: inputs `X` (N x n_0), labels `y` (N x K), row weights `weight` (N,) or None.

    `weight` has mean 1.
    """

    X: FloatArray
    y: FloatArray
    weight: FloatArray | None = None

    def __len__(self) -> int:
        return int(self.X.shape[0])

    def take(self, index: np.ndarray[tuple[int], np.dtype[np.int64]] | slice) -> Rows:
        """Return the chosen rows, a copy for an index array and a view for a slice."""
        weight = None if self.weight is None else self.weight[index]
        return Rows(self.X[index], self.y[index], weight)


@dataclass(frozen=True)
class Batch:
    """Minibatch number `index` of its epoch, counted from 0."""

    index: int
    rows: Rows


def batches(rows: Rows, size: int, rng: np.random.Generator, skip: int = 0) -> Iterator[Batch]:
    """Yield the minibatches of one epoch, without replacement; the last one may be smaller.

    Draws one permutation from `rng`. The first `skip` batches are passed over, which is how an
    interrupted epoch goes on where it stopped. Rows are gathered a block of batches at a time:
    indexing has a fixed cost that would dominate small batches.
    """
    order = rng.permutation(len(rows))
    block = max(1, _BLOCK_ROWS // size) * size
    for start in range(skip * size, len(rows), block):
        gathered = rows.take(order[start : start + block])
        for offset in range(0, len(gathered), size):
            yield Batch((start + offset) // size, gathered.take(slice(offset, offset + size)))
