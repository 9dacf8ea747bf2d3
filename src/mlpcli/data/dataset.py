"""Assembles what training sees: encoded rows for training, validation and test."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.counting import in_silence
from mlpcli.data.encoder import Encoder, encode_examples, place_for
from mlpcli.data.examples import Examples, read_examples
from mlpcli.data.fit_encoder import fit_encoder
from mlpcli.data.frames import with_table
from mlpcli.data.lone_labels import lone_label_notes
from mlpcli.data.notes import label_notes, target_notes, unseen_notes
from mlpcli.data.reading import reading_of, reading_of_others, reading_to_document
from mlpcli.data.roles import Roles, assign_roles
from mlpcli.data.rows import Place, RowFile
from mlpcli.data.rules import Policies
from mlpcli.data.settle import settle
from mlpcli.data.split import HELD_OUT, share_out
from mlpcli.data.table import Table
from mlpcli.data.table.store import duckdb_errors
from mlpcli.data.table_notes import table_notes, unlabelled_note
from mlpcli.data.target import AnyTarget, Classes, classes_of, fit_target, one_hot
from mlpcli.data.twins import twin_notes
from mlpcli.errors import DataError
from mlpcli.records import dataclass
from mlpcli.text import shorten, show_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from mlpcli.config import Config, DataConfig
    from mlpcli.counting import Counting
    from mlpcli.data.frames import Data
    from mlpcli.data.rows import AnyRows

__all__ = ["Dataset", "Estimate", "Material", "load_dataset", "open_material"]


@dataclass(frozen=True)
class Dataset:
    """Encoded rows of each part, None where the config asks for none, and how to encode more.

    `config` is the one that the rows were read by, with the loss that belongs to the targets.
    `digest` is the SHA-256 of the data files. `notes` are things that the user should know, such
    as a constant column. `reading` is what a model has to remember of how the columns were read, as
    JSON values.
    """

    train: AnyRows
    validation: AnyRows | None
    test: AnyRows | None
    encoder: Encoder
    targets: tuple[AnyTarget, ...]
    digest: str
    notes: tuple[str, ...]
    config: Config
    reading: Mapping[str, Any]

    def __repr__(self) -> str:
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        sizes = ", ".join(f"{name} {len(rows)}" for name, rows in parts.items() if rows is not None)
        names = ", ".join(target.name for target in self.targets)
        return f"<Dataset of {shorten(names)}: {self.train.width} inputs; rows: {sizes}>"

    @property
    def classes(self) -> Classes | None:
        """The target if it is one of three and more labels."""
        return classes_of(self.targets)

    @property
    def outputs(self) -> int:
        """How many outputs the targets need."""
        return sum(target.outputs for target in self.targets)

    @property
    def in_file(self) -> bool:
        """Whether inputs lie in a file instead of in memory."""
        return any(isinstance(rows, RowFile) for rows in self.parts().values())

    def parts(self) -> dict[str, AnyRows | None]:
        """Return the parts by name, in the order train, validation, test."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


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
        dataset = _encode_all(
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
        raise DataError(*error.lines, *table.headless) from None


def _read(table: Table, roles: Roles, targets: Sequence[AnyTarget], data: DataConfig) -> Examples:
    examples = read_examples(table, roles, targets, policies_of(data))
    if not len(examples):
        why = f"{examples.dropped} miss a value, {examples.unlabelled} a target"
        raise DataError(f"{table.paths[0]}: no row is left of {table.rows}: {why}, and are dropped")
    return examples


def policies_of(data: DataConfig) -> Policies:
    """Return what becomes of rows that miss a value."""
    if isinstance(data.missing, dict):
        return Policies("error", data.missing, data.missing_target)
    return Policies(data.missing, {}, data.missing_target)


def _fit_targets(table: Table, data: DataConfig) -> tuple[AnyTarget, ...]:
    columns, alone = table.read(data.target), len(data.target) == 1
    return tuple(
        fit_target(name, columns[name], positive, data.labels, alone=alone)
        for name, positive in data.positives.items()
    )


def _encode_all(
    examples: Mapping[str, Examples],
    roles: Roles,
    targets: tuple[AnyTarget, ...],
    config: Config,
    place: Place,
    *,
    counting: Counting,
) -> Dataset:
    train, data, dtype = examples["train"], config.data, config.training.dtype
    for note in label_notes(train.y, targets):
        both = "both classes" if classes_of(targets) is None else "every label"
        raise DataError(f"train: {note}; a classifier needs rows of {both} to learn from")
    encoder, notes = fit_encoder(
        train, roles.features, targets, data, policies_of(data), counting=counting
    )
    if train.dropped:
        dropped = f"{train.dropped} rows with a missing value are left out (data.missing: drop)"
        notes.insert(0, dropped)
    if train.unlabelled:
        notes.insert(0, unlabelled_note(train.unlabelled, train.table, roles.targets))
    chosen = place_for(sum(map(len, examples.values())), encoder, dtype, place)
    parts: dict[str, AnyRows] = {}
    with counting("row encoded", sum(map(len, examples.values()))) as count:
        for part, share in examples.items():
            scale = _mean_weight(share, part, roles.weight)
            wanted = replace(share, y=one_hot(share.y, targets, dtype))
            parts[part], unseen = encode_examples(
                wanted, encoder, dtype, scale, chosen, count=count
            )
            found = unseen_notes(unseen, len(share)) + label_notes(share.y, targets)
            notes += [f"{part}: {note}" for note in found]
    notes += twin_notes(parts)
    validation, test = map(parts.get, HELD_OUT)
    return Dataset(parts["train"], validation, test, encoder, targets, "", tuple(notes), config,
                   {})  # fmt: skip


def _mean_weight(examples: Examples, part: str, column: str | None) -> float:
    """Return the mean weight of the rows of a part; raise DataError where it is 0."""
    mean = 1.0 if examples.weight is None else float(examples.weight.mean())
    if not mean:
        raise DataError(f"column {show_name(column or '')}: every weight of the {part} rows is 0")
    return mean


def _digest(tables: Sequence[Table]) -> str:
    """Return the digest itself of one table, or a digest of the digests of several."""
    digests = [table.digest for table in tables]
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
