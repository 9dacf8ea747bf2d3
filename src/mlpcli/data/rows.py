"""Encoded rows, and the minibatches of an epoch: each row once, in a seeded random order.

Rows that do not fit into memory lie in a temporary file, which is slow to read at random. So an
epoch deals them into bins: the file is read from top to bottom, each row goes to the bin in which
its turn comes, and one bin after the other is read into memory and put in order. That costs two
readings and one writing of the file from end to end, whatever its size, and gives the order that
rows in memory would have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.scratch import Door, Scratch
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlpcli.nn.sigmoid import FloatArray
    from mlpcli.ranks import Ranks

__all__ = [
    "AnyRows",
    "Block",
    "Order",
    "Place",
    "RankRowFile",
    "RowFile",
    "Rows",
    "blocks",
    "cuts",
    "pieces",
]

Order: TypeAlias = NDArray[np.uint32]

_PIECE_ROWS = 8192  # bounds the memory of a forward pass over many rows


@dataclass(frozen=True)
class Rows:
    """Encoded rows in memory: inputs `X` (N x n_0), labels `y` (N x K), `weight` (N,) or None.

    `weight` has mean 1; None where all rows weigh the same.
    """

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
        if isinstance(index, slice):
            if index.indices(len(self)) == (0, len(self), 1):
                return self
            weight = None if self.weight is None else self.weight[index]
            return Rows(self.X[index], self.y[index], weight)
        weight = None if self.weight is None else self.weight.take(index)
        return Rows(self.X.take(index, 0), self.y.take(index, 0), weight)  # faster than X[index]

    def in_order(self, order: Order, _step: int, start: int) -> Iterator[tuple[Rows, Order]]:
        """Yield all rows, and order[start:]."""
        yield self, order[start:]


@dataclass(frozen=True)
class Place:
    """Where rows lie that do not fit into memory: a folder (None: the system's), and `room`.

    `room` is how many bytes of them may be in memory at a time.
    """

    room: int
    folder: Path | None = None


class RowFile:
    """Inputs X (N x `width`) in a file; labels `y` (N x K) and `weight` (N,) or None in memory.

    An epoch takes the room of its place, and 8 bytes per row. The disk is given back once nobody
    holds the rows. Raises StorageError where it is full.
    """

    def __init__(self, width: int, y: FloatArray, weight: FloatArray | None, place: Place) -> None:
        self.width, self.y, self.weight = width, y, weight
        self._row_bytes = width * y.dtype.itemsize
        self._most = max(1, place.room // (4 * self._row_bytes))  # in memory: a bin and its order
        self._file: Scratch | Door = Scratch(place.folder)
        self._bins: Scratch | Door = Scratch(place.folder)

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

    def in_order(self, order: Order, step: int, start: int) -> Iterator[tuple[Rows, Order]]:
        """Yield a bin of rows at a time, and in which order they come in order[start:].

        `order` holds each row once. `step` is the batch size, of which `start` is a multiple; so is
        the number of rows in a bin, but for the last.
        """
        size = max(1, self._most // step) * step
        self._deal(order, size, start)
        for low in range(start - start % size, len(self), size):
            rows = order[low : low + size]
            X = self._read(self._bins, low, low + len(rows))
            by_file = np.argsort(rows)  # a bin holds its rows in the order of the file
            place = np.empty(len(rows), np.uint32)
            place[by_file] = np.arange(len(rows), dtype=np.uint32)
            chosen = rows[by_file]
            weight = None if self.weight is None else self.weight.take(chosen)
            yield Rows(X, self.y.take(chosen, 0), weight), place[max(start - low, 0) :]

    def _deal(self, order: Order, size: int, start: int) -> None:
        """Write each row into its bin of `size` rows, except for bins that end before `start`."""
        count = len(self)
        turn = np.empty(count, np.uint32)
        turn[order] = np.arange(count, dtype=np.uint32)
        filled = np.arange(0, count, size)  # where the next row of each bin goes
        for low in range(0, count, self._most):
            high = min(low + self._most, count)
            bins = turn[low:high] // size
            by_bin = np.argsort(bins, kind="stable")
            X = self._read(self._file, low, high).take(by_bin, 0)
            ends = np.cumsum(np.bincount(bins, minlength=filled.size))
            for number in range(start // size, filled.size):
                piece = X[ends[number - 1] if number else 0 : ends[number]]
                self._bins.write(int(filled[number]) * self._row_bytes, piece)
                filled[number] += len(piece)

    def __getstate__(self) -> dict[str, Any]:
        """Return what other processes of this machine need; both files lie as long as this one."""
        end = len(self) * self._row_bytes
        doors = {
            name: file.door(end) if isinstance(file, Scratch) else file
            for name, file in (("_file", self._file), ("_bins", self._bins))
        }
        return vars(self) | doors

    def _read(self, file: Scratch | Door, start: int, stop: int) -> FloatArray:
        X = np.empty((stop - start, self.width), self.y.dtype)
        file.read(start * self._row_bytes, X)
        return X


class RankRowFile(RowFile):
    """The same for ranks of one machine, each with a bin in memory: rank 0 deals, and all read."""

    def __init__(self, rows: RowFile, ranks: Ranks) -> None:
        vars(self).update(vars(rows))
        self._ranks = ranks
        self._most = max(1, self._most // ranks.size)

    def _deal(self, order: Order, size: int, start: int) -> None:
        self._ranks.gather(None)  # all have read what was dealt before
        if not self._ranks.rank:
            super()._deal(order, size, start)
        self._ranks.gather(None)


AnyRows: TypeAlias = Rows | RowFile


@dataclass(frozen=True)
class Block:
    """Rows of whole minibatches of an epoch, all in memory, and the `order` in which they come."""

    rows: Rows
    order: Order


def blocks(rows: AnyRows, size: int, rng: np.random.Generator, skip: int = 0) -> Iterator[Block]:
    """Yield one epoch's rows in random order, each once, in blocks of minibatches of `size`.

    Draws one permutation from `rng`. The first `skip` minibatches are passed over, which is how an
    interrupted epoch goes on where it stopped. Rows in memory are one block.
    """
    order = rng.permutation(np.arange(len(rows), dtype=np.uint32))
    for some, turns in rows.in_order(order, size, skip * size):
        yield Block(some, turns)


def cuts(rows: AnyRows, within: slice | None = None) -> list[slice]:
    """Return where the rows, or those of a slice, are cut into pieces of some thousands."""
    start, stop, _ = (within or slice(None)).indices(len(rows))
    firsts = range(start, stop, _PIECE_ROWS)
    return [slice(first, min(first + _PIECE_ROWS, stop)) for first in firsts]


def pieces(rows: AnyRows, within: slice | None = None) -> Iterator[Rows]:
    """Yield the rows, or those of a slice, in order and some thousands at a time."""
    for cut in cuts(rows, within):
        yield rows.take(cut)
