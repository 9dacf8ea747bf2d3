"""Assembles what training sees: encoded rows for training, validation and test."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.data.batches import Rows
from mlpcli.data.encoder import Encoder
from mlpcli.data.examples import Examples, read_examples
from mlpcli.data.findings import findings
from mlpcli.data.roles import Roles, assign_roles, needed_columns
from mlpcli.data.source import Kind, Table, open_table
from mlpcli.data.source.words import show, show_name
from mlpcli.data.split import HELD_OUT, share_out
from mlpcli.data.target import Target
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlpcli.config import Config, DataConfig

__all__ = ["Dataset", "encode_examples", "load_dataset", "unseen_notes"]


@dataclass(frozen=True)
class Dataset:
    """Encoded rows of each part, None where the config asks for none, and how to encode more.

    `digest` is the SHA-256 of the data files. `notes` are things that the user should know, such
    as a constant column.
    """

    train: Rows
    validation: Rows | None
    test: Rows | None
    encoder: Encoder
    targets: tuple[Target, ...]
    digest: str
    notes: tuple[str, ...]

    def parts(self) -> dict[str, Rows | None]:
        """Return the parts by name, in the order train, validation, test."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def load_dataset(config: Config) -> Dataset:
    """Read the tables that the config names, split them, fit the encoder, encode.

    Raises DataError with the rows or columns at fault.
    """
    data = config.data
    with ExitStack() as stack:
        table = stack.enter_context(_open(data.train, needed_columns(data), {}, data))
        roles = assign_roles(table.names, data)
        targets = _fit_targets(table, data)
        digests = [table.digest]
        examples = share_out(_read(table, roles, targets, data), config)
        inside = Roles(roles.features, roles.targets, roles.weight)
        for part in HELD_OUT:
            files = getattr(data, part)
            if isinstance(files, tuple):
                kinds = {name: table.kinds[name] for name in inside.names}
                other = stack.enter_context(_open(files, inside.names, kinds, data))
                examples[part] = _read(other, inside, targets, data)
                digests.append(other.digest)
    return _encode_all(examples, roles, targets, _join(digests), config)


def _read(table: Table, roles: Roles, targets: Sequence[Target], data: DataConfig) -> Examples:
    examples = read_examples(table, roles, targets, data.missing)
    if not len(examples):
        file, count = table.sources[0], f"{examples.dropped} rows"
        raise DataError(f"{file}: no row is left: {count}, and data.missing: drop left out each")
    return examples


def encode_examples(
    examples: Examples, encoder: Encoder, dtype: str, weight_scale: float = 1.0
) -> tuple[Rows, dict[str, int]]:
    """Return the encoded rows, weights divided by `weight_scale`, and counts of unseen levels."""
    X, unseen = encoder.encode(examples.columns, dtype)
    weight = examples.weight
    scaled = None if weight is None else (weight / weight_scale).astype(dtype)
    return Rows(X, examples.y.astype(dtype), scaled), unseen


def unseen_notes(unseen: Mapping[str, int], rows: int) -> list[str]:
    """Return a note for each column in which texts occur that training never saw."""
    return [
        f"column {show_name(name)}: {count} of {rows} rows hold a text not seen in training"
        for name, count in unseen.items()
    ]


def _open(
    files: Sequence[str], columns: Sequence[str] | None, kinds: Mapping[str, Kind], data: DataConfig
) -> Table:
    return open_table(files, columns=columns, kinds=kinds, memory_limit=data.memory_limit)


def _fit_targets(table: Table, data: DataConfig) -> tuple[Target, ...]:
    columns = table.read(data.target)
    return tuple(
        Target.fit(name, columns[name], positive) for name, positive in data.positives.items()
    )


def _encode_all(
    examples: dict[str, Examples],
    roles: Roles,
    targets: tuple[Target, ...],
    digest: str,
    config: Config,
) -> Dataset:
    train, data = examples["train"], config.data
    for note in _one_class(train, targets):
        raise DataError(f"train: {note}; a classifier needs rows of both classes to learn from")
    columns = {name: train.columns[name] for name in roles.features}
    encoder = Encoder.fit(columns, data.missing, standardize=data.standardize)
    notes = findings(train, roles.features, targets)
    parts: dict[str, Rows] = {}
    for part, share in examples.items():
        scale = 1.0 if share.weight is None else float(share.weight.mean())
        if not scale:
            column = show_name(roles.weight or "")
            raise DataError(f"column {column}: every weight of the {part} rows is 0")
        parts[part], unseen = encode_examples(share, encoder, config.training.dtype, scale)
        notes += [f"{part}: {note}" for note in unseen_notes(unseen, len(share))]
        notes += [f"{part}: {note}" for note in _one_class(share, targets)]
    return Dataset(
        train=parts["train"],
        validation=parts.get("validation"),
        test=parts.get("test"),
        encoder=encoder,
        targets=targets,
        digest=digest,
        notes=tuple(notes),
    )


def _one_class(share: Examples, targets: Sequence[Target]) -> list[str]:
    notes = []
    for k, target in enumerate(targets):
        ones = np.count_nonzero(share.y[:, k] >= 0.5)
        if ones in {0, len(share)}:
            label = target.labels[int(ones > 0)]
            column = show_name(target.name)
            notes.append(f"{len(share)} of {len(share)} rows have {show(label)} as target {column}")
    return notes


def _join(digests: list[str]) -> str:
    """Return the digest itself of one table, or a digest of the digests of several."""
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
