"""Encodes rows block by block, on all cores, into memory or into a file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from mlpcli.data.batches import Rows
from mlpcli.data.row_file import RowFile
from mlpcli.data.table.words import show_name
from mlpcli.parallel import map_ahead

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
    for counts in spread(encode, examples.columns.cuts(len(examples), size), len(examples)):
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


def spread(function: Callable[[T], R], items: Iterable[T], rows: int) -> Iterator[R]:
    """Yield function(item) for each item in their order, on all cores if there are enough rows."""
    return (map if rows < _WORTH_THREADS else map_ahead)(function, items)
