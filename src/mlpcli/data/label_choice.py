"""Tells labels from measurements, and the label that counts as 1 where the user names none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.data.labels import listed
from mlpcli.errors import DataError
from mlpcli.text import show_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.data.labels import Label

__all__ = ["default_positive", "is_soft", "only_nonzero", "refuse_measurements", "wrong_number"]

_TRUE = ("true", "True", "TRUE")
_MOST_LABELS = 100
_MANY_NUMBERS = 20  # labels of which as many, and with
_FEWEST_ROWS = 3  # fewer rows each, are rather measurements


def is_soft(labels: list[Label]) -> bool:
    """Whether labels are numbers between 0 and 1, and not these alone."""
    numbers = [label for label in labels if not isinstance(label, str)]
    if len(numbers) < 2:
        return False
    return min(numbers) >= 0 and max(numbers) <= 1 and any(0 < label < 1 for label in numbers)


def refuse_measurements(name: str, labels: list[Label], rows: int) -> None:
    """Raise DataError for too many labels, and for numbers that measure: decimals, or rare ones."""
    numbers = [label for label in labels if not isinstance(label, str)]
    measured = [label for label in numbers if isinstance(label, float)]
    rare = len(numbers) > _MANY_NUMBERS and rows < _FEWEST_ROWS * len(labels)
    if measured or rare:
        raise DataError(f"target {show_name(name)}: expected labels, got {len(labels)} numbers "
                        f"such as {listed((measured or numbers)[:1])}: mlp classifies, and does no "
                        "regression; name another column as data.target, or every label in "
                        "data.labels")  # fmt: skip
    if len(labels) > _MOST_LABELS:
        raise DataError(f"target {show_name(name)}: expected at most {_MOST_LABELS} labels, got "
                        f"{len(labels)}: {listed(labels)}; name another column as data.target, or "
                        "every label in data.labels")  # fmt: skip


def wrong_number(name: str, labels: list[Label]) -> str:
    """Return what is wrong with a target of other than two labels."""
    if not labels:
        return f"target {show_name(name)}: expected two labels, got only missing values"
    if len(labels) == 1:
        return (f'target {show_name(name)}: expected two labels, got only {listed(labels)}; '
                "a classifier needs rows of both classes")  # fmt: skip
    return (f'target {show_name(name)}: expected two labels, got {len(labels)}: {listed(labels)}; '
            "of several targets each has two: set data.positive to the one that counts as 1, or "
            "make it the only target")  # fmt: skip


def only_nonzero(labels: Sequence[Label]) -> Label | None:
    """Return the one of 0 and another number that is not 0; None where labels are no such pair."""
    nonzero = [label for label in labels if not isinstance(label, str) and label != 0]
    return nonzero[0] if len(nonzero) == 1 else None


def default_positive(name: str, labels: list[Label]) -> Label:
    """Return the one of two labels that counts as 1 by itself: true, 1, the only non-zero number.

    Raises DataError where the choice is the user's.
    """
    for label in labels:
        if label in _TRUE:
            return label
    if (nonzero := only_nonzero(labels)) is not None:
        return nonzero
    if not isinstance(labels[0], str) and 1 in labels:
        return 1
    raise DataError(f"target {show_name(name)} has the labels {listed(labels)}: set data.positive "
                    "to the one that counts as 1")  # fmt: skip
