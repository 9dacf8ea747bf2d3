"""Deals the training rows out in minibatches, each row once an epoch, in a seeded random order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from mlpcli.nn.activations import FloatArray

__all__ = ["Block", "Rows", "blocks"]

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
        arrays = (self.X, self.y, self.weight)
        if isinstance(index, slice):
            X, y, weight = (array if array is None else array[index] for array in arrays)
        else:  # several times faster than X[index]
            X, y, weight = (array if array is None else array.take(index, 0) for array in arrays)
        assert X is not None
        assert y is not None
        return Rows(X, y, weight)


@dataclass(frozen=True)
class Block:
    """Shuffled rows of whole minibatches; the first of them is number `first` of its epoch."""

    first: int
    rows: Rows


def blocks(rows: Rows, size: int, rng: np.random.Generator, skip: int = 0) -> Iterator[Block]:
    """Yield one epoch's rows in random order, each once, in blocks of minibatches of `size`.

    Draws one permutation from `rng`. The first `skip` minibatches are passed over, which is how an
    interrupted epoch goes on where it stopped. Rows are gathered a block at a time: indexing has a
    fixed cost that would dominate small minibatches.
    """
    order = rng.permutation(len(rows))
    step = max(1, _BLOCK_ROWS // size) * size
    for start in range(skip * size, len(rows), step):
        yield Block(start // size, rows.take(order[start : start + step]))
