"""Turns feature columns into the input matrix, by rules learnt from the training rows alone.

The encoder is stored with the model and applied by column name, so a table with reordered or extra
columns is encoded the same way. Many rows are encoded block by block, on all cores.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import asdict
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from mlpcli.data.columns import is_missing, rows_of, values_in
from mlpcli.data.rows import AnyRows, RowFile, Rows
from mlpcli.data.rules import Policies, Rule, TextRule, rule_from
from mlpcli.data.scratch import OutOfSight
from mlpcli.data.table import Categorical
from mlpcli.errors import StorageError
from mlpcli.parallel import map_ahead
from mlpcli.ranks import job
from mlpcli.records import dataclass
from mlpcli.text import show_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mlpcli.counting import Count
    from mlpcli.data.columns import Mask
    from mlpcli.data.examples import Chosen, Examples
    from mlpcli.data.rows import Place
    from mlpcli.data.table import Column, Kind
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Encoder", "encode_examples", "place_for", "spread"]

T = TypeVar("T")
R = TypeVar("R")
_BLOCK_ROWS = 16_384
_BLOCK_INPUTS = 1 << 22  # so that a block of many inputs is small, too
_MANY_INPUTS = 100
_WORTH_THREADS = 65_536  # rows below which starting threads takes longer than they save


@dataclass(frozen=True)
class Encoder:
    """The rules of all feature columns, in the order of the inputs."""

    rules: tuple[Rule, ...]
    policies: Policies

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that it reads."""
        return tuple(rule.name for rule in self.rules)

    @property
    def kinds(self) -> dict[str, Kind]:
        """Kind of each column that it reads."""
        return {rule.name: rule.kind for rule in self.rules}

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the n_0 network inputs."""
        return tuple(name for rule in self.rules for name in rule.inputs)

    def encode(
        self, columns: Mapping[str, Column], dtype: str
    ) -> tuple[FloatArray, dict[str, int]]:
        """Return the matrix X (N x n_0) and, by column, how many rows hold an unseen level.

        Rows with a missing value that no rule fills come out as nan (numbers) or all zeros (text).
        """
        X = np.empty((rows_of(columns), len(self.inputs)), dtype)
        unseen = {}
        start = 0
        for rule, width in zip(self.rules, self.widths, strict=True):
            count = rule.encode(columns[rule.name], X[:, start : start + width])
            if count:
                unseen[rule.name] = count
            start += width
        return X, unseen

    def missing(self, columns: Mapping[str, Column]) -> dict[str, Mask]:
        """Return, by column, which rows miss a value that no rule fills."""
        open_columns = (rule.name for rule in self.rules if rule.fill is None)
        masks = {
            name: is_missing(columns[name])
            for name in open_columns
            if self.policies.of(name) != "level"
        }
        return {name: mask for name, mask in masks.items() if mask.any()}

    def strangers(self, columns: Mapping[str, Column]) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Return columns of which no text was seen in training: one of them, and what was seen."""
        found = {}
        for rule in self.rules:
            column = columns[rule.name]
            if isinstance(rule, TextRule) and isinstance(column, Categorical) and not rule.other:
                texts = [column.levels[code] for code in values_in(column.codes) if code >= 0]
                if texts and not set(texts) & set(rule.levels):
                    found[rule.name] = texts[0], rule.levels
        return found

    def to_document(self) -> dict[str, Any]:
        """Return the encoder as JSON values."""
        return {
            "missing": self.policies.default,
            "missing_in": dict(self.policies.by_column),
            "missing_target": self.policies.target,
            "columns": [asdict(rule) for rule in self.rules],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Encoder:
        """Return the encoder that `to_document` described.

        Raises KeyError, TypeError or ValueError where the document is something else.
        """
        policies = Policies(
            document["missing"],
            document.get("missing_in", {}),  # which older models do not know
            document.get("missing_target", "error"),
        )
        return cls(tuple(map(rule_from, document["columns"])), policies)

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """How many inputs each column makes."""
        return tuple(len(rule.inputs) for rule in self.rules)


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


def encode_examples(
    examples: Examples,
    encoder: Encoder,
    dtype: str,
    weight_scale: float = 1.0,
    place: Place | None = None,
    *,
    count: Count = lambda _rows: None,
) -> tuple[AnyRows, Counter[str]]:
    """Return the encoded rows, weights divided by `weight_scale`, and counts of unseen levels.

    The inputs are in memory, or in a file at `place`; `count` is called with rows done. Raises
    StorageError where the disk is full.
    """
    weight = None if examples.weight is None else (examples.weight / weight_scale).astype(dtype)
    y, width = examples.y.astype(dtype, copy=False), len(encoder.inputs)
    rows: AnyRows
    if place is None:
        rows = Rows(np.empty((len(examples), width), dtype), y, weight)
    else:
        rows = RowFile(width, y, weight, place)

    unseen: Counter[str] = Counter()
    size = max(1, min(_BLOCK_ROWS, _BLOCK_INPUTS // max(1, width)))
    encode = partial(_encode, examples.columns, encoder, dtype)
    for start, X, counts in spread(encode, examples.cuts(size), len(examples)):
        rows.write(start, X)
        unseen.update(counts)
        count(len(X))
    return rows, unseen


def _encode(
    columns: Chosen, encoder: Encoder, dtype: str, cut: tuple[int, int]
) -> tuple[int, FloatArray, dict[str, int]]:
    """Return the first row of a cut, the inputs, and counts of unseen levels."""
    return cut[0], *encoder.encode(columns.read(encoder.names, *cut), dtype)


def spread(function: Callable[[T], R], items: Iterable[T], rows: int) -> Iterator[R]:
    """Yield function(item) for each item in their order, on all cores if there are enough rows.

    The ranks of this machine share the work if there are others, and they have nothing else to do;
    they are sent the function.
    """
    ranks = job()
    if rows < _WORTH_THREADS:
        yield from map(function, items)
    elif ranks.size == 1 or ranks.rank or ranks.busy:
        yield from map_ahead(function, items)
    else:
        for item, found in ranks.in_order(partial(_in_sight, function), iter(items), nearby=True):
            yield function(item) if found is None else found


def _in_sight(function: Callable[[T], R], item: T) -> R | None:
    try:
        return function(item)
    except OutOfSight:
        return None
