"""Assembles what training sees: encoded rows for training, validation and test."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.encoder import Encoder, encode_examples, place_for
from mlpcli.data.fit_encoder import fit_encoder
from mlpcli.data.notes import label_notes, unseen_notes
from mlpcli.data.rows import Place, RowFile
from mlpcli.data.rules import policies_of
from mlpcli.data.split import HELD_OUT
from mlpcli.data.table_notes import unlabelled_note
from mlpcli.data.target import AnyTarget, Classes, classes_of, nearest_class, one_hot
from mlpcli.data.twins import twin_notes
from mlpcli.errors import DataError
from mlpcli.records import dataclass
from mlpcli.text import shorten, show_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlpcli.config import Config, DataConfig
    from mlpcli.counting import Counting
    from mlpcli.data.examples import Examples
    from mlpcli.data.roles import Roles
    from mlpcli.data.rows import AnyRows

__all__ = ["Dataset", "encode_all"]


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


def encode_all(
    examples: Mapping[str, Examples],
    roles: Roles,
    targets: tuple[AnyTarget, ...],
    config: Config,
    place: Place,
    *,
    counting: Counting,
) -> Dataset:
    """Fit the encoder to the training rows, and encode all parts.

    `place` is where encoded rows may lie. Raises DataError where a part has nothing to learn from,
    StorageError where the disk is full.
    """
    train, data, dtype = examples["train"], config.data, config.training.dtype
    for note in label_notes(train.y, targets):
        both = "both classes" if classes_of(targets) is None else "every label"
        raise DataError(
            f"train: {note}; a classifier needs rows of {both} to learn from"
            f"{_set_aside(examples, targets, data)}"
        )
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


def _set_aside(
    examples: Mapping[str, Examples], targets: Sequence[AnyTarget], data: DataConfig
) -> str:
    """Return what to do where shares that were set aside took all rows of a label, else nothing."""

    def labels_of(part: str) -> set[tuple[int, int]]:
        y = nearest_class(examples[part].y)
        return {(k, int(label)) for k in range(len(targets)) for label in np.unique(y[:, k])}

    shares = [part for part in HELD_OUT
              if part in examples and isinstance(getattr(data, part), float)]  # fmt: skip
    took = [part for part in shares if not labels_of(part) <= labels_of("train")]
    if not took:
        return ""
    keys = " and ".join(f"data.{part}" for part in shares)
    # of one that is not set aside the other might take them
    return f"; {' and '.join(took)} took the rest: set {keys} to null, or add such rows"


def _mean_weight(examples: Examples, part: str, column: str | None) -> float:
    """Return the mean weight of the rows of a part; raise DataError where it is 0."""
    mean = 1.0 if examples.weight is None else float(examples.weight.mean())
    if not mean:
        raise DataError(f"column {show_name(column or '')}: every weight of the {part} rows is 0")
    return mean
