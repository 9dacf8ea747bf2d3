"""Assembles what training sees: encoded rows for training, validation and test."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.data.encoder import Encoder, encode_examples, place_for, spread
from mlpcli.data.examples import Examples, read_examples
from mlpcli.data.notes import column_notes, label_notes, unseen_notes
from mlpcli.data.roles import Roles, assign_roles, needed_columns
from mlpcli.data.rows import Place, RowFile
from mlpcli.data.rules import Rule, fit_rule
from mlpcli.data.settle import settle
from mlpcli.data.split import HELD_OUT, share_out
from mlpcli.data.table import Reading, Table
from mlpcli.data.target import AnyTarget, Classes, classes_of, fit_target, one_hot
from mlpcli.errors import DataError
from mlpcli.text import show_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from mlpcli.config import Config, DataConfig
    from mlpcli.data.rows import AnyRows

__all__ = ["Dataset", "Estimate", "Material", "load_dataset", "open_material"]


@dataclass(frozen=True)
class Dataset:
    """Encoded rows of each part, None where the config asks for none, and how to encode more.

    `config` is the one that the rows were read by, with the loss that belongs to the targets.
    `digest` is the SHA-256 of the data files. `notes` are things that the user should know, such
    as a constant column.
    """

    train: AnyRows
    validation: AnyRows | None
    test: AnyRows | None
    encoder: Encoder
    targets: tuple[AnyTarget, ...]
    digest: str
    notes: tuple[str, ...]
    config: Config

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
    targets, `digest` becomes the SHA-256 of all files.
    """

    whole: Examples
    given: Mapping[str, Examples]
    roles: Roles
    targets: tuple[AnyTarget, ...]
    config: Config
    place: Place
    digest: Future[str]

    def dataset(self, shares: Mapping[str, Examples]) -> Dataset:
        """Fit the encoder to the training rows of some shares of the whole, and encode all parts.

        A share takes the place of a part with a table of its own. Raises DataError, StorageError.
        """
        parts = {**shares, **self.given, **shares}  # in the order of the shares
        dataset = _encode_all(parts, self.roles, self.targets, self.config, self.place)
        return replace(dataset, digest=self.digest.result())


def load_dataset(
    config: Config,
    *,
    folder: Path | None = None,
    announce: Callable[[Estimate], object] | None = None,
) -> Dataset:
    """Read the tables that the config names, split them, fit the encoder, encode.

    `announce` is called before the rows of each table are read. Encoded rows that would take more
    than half of `data.memory_limit` lie in a temporary file in `folder`, or where the system keeps
    such files. Raises DataError with the rows or columns at fault, StorageError where the disk is
    full.
    """
    with open_material(config, folder=folder, announce=announce) as material:
        return material.dataset(share_out(material.whole, material.config))


@contextmanager
def open_material(
    config: Config,
    *,
    folder: Path | None = None,
    announce: Callable[[Estimate], object] | None = None,
) -> Iterator[Material]:
    """Read the tables that the config names; they are open as long as the context lasts.

    See `load_dataset`.
    """
    data = config.data
    reading = Reading(needed_columns(data), memory_limit=data.memory_limit, folder=folder)
    with ExitStack() as stack:
        other_thread = stack.enter_context(ThreadPoolExecutor(1))  # ended after the tables
        table = stack.enter_context(Table(data.train, reading))
        roles = assign_roles(table.names, data)  # a name may be refused before all rows are read
        room = table.store.memory_limit() // 2
        _load(table, roles, room, config, announce)
        targets = _fit_targets(table, data)
        config = settle(config, targets)
        whole = _read(table, roles, targets, data)
        inside = Roles(roles.features, roles.targets, roles.weight)
        again = replace(reading, columns=inside.names, kinds=table.kinds)
        tables, given = [table], {}
        for part in HELD_OUT:
            files = getattr(data, part)
            if isinstance(files, tuple):
                tables.append(stack.enter_context(Table(files, again)))
                _load(tables[-1], inside, room, config, announce)
                given[part] = _read(tables[-1], inside, targets, data)
        digest = other_thread.submit(_digest, tables)
        yield Material(whole, given, roles, targets, config, Place(room, folder), digest)


def _load(
    table: Table,
    roles: Roles,
    room: int,
    config: Config,
    announce: Callable[[Estimate], object] | None,
) -> None:
    """Read the rows of a table, announced before."""
    if announce is not None:
        rows, inputs = table.expected_rows(), sum(map(table.expected_inputs, roles.features))
        size = rows * inputs * np.dtype(config.training.dtype).itemsize
        announce(Estimate(table.paths, rows, inputs, size, room))
    table.load()


def _read(table: Table, roles: Roles, targets: Sequence[AnyTarget], data: DataConfig) -> Examples:
    examples = read_examples(table, roles, targets, data.missing)
    if not len(examples):
        file, count = table.paths[0], f"{examples.dropped} rows"
        raise DataError(f"{file}: no row is left: {count}, and data.missing: drop left out each")
    return examples


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
) -> Dataset:
    train, data, dtype = examples["train"], config.data, config.training.dtype
    for note in label_notes(train.y, targets):
        both = "both classes" if classes_of(targets) is None else "every label"
        raise DataError(f"train: {note}; a classifier needs rows of {both} to learn from")
    encoder, notes = _fit_encoder(train, roles.features, targets, data)
    if train.dropped:
        dropped = f"{train.dropped} rows with a missing value are left out (data.missing: drop)"
        notes.insert(0, dropped)
    chosen = place_for(sum(map(len, examples.values())), encoder, dtype, place)
    parts: dict[str, AnyRows] = {}
    for part, share in examples.items():
        scale = 1.0 if share.weight is None else float(share.weight.mean())
        if not scale:
            column = show_name(roles.weight or "")
            raise DataError(f"column {column}: every weight of the {part} rows is 0")
        wanted = replace(share, y=one_hot(share.y, targets, dtype))
        parts[part], unseen = encode_examples(wanted, encoder, dtype, scale, chosen)
        found = unseen_notes(unseen, len(share)) + label_notes(share.y, targets)
        notes += [f"{part}: {note}" for note in found]
    validation, test = map(parts.get, HELD_OUT)
    return Dataset(parts["train"], validation, test, encoder, targets, "", tuple(notes), config)


def _fit_encoder(
    train: Examples, features: Sequence[str], targets: Sequence[AnyTarget], data: DataConfig
) -> tuple[Encoder, list[str]]:
    """Return the encoder, and what is worth knowing of each column; columns are read one by one."""

    def study(name: str) -> tuple[Rule, list[str]]:
        column = train.read([name])[name]
        rule = fit_rule(name, column, data.missing, standardize=data.standardize)
        return rule, column_notes(name, column, train.y, targets)

    rules, notes = zip(*spread(study, features, len(train)), strict=True)
    return Encoder(rules, data.missing), [note for some in notes for note in some]


def _digest(tables: Sequence[Table]) -> str:
    """Return the digest itself of one table, or a digest of the digests of several."""
    digests = [table.digest for table in tables]
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
