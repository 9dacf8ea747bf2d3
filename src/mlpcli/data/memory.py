"""How much memory encoded rows take, and where they go if that is too much."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.data.table.words import show_name
from mlpcli.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlpcli.data.encoder import Encoder
    from mlpcli.data.table import Outlook

__all__ = ["Estimate", "Place", "estimate", "place_for"]

_MANY_INPUTS = 100


@dataclass(frozen=True)
class Estimate:
    """About how many encoded rows of how many inputs files will give, by their first rows.

    `bytes` are those of the inputs; beyond `room`, which is half of `data.memory_limit`, they go
    to a temporary file.
    """

    sources: tuple[Path, ...]
    rows: int
    inputs: int
    bytes: int
    room: int

    @property
    def in_file(self) -> bool:
        """Whether the inputs will lie in a file."""
        return self.bytes > self.room


def estimate(outlook: Outlook, features: Sequence[str], dtype: str) -> Estimate:
    """Return what to expect of files, before their rows are read."""
    inputs = sum(outlook.inputs[name] for name in features)
    size = outlook.rows * inputs * np.dtype(dtype).itemsize
    return Estimate(outlook.sources, outlook.rows, inputs, size, outlook.memory_limit // 2)


@dataclass(frozen=True)
class Place:
    """Where rows lie that do not fit into memory: a folder (None: the system's), and `room`.

    `room` is how many bytes of them may be in memory at a time.
    """

    room: int
    folder: Path | None


def place_for(rows: int, encoder: Encoder, dtype: str, place: Place) -> Place | None:
    """Return the place if the inputs of that many rows exceed its room; None for memory.

    Raises StorageError where the disk has no room either: for the rows, and again for an epoch's
    shuffled rows.
    """
    size = rows * len(encoder.inputs) * np.dtype(dtype).itemsize
    if size <= place.room:
        return None
    folder = place.folder or tempfile.gettempdir()
    if 2 * size > shutil.disk_usage(folder).free:
        widest = max(encoder.rules, key=lambda rule: len(rule.inputs))
        count = len(widest.inputs)
        hint = f"; column {show_name(widest.name)} alone makes {count}, leave it out with data.drop"
        raise StorageError(
            f"{folder}: no room for {2 * size / 1e9:,.1f} GB, {rows} rows of "
            f"{len(encoder.inputs)} inputs twice{hint if count > _MANY_INPUTS else ''}"
        )
    return place
