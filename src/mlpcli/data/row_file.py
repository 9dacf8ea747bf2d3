"""Encoded rows that do not fit into memory: inputs in a temporary file, read a part at a time.

An epoch needs them in random order, and a file is slow to read at random. So the rows are dealt
into bins: the file is read from top to bottom, each row goes to the bin in which its turn comes,
and one bin after the other is read into memory and put in order. That costs two readings and one
writing of the file from end to end, whatever its size, and gives the order that rows in memory
would have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.data.batches import Rows
from mlpcli.data.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from mlpcli.data.batches import Order
    from mlpcli.nn.activations import FloatArray

__all__ = ["RowFile"]


class RowFile:
    """Inputs X (N x `width`) in a file; labels `y` (N x K) and `weight` (N,) or None in memory.

    `room` is about how many bytes the work on an epoch may take, beside 8 per row. The disk is
    given back once nobody holds the rows. Raises StorageError where it is full.
    """

    def __init__(
        self,
        width: int,
        y: FloatArray,
        weight: FloatArray | None,
        *,
        room: int,
        folder: Path | None = None,
    ) -> None:
        self.width, self.y, self.weight = width, y, weight
        self._row_bytes = width * y.dtype.itemsize
        self._most = max(1, room // (4 * self._row_bytes))  # rows in memory: a bin and its order
        self._file = Scratch(folder)
        self._bins = Scratch(folder)

    def __len__(self) -> int:
        return int(self.y.shape[0])

    @property
    def X(self) -> FloatArray:
        """All inputs (N x n_0), read each time they are asked for."""
        return self._read(self._file, 0, len(self))

    def write(self, start: int, X: FloatArray) -> None:
        """Set inputs from row `start` on."""
        self._file.write(start * self._row_bytes, X)

    def take(self, index: NDArray[np.integer] | slice) -> Rows:
        """Return the chosen rows in memory."""
        y, weight = self.y[index], None if self.weight is None else self.weight[index]
        if isinstance(index, slice):
            start, stop, _ = index.indices(len(self))
            return Rows(self._read(self._file, start, max(start, stop)), y, weight)
        X = np.empty((len(index), self.width), self.y.dtype)
        for place, row in enumerate(index.tolist()):
            X[place] = self._read(self._file, row, row + 1)
        return Rows(X, y, weight)

    def in_order(self, order: Order, step: int, start: int) -> Iterator[Rows]:
        """Yield rows order[start:], at most `step` at a time, the last of each bin maybe fewer."""
        size = max(1, self._most // step) * step
        self._deal(order, size, start)
        for low in range(start - start % size, len(self), size):
            rows = order[low : low + size]
            X = self._read(self._bins, low, low + len(rows))
            place = np.empty(len(rows), np.intp)  # a bin holds its rows in the order of the file
            place[np.argsort(rows)] = np.arange(len(rows))
            for first in range(max(start - low, 0), len(rows), step):
                chosen = rows[first : first + step]
                weight = None if self.weight is None else self.weight.take(chosen)
                yield Rows(X.take(place[first : first + step], 0), self.y.take(chosen, 0), weight)

    def _deal(self, order: Order, size: int, start: int) -> None:
        """Write each row into its bin of `size` rows, except for bins that end before `start`."""
        count = len(self)
        turn = np.empty(count, np.uint32)
        turn[order] = np.arange(count, dtype=np.uint32)
        filled = np.arange(0, count, size)  # where the next row of each bin goes
        for low in range(0, count, self._most):
            part = slice(low, min(low + self._most, count))
            bins = turn[part] // size
            by_bin = np.argsort(bins, kind="stable")
            X = self._read(self._file, part.start, part.stop).take(by_bin, 0)
            ends = np.cumsum(np.bincount(bins, minlength=filled.size))
            for number in range(start // size, filled.size):
                piece = X[ends[number - 1] if number else 0 : ends[number]]
                self._bins.write(int(filled[number]) * self._row_bytes, piece)
                filled[number] += len(piece)

    def _read(self, file: Scratch, start: int, stop: int) -> FloatArray:
        X = np.empty((stop - start, self.width), self.y.dtype)
        file.read(start * self._row_bytes, X)
        return X
