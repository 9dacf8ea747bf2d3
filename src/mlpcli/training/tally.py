"""Tallies what is odd about rows that are predicted: those without a value, and far-off values.

A value is far off where it lies more than ten standard deviations from the mean of training. Of a
whole column that tells of another unit, or of other marks of decimals and thousands.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.data.columns import is_missing
from mlpcli.data.rules import NumberRule
from mlpcli.text import counted, show_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlpcli.data.columns import Mask
    from mlpcli.data.encoder import Encoder
    from mlpcli.data.table import Column

__all__ = ["Tally"]

_FAR = 10  # standard deviations
_FEWEST = 2  # values that may tell of a column


@dataclass
class Tally:
    """Counts over rows, which add up: values by column that are `far` from those of training.

    `present` counts the values of columns that have far ones, `examples` has one of these.
    `empty` are rows without any value, which are filled in as a whole.
    """

    far: Counter[str] = field(default_factory=Counter)
    present: Counter[str] = field(default_factory=Counter)
    examples: dict[str, float] = field(default_factory=dict)
    empty: int = 0

    def add(self, other: Tally) -> None:
        """Count some more rows."""
        self.far.update(other.far)
        self.present.update(other.present)
        self.examples = {**other.examples, **self.examples}
        self.empty += other.empty

    @classmethod
    def of(cls, encoder: Encoder, columns: Mapping[str, Column]) -> Tally:
        """Count the rows of one block."""
        tally = cls()
        masks = {name: is_missing(columns[name]) for name in encoder.names}
        filled = [
            name for name, mask in masks.items() if mask.any() and encoder.policies.fill(name)
        ]
        if 1 < len(filled) == len(masks):
            tally.empty = int(np.count_nonzero(_everywhere(masks)))
        for rule in encoder.rules:
            if isinstance(rule, NumberRule):
                tally.look_at(rule, columns[rule.name], masks[rule.name])
        return tally

    def look_at(self, rule: NumberRule, values: Column, missing: Mask) -> None:
        """Count the values of a number column, none of which is told of one not standardized."""
        assert isinstance(values, np.ndarray)
        if (rule.mean, rule.scale) == (0, 1):
            return
        width = _FAR * rule.scale
        far = (values < rule.mean - width) | (values > rule.mean + width)
        self.present[rule.name] = values.size - int(np.count_nonzero(missing))
        if count := int(np.count_nonzero(far)):
            self.far[rule.name] = count
            self.examples[rule.name] = float(values[far.argmax()])

    def notes(self, encoder: Encoder) -> Iterator[str]:
        """Yield what is worth knowing."""
        if self.empty:
            have = "has" if self.empty == 1 else "have"
            yield f"{counted(self.empty, 'row')} {have} no value at all, but {have} a prediction"
        for rule in encoder.rules:
            far, present = self.far[rule.name], self.present[rule.name]
            if isinstance(rule, NumberRule) and far >= _FEWEST and 2 * far > present:
                yield (
                    f"column {show_name(rule.name)}: {far} of {counted(present, 'value')}, such as "
                    f"{self.examples[rule.name]:.6g}, lie far outside training (mean "
                    f"{rule.mean:.6g}, standard deviation {rule.scale:.6g}): another unit, or "
                    "other decimal marks?"
                )


def _everywhere(masks: Mapping[str, Mask]) -> Mask:
    """Return which rows hold no value in any column."""
    empty: Mask = np.all([*masks.values()], axis=0)
    return empty
