"""The labels of a target column: which there are, how they are written, which one is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mlpcli.data.columns import values_in
from mlpcli.data.table import Categorical
from mlpcli.errors import DataError
from mlpcli.text import did_you_mean, show, show_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.data.table import Column, Kind

__all__ = ["Label", "distinct", "is_truth_pair", "kind_of", "label_text", "listed", "means",
           "named", "shown", "truth_of"]  # fmt: skip

Label: TypeAlias = str | int | float
_SHOWN = 5
_TRUTHS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


def label_text(label: Label) -> str:
    """Return the label as it is written to a CSV file: 1 for 1.0, 0 for -0.0, 0.1 as it is."""
    return label if isinstance(label, str) else repr(float(label) + 0.0).removesuffix(".0")


def truth_of(label: Label) -> bool | None:
    """Return what a label says if it is true or false in any spelling, or 1 or 0, else None."""
    return _TRUTHS.get(label_text(label).lower())


def is_truth_pair(labels: Sequence[Label]) -> bool:
    """Say whether two labels are true and false, or 1 and 0, in whatever spelling."""
    return {truth_of(label) for label in labels} == {True, False}


def means(label: Label, wanted: Label | bool) -> bool:
    """Whether a label of the data is the one that a config wants: 1 is 1.0, true is TRUE."""
    if isinstance(wanted, bool) and isinstance(label, str):
        return label.lower() == str(wanted).lower()
    return label == wanted or label_text(label) == label_text(wanted)


def shown(label: Label) -> str:
    """Return a label for a message: text in quotes, a number as it is."""
    return show(label) if isinstance(label, str) else label_text(label)


def listed(labels: Sequence[Label]) -> str:
    """Return the first labels for a message."""
    return ", ".join(map(shown, labels[:_SHOWN])) + (", .." if len(labels) > _SHOWN else "")


def named(name: str, labels: Sequence[Label], wanted: Label | bool, key: str) -> Label:
    """Return the label of target `name` that a key of the config wants; DataError if none is it."""
    for label in labels:
        if means(label, wanted):
            return label
    text = str(wanted).lower() if isinstance(wanted, bool) else wanted
    guess = did_you_mean(str(text), [label_text(label) for label in labels])
    raise DataError(f"target {show_name(name)}: {key} is {listed([text])}, but the "
                    f"labels are {listed(labels)}{guess}")  # fmt: skip


def kind_of(column: Column) -> Kind:
    """Return whether a column holds texts or numbers."""
    return "text" if isinstance(column, Categorical) else "number"


def distinct(column: Column) -> list[Label]:
    """Return the labels that occur in a column, in ascending order; missing values are none."""
    if isinstance(column, Categorical):
        present = values_in(column.codes[column.codes >= 0])
        return sorted(column.levels[code] for code in present)
    return [_plain(value) for value in values_in(column[~np.isnan(column)]).tolist()]


def _plain(value: float) -> Label:
    return int(value) if value.is_integer() else value
