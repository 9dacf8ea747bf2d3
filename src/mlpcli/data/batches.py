"""Deals the training rows out in minibatches, each row once an epoch, in a seeded random order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.nn.activations import FloatArray

__all__ = ["Block", "Order", "RowSource", "Rows", "blocks", "pieces"]

Order: TypeAlias = NDArray[np.uint32]

_BLOCK_ROWS = 4096
_PIECE_ROWS = 8192  # bounds the memory of a forward pass over many rows


class RowSource(Protocol):
    """Encoded rows: inputs X (N x `width`), labels `y` (N x K), row weights `weight` (N,) or None.

    `weight` has mean 1. X is in memory (`Rows`) or in a file (`RowFile`).
    """

    @property
    def X(self) -> FloatArray:
        """All inputs (N x n_0); of a file they are read each time they are asked for."""

    @property
    def y(self) -> FloatArray:
        """Labels (N x K)."""

    @property
    def weight(self) -> FloatArray | None:
        """Row weights (N,), or None where all rows weigh the same."""

    @property
    def width(self) -> int:
        """The number n_0 of inputs."""

    def __len__(self) -> int:
        """Return the number N of rows."""

    def write(self, start: int, X: FloatArray) -> None:
        """Set inputs from row `start` on."""

    def take(self, index: NDArray[np.integer] | slice) -> Rows:
        """Return the chosen rows in memory."""

    def in_order(self, order: Order, step: int, start: int) -> Iterator[Rows]:
        """Yield rows order[start:], at most `step` at a time.

        `order` holds each row once. `start` and `step` are multiples of the batch size; so is the
        number of rows that is yielded each time, but for the last.
        """


@dataclass(frozen=True)
class Rows:
    """Encoded rows in memory: inputs `X` (N x n_0), labels `y` (N x K), `weight` (N,) or None."""

    X: FloatArray
    y: FloatArray
    weight: FloatArray | None = None

    def __len__(self) -> int:
        return int(self.X.shape[0])

    @property
    def width(self) -> int:
        """The number n_0 of inputs."""
        return int(self.X.shape[1])

    def write(self, start: int, X: FloatArray) -> None:
        """Set inputs from row `start` on."""
        self.X[start : start + len(X)] = X

    def take(self, index: NDArray[np.integer] | slice) -> Rows:
        """Return the chosen rows, a copy for an index array and a view for a slice."""
        arrays = (self.X, self.y, self.weight)
        if isinstance(index, slice):
            X, y, weight = (array if array is None else array[index] for array in arrays)
        else:  # several times faster than X[index]
            X, y, weight = (array if array is None else array.take(index, 0) for array in arrays)
        assert X is not None
        assert y is not None
        return Rows(X, y, weight)

    def in_order(self, order: Order, step: int, start: int) -> Iterator[Rows]:
        """Yield rows order[start:], `step` at a time."""
        for first in range(start, len(self), step):
            yield self.take(order[first : first + step])


@dataclass(frozen=True)
class Block:
    """Shuffled rows of whole minibatches; the first of them is number `first` of its epoch."""

    first: int
    rows: Rows


def blocks(rows: RowSource, size: int, rng: np.random.Generator, skip: int = 0) -> Iterator[Block]:
    """Yield one epoch's rows in random order, each once, in blocks of minibatches of `size`.

    Draws one permutation from `rng`. The first `skip` minibatches are passed over, which is how an
    interrupted epoch goes on where it stopped. Rows are gathered a block at a time: indexing has a
    fixed cost that would dominate small minibatches.
    """
    order = rng.permutation(np.arange(len(rows), dtype=np.uint32))
    step = max(1, _BLOCK_ROWS // size) * size
    position = skip * size
    for block in rows.in_order(order, step, position):
        yield Block(position // size, block)
        position += len(block)


def pieces(rows: RowSource, part: slice | None = None) -> Iterator[Rows]:
    """Yield the rows, or a part of them, in order and some thousands at a time."""
    start, stop, _ = (part or slice(None)).indices(len(rows))
    for first in range(start, stop, _PIECE_ROWS):
        yield rows.take(slice(first, min(first + _PIECE_ROWS, stop)))
