"""Encodes rows block by block, on all cores, into memory or into a file."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from mlpcli.cores import core_count
from mlpcli.data.batches import Rows
from mlpcli.data.row_file import RowFile
from mlpcli.data.source.words import show_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mlpcli.data.batches import RowSource
    from mlpcli.data.encoder import Encoder
    from mlpcli.data.examples import Examples
    from mlpcli.data.memory import Place
    from mlpcli.nn.activations import FloatArray

__all__ = ["encode_examples", "spread", "unseen_notes"]

T = TypeVar("T")
R = TypeVar("R")
_BLOCK_ROWS = 16_384
_BLOCK_INPUTS = 1 << 22  # so that a block of many inputs is small, too
_WORTH_THREADS = 65_536  # rows below which starting threads takes longer than they save


def encode_examples(
    examples: Examples,
    encoder: Encoder,
    dtype: str,
    weight_scale: float = 1.0,
    place: Place | None = None,
) -> tuple[RowSource, Counter[str]]:
    """Return the encoded rows, weights divided by `weight_scale`, and counts of unseen levels.

    The inputs are in memory, or in a file at `place`. Raises StorageError where the disk is full.
    """
    weight = examples.weight
    scaled = None if weight is None else (weight / weight_scale).astype(dtype)
    rows = _room_for(examples, encoder, dtype, scaled, place)

    def encode(cut: tuple[int, int]) -> dict[str, int]:
        X, unseen = encoder.encode(examples.columns.between(*cut), dtype)
        rows.write(cut[0], X)
        return unseen

    unseen: Counter[str] = Counter()
    size = max(1, min(_BLOCK_ROWS, _BLOCK_INPUTS // max(1, rows.width)))
    with spread(len(examples)) as run:
        for counts in run(encode, examples.columns.cuts(len(examples), size)):
            unseen.update(counts)
    return rows, unseen


def _room_for(
    examples: Examples,
    encoder: Encoder,
    dtype: str,
    weight: FloatArray | None,
    place: Place | None,
) -> RowSource:
    y, width = examples.y.astype(dtype), len(encoder.inputs)
    if place is None:
        return Rows(np.empty((len(examples), width), dtype), y, weight)
    return RowFile(width, y, weight, room=place.room, folder=place.folder)


def unseen_notes(unseen: Mapping[str, int], rows: int) -> list[str]:
    """Return a note for each column in which texts occur that training never saw."""
    return [
        f"column {show_name(name)}: {count} of {rows} rows hold a text not seen in training"
        for name, count in unseen.items()
    ]


class Map(Protocol):
    """The built-in `map`, or that of a pool of threads."""

    def __call__(self, function: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        """Yield function(item) for each item, in their order."""


@contextmanager
def spread(rows: int) -> Iterator[Map]:
    """Provide a `map` that works on all cores where there are enough rows for that."""
    cores = core_count()
    if rows < _WORTH_THREADS or cores == 1:
        yield map
        return
    pool = ThreadPoolExecutor(cores)
    try:
        yield pool.map
    finally:
        pool.shutdown(cancel_futures=True)
