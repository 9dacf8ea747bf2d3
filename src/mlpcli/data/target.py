"""Maps the labels of a target column to codes, codes to outputs, and predictions back to labels.

The code of a row is the index of its label, or the value itself of a soft label between 0 and 1.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from mlpcli.data.columns import is_missing
from mlpcli.data.label_choice import default_positive, is_soft, refuse_measurements, wrong_number
from mlpcli.data.labels import (
    Label,
    distinct,
    is_truth_pair,
    kind_of,
    label_text,
    listed,
    named,
    shown,
    truth_of,
)
from mlpcli.data.table import Categorical, Column, Kind
from mlpcli.errors import DataError
from mlpcli.records import dataclass
from mlpcli.text import show_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["AnyTarget", "Classes", "OneAgainstRest", "Target", "classes_of", "fit_target",
           "nearest_class", "one_hot", "target_from"]  # fmt: skip


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
    outputs: ClassVar[int] = 1

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

    @property
    def expected(self) -> str:
        """In words, what a value of the column may be."""
        if self.soft:
            return "a number from 0 to 1"
        return f"{shown(self.negative)} or {shown(self.positive)}"

    @classmethod
    def fit(cls, name: str, column: Column, positive: Label | bool | None) -> Target:
        """Learn the two labels from a column; missing values count for nothing.

        `positive` None picks 1, true or the only non-zero number. Raises DataError where the
        column does not have exactly two labels, or where the choice is the user's.
        """
        labels, kind = distinct(column), kind_of(column)
        if positive is None and is_soft(labels):
            return cls(name, kind, 0, 1, soft=True)
        if len(labels) != 2:
            raise DataError(wrong_number(name, labels))
        if positive is None:
            chosen = default_positive(name, labels)
        else:
            chosen = named(name, labels, positive, "data.positive")
        (negative,) = (label for label in labels if label != chosen)
        return cls(name, kind, negative, chosen)

    def encode(self, column: Column) -> NDArray[np.float64]:
        """Return codes (N,): 0 or 1 (soft: the value), nan where missing, -1 where unknown."""
        if self.soft:
            assert not isinstance(column, Categorical)
            return np.where((column < 0) | (column > 1), -1.0, column)
        return _codes(column, (self.negative, self.positive))

    def to_document(self) -> dict[str, Any]:
        """Return the target as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class OneAgainstRest:
    """One output: `positive` is the label that counts as 1, every other one counts as 0."""

    name: str
    kind: Kind
    positive: Label
    soft: ClassVar[bool] = False
    outputs: ClassVar[int] = 1

    @property
    def labels(self) -> tuple[str, str]:
        """The labels as text, of which the first stands for all others."""
        positive = label_text(self.positive)
        return f"not {positive}", positive

    @property
    def meaning(self) -> str:
        """In words, what 0 and 1 stand for."""
        return f"{self.labels[1]} = 1, all others = 0"

    @property
    def expected(self) -> str:
        """In words, what a value of the column may be."""
        return "a label"

    def encode(self, column: Column) -> NDArray[np.float64]:
        """Return codes (N,): 1 for the positive label, else 0, nan where missing."""
        codes = _codes(column, (self.positive,))
        return np.where(np.isnan(codes), codes, codes + 1)

    def to_document(self) -> dict[str, Any]:
        """Return the target as JSON values."""
        return {**asdict(self), "negative": None}


@dataclass(frozen=True)
class Classes:
    """An output for each of three and more labels, of which a row has one."""

    name: str
    kind: Kind
    values: tuple[Label, ...]
    soft: ClassVar[bool] = False

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels as text, in the order of the outputs."""
        return tuple(map(label_text, self.values))

    @property
    def outputs(self) -> int:
        """The number K of labels."""
        return len(self.values)

    @property
    def meaning(self) -> str:
        """In words, which labels there are."""
        return f"{self.outputs} labels: {listed(self.values)}"

    @property
    def expected(self) -> str:
        """In words, what a value of the column may be."""
        return f"one of {listed(self.values)}"

    @classmethod
    def fit(cls, name: str, column: Column, order: Sequence[Label | bool] | None = None) -> Classes:
        """Learn the labels from a column, ascending or in the `order` that names each of them.

        Raises DataError where they are too many or no labels but measurements, which an order
        that the user gives allows, or where the order leaves one out or has one more.
        """
        labels = distinct(column)
        if order is None:
            refuse_measurements(name, labels, int((~is_missing(column)).sum()))
            return cls(name, kind_of(column), tuple(labels))
        chosen = tuple(named(name, labels, wanted, "data.labels") for wanted in order)
        left_out = [label for label in labels if label not in chosen]
        if left_out:
            raise DataError(f"target {show_name(name)}: data.labels leaves out {listed(left_out)}; "
                            "name every label of the column")  # fmt: skip
        if len(chosen) < 3:
            raise DataError(f"target {show_name(name)}: data.labels orders three and more labels, "
                            f"got {len(chosen)}; use data.positive")  # fmt: skip
        return cls(name, kind_of(column), chosen)

    def encode(self, column: Column) -> NDArray[np.float64]:
        """Return codes (N,): the index of the label, nan where missing, -1 where unknown."""
        return _codes(column, self.values)

    def to_document(self) -> dict[str, Any]:
        """Return the target as JSON values."""
        return {"name": self.name, "kind": self.kind, "labels": list(self.values)}


AnyTarget: TypeAlias = Target | OneAgainstRest | Classes


def fit_target(
    name: str,
    column: Column,
    positive: Label | bool | None,
    labels: Sequence[Label | bool] | None,
    *,
    alone: bool,
) -> AnyTarget:
    """Learn a target from its column: `alone`, without others, it may have many labels.

    `positive` and `labels` are what the config says of it. Raises DataError where the column does
    not have such labels.
    """
    found = distinct(column)
    if labels is not None:
        return Classes.fit(name, column, labels)
    if len(found) > 2 and positive is not None:
        return OneAgainstRest(name, kind_of(column), named(name, found, positive, "data.positive"))
    if len(found) > 2 and alone and not is_soft(found):
        return Classes.fit(name, column)
    return Target.fit(name, column, positive)


def target_from(document: dict[str, Any]) -> AnyTarget:
    """Return the target that `to_document` described; TypeError or KeyError if it is none."""
    if "labels" in document:
        return Classes(document["name"], document["kind"], tuple(document["labels"]))
    if document["negative"] is None:
        return OneAgainstRest(document["name"], document["kind"], document["positive"])
    return Target(**document)


def classes_of(targets: Sequence[AnyTarget]) -> Classes | None:
    """Return the target if it is one of three and more labels, which has no other beside it."""
    return next((target for target in targets if isinstance(target, Classes)), None)


def nearest_class(codes: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """Return the index of each code's label: of a soft one that of the nearer of 0 and 1."""
    return np.where(codes < 0.5, 0, np.maximum(codes, 1)).astype(np.int64)


def one_hot(
    codes: NDArray[np.floating[Any]], targets: Sequence[AnyTarget], dtype: str = "float64"
) -> NDArray[np.floating[Any]]:
    """Return what the outputs should be, y (N x K), of codes (N x targets)."""
    target = classes_of(targets)
    if target is None:
        return codes.astype(dtype, copy=False)
    y = np.zeros((len(codes), target.outputs), dtype)
    y[np.arange(len(codes)), codes[:, 0].astype(np.int64)] = 1
    return y


def _codes(column: Column, labels: Sequence[Label]) -> NDArray[np.float64]:
    """Return the index (N,) of each value among the labels, nan if missing, -1 if not there."""
    if isinstance(column, Categorical):
        place = {label: float(code) for code, label in enumerate(labels)}
        truths = {}
        if len(labels) == 2 and is_truth_pair(labels):  # which any spelling means
            truths = {truth_of(label): float(code) for code, label in enumerate(labels)}
        values = [place.get(level, truths.get(truth_of(level), -1.0)) for level in column.levels]
        return np.array([*values, np.nan])[column.codes]
    codes = np.full(column.shape, -1.0)
    codes[np.isnan(column)] = np.nan
    for code, label in enumerate(labels):
        codes[column == label] = code
    return codes
