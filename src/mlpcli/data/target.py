"""Maps the labels of a target column to y in [0, 1], and predictions back to the labels."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mlpcli.data.table import Categorical, Column, Kind
from mlpcli.errors import DataError
from mlpcli.text import did_you_mean, show, show_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Label", "Target", "label_text", "means"]

Label: TypeAlias = str | int | float
_TRUE = ("true", "True", "TRUE")
_SHOWN = 5


def label_text(label: Label) -> str:
    """Return the label as it is written to a CSV file: 1 for 1.0, 0 for -0.0, 0.1 as it is."""
    return label if isinstance(label, str) else repr(float(label) + 0.0).removesuffix(".0")


def means(label: Label, wanted: Label | bool) -> bool:
    """Whether a label of the data is the one that a config wants: 1 is 1.0, true is TRUE."""
    if isinstance(wanted, bool) and isinstance(label, str):
        return label.lower() == str(wanted).lower()
    return label == wanted or label_text(label) == label_text(wanted)


def _listed(labels: list[Label]) -> str:
    shown = ", ".join(show(label) if isinstance(label, str) else label_text(label)
                      for label in labels[:_SHOWN])  # fmt: skip
    return shown + (", .." if len(labels) > _SHOWN else "")


@dataclass(frozen=True)
class Target:
    """One output: `positive` is the label that counts as 1, `negative` the one that counts as 0.

    A soft target is a number column with values between 0 and 1, taken as they are.
    """

    name: str
    kind: Kind
    negative: Label
    positive: Label
    soft: bool = False

    @property
    def labels(self) -> tuple[str, str]:
        """The labels as text: (negative, positive)."""
        return label_text(self.negative), label_text(self.positive)

    @property
    def meaning(self) -> str:
        """In words, what 0 and 1 stand for."""
        negative, positive = self.labels
        if self.soft:
            return "0 to 1"
        return "0 or 1" if self.labels == ("0", "1") else f"{positive} = 1, {negative} = 0"

    @classmethod
    def fit(cls, name: str, column: Column, positive: Label | bool | None) -> Target:
        """Learn the two labels from a column; missing values count for nothing.

        `positive` None picks 1, true or the only non-zero number. Raises DataError where the
        column does not have exactly two labels, or where the choice is the user's.
        """
        labels = _labels(column)
        kind: Kind = "text" if isinstance(column, Categorical) else "number"
        if kind == "number" and positive is None and len(labels) > 1 and _is_soft(labels):
            return cls(name, kind, 0, 1, soft=True)
        if len(labels) != 2:
            raise DataError(_wrong_number(name, labels))
        chosen = _default(name, labels) if positive is None else _named(name, labels, positive)
        (negative,) = (label for label in labels if label != chosen)
        return cls(name, kind, negative, chosen)

    def encode(self, column: Column) -> NDArray[np.float64]:
        """Return y (N,): 0 or 1 (soft targets: the value), nan where missing, -1 where unknown."""
        if isinstance(column, Categorical):
            codes = {self.negative: 0.0, self.positive: 1.0}
            values = np.array([codes.get(level, -1.0) for level in column.levels] + [np.nan])
            return values[column.codes]
        if self.soft:
            return np.where((column < 0) | (column > 1), -1.0, column)
        y = np.select([column == self.negative, column == self.positive], [0.0, 1.0], -1.0)
        return np.where(np.isnan(column), np.nan, y)

    def to_document(self) -> dict[str, Any]:
        """Return the target as JSON values."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Target:
        """Return the target that `to_document` described; TypeError if it is something else."""
        return cls(**document)


def _labels(column: Column) -> list[Label]:
    if isinstance(column, Categorical):
        present = np.unique(column.codes[column.codes >= 0])
        return sorted(column.levels[code] for code in present)
    return [_plain(value) for value in np.unique(column[~np.isnan(column)]).tolist()]


def _plain(value: float) -> Label:
    return int(value) if value.is_integer() else value


def _is_soft(labels: list[Label]) -> bool:
    numbers = [label for label in labels if not isinstance(label, str)]
    return min(numbers) >= 0 and max(numbers) <= 1 and any(0 < label < 1 for label in numbers)


def _wrong_number(name: str, labels: list[Label]) -> str:
    if not labels:
        return f"target {show_name(name)}: expected two labels, got only missing values"
    if len(labels) == 1:
        return (f'target {show_name(name)}: expected two labels, got only {_listed(labels)}; '
                "a classifier needs rows of both classes")  # fmt: skip
    return (f'target {show_name(name)}: expected two labels, got {len(labels)}: {_listed(labels)}; '
            "name a column with two labels as data.target")  # fmt: skip


def _default(name: str, labels: list[Label]) -> Label:
    for label in labels:
        if label in _TRUE:
            return label
    nonzero = [label for label in labels if not isinstance(label, str) and label != 0]
    if len(nonzero) == 1:
        return nonzero[0]
    if not isinstance(labels[0], str) and 1 in labels:
        return 1
    raise DataError(f"target {show_name(name)} has the labels {_listed(labels)}: set data.positive "
                    "to the one that counts as 1")  # fmt: skip


def _named(name: str, labels: list[Label], positive: Label | bool) -> Label:
    for label in labels:
        if means(label, positive):
            return label
    wanted = str(positive).lower() if isinstance(positive, bool) else positive
    guess = did_you_mean(str(wanted), [label_text(label) for label in labels])
    raise DataError(f"target {show_name(name)}: data.positive is {_listed([wanted])}, but the "
                    f"labels are {_listed(labels)}{guess}")  # fmt: skip
