"""Reads the tables that a config names, and shares their rows out to what training sees."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.counting import in_silence
from mlpcli.data.dataset import Dataset, encode_all
from mlpcli.data.examples import Examples, read_examples
from mlpcli.data.frames import with_table
from mlpcli.data.lone_labels import lone_label_notes
from mlpcli.data.notes import target_notes
from mlpcli.data.reading import reading_of, reading_of_others, reading_to_document
from mlpcli.data.roles import Roles, assign_roles
from mlpcli.data.rows import Place
from mlpcli.data.rules import policies_of
from mlpcli.data.settle import settle
from mlpcli.data.split import HELD_OUT, share_out
from mlpcli.data.table import Table
from mlpcli.data.table.store import duckdb_errors
from mlpcli.data.table.titles import titles_hint
from mlpcli.data.table_notes import table_notes
from mlpcli.data.target import AnyTarget, fit_target
from mlpcli.errors import DataError
from mlpcli.records import dataclass
from mlpcli.text import show_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from mlpcli.config import Config, DataConfig
    from mlpcli.counting import Counting
    from mlpcli.data.frames import Data

__all__ = ["Estimate", "Material", "load_dataset", "open_material"]


@dataclass(frozen=True)
class Estimate:
    """About how many encoded rows of how many inputs files will give, by their first rows.

    `bytes` are those of the inputs; beyond `room`, which is half of `data.memory_limit`, they go
    to a temporary file.
    """

    paths: tuple[Path, ...]
    rows: int
    inputs: int
    bytes: int
    room: int

    @property
    def in_file(self) -> bool:
        """Whether the inputs will lie in a file."""
        return self.bytes > self.room


@dataclass(frozen=True)
class Material:
    """The rows of open tables, read but not yet shared out: the `whole` training table.

    `given` holds the parts that have tables of their own. `config` has the loss that belongs to the
    targets, `digest` becomes the SHA-256 of all files,
    `notes` and `reading` are about them.
    """

    whole: Examples
    given: Mapping[str, Examples]
    roles: Roles
    targets: tuple[AnyTarget, ...]
    config: Config
    place: Place
    digest: Future[str]
    notes: tuple[str, ...]
    reading: Mapping[str, Any]

    def dataset(self, shares: Mapping[str, Examples], counting: Counting = in_silence) -> Dataset:
        """Fit the encoder to the training rows of some shares of the whole, and encode all parts.

        A share takes the place of a part with a table of its own. Raises DataError, StorageError.
        """
        parts = {**shares, **self.given, **shares}  # in the order of the shares
        dataset = encode_all(
            parts, self.roles, self.targets, self.config, self.place, counting=counting
        )
        return replace(
            dataset,
            digest=self.digest.result(),
            notes=(*self.notes, *dataset.notes),
            reading=self.reading,
        )


def load_dataset(
    config: Config,
    data: Data = None,
    *,
    folder: Path | None = None,
    announce: Callable[[Estimate], object] | None = None,
    counting: Counting = in_silence,
) -> Dataset:
    """Read the tables that the config names, split them, fit the encoder, encode.

    `data` takes the place of `data.train`: a path, or a table in memory (see `data/frames`).
    `announce` is called before the rows of each table are read; `counting` shows how far reading
    and encoding are. Encoded rows that would take more
    than half of `data.memory_limit` lie in a temporary file in `folder`, or where the system keeps
    such files. Raises DataError with the rows or columns at fault, StorageError where the disk is
    full.
    """
    with open_material(
        config, data, folder=folder, announce=announce, counting=counting
    ) as material:
        return material.dataset(share_out(material.whole, material.config), counting)


@contextmanager
def open_material(
    config: Config,
    data: Data = None,
    *,
    folder: Path | None = None,
    announce: Callable[[Estimate], object] | None = None,
    counting: Counting = in_silence,
) -> Iterator[Material]:
    """Read the tables that the config names; they are open as long as the context lasts.

    See `load_dataset`.
    """
    config, files = with_table(config, data)
    data = config.data
    reading = reading_of(data, folder)
    with ExitStack() as stack:
        other_thread = stack.enter_context(ThreadPoolExecutor(1))  # ended after the tables
        table = stack.enter_context(Table(files, reading))
        roles = _assign_roles(table, data)  # a name may be refused before all rows are read
        with duckdb_errors(table.paths[0]):
            room = table.store.memory_limit() // 2
        _load(table, roles, room, config, announce=announce, counting=counting)
        targets = _fit_targets(table, data)
        config = settle(config, targets)
        whole = _read(table, roles, targets, data)
        inside = Roles(roles.features, roles.targets, roles.weight)
        again = reading_of_others(table, inside.names)
        tables, given = [table], {}
        for part in HELD_OUT:
            files = getattr(data, part)
            if isinstance(files, tuple):
                tables.append(stack.enter_context(Table(files, again)))
                _load(tables[-1], inside, room, config, announce=announce, counting=counting)
                given[part] = _read(tables[-1], inside, targets, data)
        digest = other_thread.submit(_digest, tables)
        notes = dict.fromkeys(
            note for table in tables for note in table_notes(table, data, policies_of(data))
        )
        notes |= dict.fromkeys(target_notes(targets, data.positives))
        notes |= dict.fromkeys(lone_label_notes(table, targets))
        yield Material(
            whole=whole,
            given=given,
            roles=roles,
            targets=targets,
            config=config,
            place=Place(room, folder),
            digest=digest,
            notes=tuple(notes),
            reading=reading_to_document(again, inside.names),
        )


def _load(
    table: Table,
    roles: Roles,
    room: int,
    config: Config,
    *,
    announce: Callable[[Estimate], object] | None,
    counting: Counting,
) -> None:
    """Read the rows of a table, announced before."""
    if announce is not None:
        most = inf if config.data.max_levels is None else config.data.max_levels + 1
        inputs = sum(int(min(most, table.expected_inputs(name))) for name in roles.features)
        rows = table.expected_rows()
        size = rows * inputs * np.dtype(config.training.dtype).itemsize
        announce(Estimate(table.paths, rows, inputs, size, room))
    table.load(counting)


def _assign_roles(table: Table, data: DataConfig) -> Roles:
    try:
        return assign_roles(table.all_names, data)
    except DataError as error:
        unknown = [name for name in data.target if name not in table.all_names]
        if unknown and (titles := titles_hint(table.sources[0], unknown)):
            line = f"data.target: no column {show_name(unknown[0])} in the data{titles}"
            raise DataError(line) from None
        raise DataError(*error.lines, *table.headless) from None


def _read(table: Table, roles: Roles, targets: Sequence[AnyTarget], data: DataConfig) -> Examples:
    examples = read_examples(table, roles, targets, policies_of(data))
    if not len(examples):
        why = f"{examples.dropped} miss a value, {examples.unlabelled} a target"
        raise DataError(f"{table.paths[0]}: no row is left of {table.rows}: {why}, and are dropped")
    return examples


def _fit_targets(table: Table, data: DataConfig) -> tuple[AnyTarget, ...]:
    columns, alone = table.read(data.target), len(data.target) == 1
    return tuple(
        fit_target(name, columns[name], positive, data.labels, alone=alone)
        for name, positive in data.positives.items()
    )


def _digest(tables: Sequence[Table]) -> str:
    """Return the digest itself of one table, or a digest of the digests of several."""
    digests = [table.digest for table in tables]
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
