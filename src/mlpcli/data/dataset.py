"""Assembles what training sees: encoded rows for training, validation and test."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.columns import Stored
from mlpcli.data.encoder import Encoder, encode_examples, spread
from mlpcli.data.examples import Examples, read_examples
from mlpcli.data.notes import column_notes, label_notes, unseen_notes
from mlpcli.data.roles import Roles, assign_roles, needed_columns
from mlpcli.data.rows import Place, place_for
from mlpcli.data.rules import Rule, fit_rule
from mlpcli.data.split import HELD_OUT, share_out
from mlpcli.data.table import Outlook, Reading, Table
from mlpcli.data.table.words import show_name
from mlpcli.data.target import Target
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mlpcli.config import Config, DataConfig
    from mlpcli.data.rows import AnyRows

__all__ = ["Dataset", "Estimate", "load_dataset"]


@dataclass(frozen=True)
class Dataset:
    """Encoded rows of each part, None where the config asks for none, and how to encode more.

    `digest` is the SHA-256 of the data files. `notes` are things that the user should know, such
    as a constant column.
    """

    train: AnyRows
    validation: AnyRows | None
    test: AnyRows | None
    encoder: Encoder
    targets: tuple[Target, ...]
    digest: str
    notes: tuple[str, ...]

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

    @classmethod
    def of(cls, outlook: Outlook, features: Sequence[str], dtype: str) -> Estimate:
        """Return what to expect of files, before their rows are read."""
        inputs = sum(outlook.inputs[name] for name in features)
        size = outlook.rows * inputs * np.dtype(dtype).itemsize
        return cls(outlook.paths, outlook.rows, inputs, size, outlook.memory_limit // 2)


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
    data = config.data
    reading = Reading(needed_columns(data), memory_limit=data.memory_limit, folder=folder)
    with ExitStack() as stack:
        other_thread = stack.enter_context(ThreadPoolExecutor(1))  # ended after the tables
        opener = _Opener(config, reading, announce)
        table = stack.enter_context(opener.open(data.train))
        roles = assign_roles(table.names, data)
        targets = _fit_targets(table, data)
        examples = share_out(_read(table, roles, targets, data), config)
        inside = Roles(roles.features, roles.targets, roles.weight)
        kinds = {name: table.kinds[name] for name in inside.names}
        for part in HELD_OUT:
            files = getattr(data, part)
            if isinstance(files, tuple):
                other = stack.enter_context(opener.open(files, columns=inside.names, kinds=kinds))
                examples[part] = _read(other, inside, targets, data)
        digest = other_thread.submit(_digest, opener.tables)
        dataset = _encode_all(examples, roles, targets, config, Place(opener.room, folder))
        return replace(dataset, digest=digest.result())


@dataclass
class _Opener:
    """Opens the tables of a config, each announced before its rows are read.

    `room` is how many bytes the encoded rows may take in memory, known with the first table.
    """

    config: Config
    reading: Reading
    announce: Callable[[Estimate], object] | None
    tables: list[Table] = field(default_factory=list)
    features: tuple[str, ...] = ()
    room: int = 0

    def open(self, files: Sequence[str], **known: Any) -> Table:
        """Read a table; the first one has the training rows, and all columns that are in use.

        `known` is what the reading says anew of this table.
        """
        table = Table(files, replace(self.reading, **known), self._expect)
        self.tables.append(table)
        return table

    def _expect(self, outlook: Outlook) -> None:
        if not self.tables:  # a name that is not there is refused before all rows are read
            self.features = assign_roles(tuple(outlook.inputs), self.config.data).features
        expected = Estimate.of(outlook, self.features, self.config.training.dtype)
        self.room = self.room or expected.room
        if self.announce is not None:
            self.announce(expected)


def _read(table: Table, roles: Roles, targets: Sequence[Target], data: DataConfig) -> Examples:
    examples = read_examples(table, Stored(table), roles, targets, data.missing)
    if not len(examples):
        file, count = table.paths[0], f"{examples.dropped} rows"
        raise DataError(f"{file}: no row is left: {count}, and data.missing: drop left out each")
    return examples


def _fit_targets(table: Table, data: DataConfig) -> tuple[Target, ...]:
    columns = table.read(data.target)
    return tuple(
        Target.fit(name, columns[name], positive) for name, positive in data.positives.items()
    )


def _encode_all(
    examples: dict[str, Examples],
    roles: Roles,
    targets: tuple[Target, ...],
    config: Config,
    place: Place,
) -> Dataset:
    train, data, dtype = examples["train"], config.data, config.training.dtype
    for note in label_notes(train.y, targets):
        raise DataError(f"train: {note}; a classifier needs rows of both classes to learn from")
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
        parts[part], unseen = encode_examples(share, encoder, dtype, scale, chosen)
        found = unseen_notes(unseen, len(share)) + label_notes(share.y, targets)
        notes += [f"{part}: {note}" for note in found]
    validation, test = map(parts.get, HELD_OUT)
    return Dataset(parts["train"], validation, test, encoder, targets, "", tuple(notes))


def _fit_encoder(
    train: Examples, features: Sequence[str], targets: Sequence[Target], data: DataConfig
) -> tuple[Encoder, list[str]]:
    """Return the encoder, and what is worth knowing of each column; columns are read one by one."""

    def study(name: str) -> tuple[Rule, list[str]]:
        column = train.columns[name]
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
