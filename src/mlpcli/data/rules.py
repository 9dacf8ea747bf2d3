"""How one column becomes inputs, as its training rows teach.

A number column becomes one input, (value - mean) / scale; a text column becomes one input per
level seen in training (one-hot). Under the policy `level` a missing value is something to learn
from: an input of its own. Where a text column has more levels than are wanted, the rarer ones share
an input. The names of these inputs have a blank behind "=", as no level has.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from mlpcli.data.table import Categorical
from mlpcli.errors import DataError
from mlpcli.records import dataclass
from mlpcli.text import show_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mlpcli.config import DataConfig
    from mlpcli.data.table import Column
    from mlpcli.nn.sigmoid import FloatArray

__all__ = [
    "MOST_LEVELS",
    "MissingPolicy",
    "NumberRule",
    "Policies",
    "Rule",
    "TextRule",
    "fit_rule",
    "policies_of",
    "rule_from",
]

MissingPolicy: TypeAlias = Literal["error", "mean", "median", "drop", "level"]
MOST_LEVELS = 10_000
"""Levels beyond which a column needs a word of its user's."""
_FILLING = {"mean", "median", "level"}
Numbers: TypeAlias = "NDArray[np.float64]"
_PIECE = 1 << 18  # rows at a time, so that what is worked in does not grow with the column


@dataclass(frozen=True)
class Policies:
    """What becomes of rows that miss a value: of a column's own policy, or of the default one.

    `target` is that of rows without a target, `error` or `drop`; under a default of `drop` these
    are left out as well.
    """

    default: MissingPolicy = "error"
    by_column: Mapping[str, MissingPolicy] = field(default_factory=dict)
    target: Literal["error", "drop"] = "error"

    def of(self, name: str) -> MissingPolicy:
        """Return the policy of a feature."""
        return self.by_column.get(name, self.default)

    def fill(self, name: str) -> bool:
        """Say whether missing values of a feature are filled in, or are inputs of their own."""
        return self.of(name) in _FILLING

    @property
    def drop_unlabelled(self) -> bool:
        """Whether rows without a target are left out."""
        return "drop" in {self.target, self.default}


def policies_of(data: DataConfig) -> Policies:
    """Return what becomes of rows that miss a value."""
    if isinstance(data.missing, dict):
        return Policies("error", data.missing, data.missing_target)
    return Policies(data.missing, {}, data.missing_target)


@dataclass(frozen=True)
class NumberRule:
    """(value - mean) / scale, with `fill` in place of a missing value.

    `missing` says that a second input is 1 where the value is missing, else 0.
    """

    name: str
    mean: float
    scale: float
    fill: float | None
    missing: bool = False
    kind: Literal["number"] = "number"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Name of the input, and of the one for missing values."""
        return (self.name, _missing_input(self.name)) if self.missing else (self.name,)

    @classmethod
    def fit(
        cls, name: str, values: Numbers, policy: MissingPolicy, standardize: bool
    ) -> NumberRule:
        """Learn the rule from training values; missing ones (nan) count for nothing.

        `mean` and `scale` (standard deviation, divisor N) are those of the values present; a
        constant column gets scale 1, so that it becomes 0 and not 0/0.
        """
        found = mean_and_deviation(values)
        if found is None:
            return cls(name, 0.0, 1.0, 0.0 if policy in _FILLING else None)
        mean, scale = found
        if scale <= 8 * np.finfo(np.float64).eps * abs(mean):
            scale = 1.0
        middle = median(values) if policy == "median" else None
        fills = {"mean": mean, "level": mean, "median": middle}
        if not standardize:
            mean, scale = 0.0, 1.0
        missing = policy == "level" and bool(np.isnan(values).any())
        return cls(name, mean, scale, fills.get(policy), missing)

    def encode(self, column: Column, out: FloatArray) -> int:
        """Write the inputs into `out` (N, 1 or 2); return 0: no value is unknown to a number."""
        assert not isinstance(column, Categorical)
        with np.errstate(over="ignore"):  # beyond the dtype: infinite, found by the training loop
            values = (column - self.mean) / self.scale
            if self.fill is not None:
                values[np.isnan(column)] = (self.fill - self.mean) / self.scale
            out[:, 0] = values
        if self.missing:
            out[:, 1] = np.isnan(column)
        return 0


@dataclass(frozen=True)
class TextRule:
    """One input per level, 1 where the text is that level; `fill` stands in for a missing text.

    `other` says that an input is 1 where the text is no level, `missing` that one is 1 where there
    is none; they come after the levels.
    """

    name: str
    levels: tuple[str, ...]
    fill: str | None
    other: bool = False
    missing: bool = False
    kind: Literal["text"] = "text"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs, one per level: "island=Dream"."""
        names = [f"{self.name}={level}" for level in self.levels]
        names += [f"{self.name}= other"] * self.other
        names += [_missing_input(self.name)] * self.missing
        return tuple(names)

    @classmethod
    def fit(
        cls, name: str, column: Categorical, policy: MissingPolicy, most: int | None = None
    ) -> TextRule:
        """Learn the levels, sorted; under `mean` and `median` a missing text is the commonest.

        Beyond `most` only the most frequent are levels, of equals the first by name. Raises
        DataError for more than 10,000 where nobody says how many.
        """
        counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
        seen = sorted((level, int(n)) for level, n in zip(column.levels, counts, strict=True) if n)
        if most is None and len(seen) > MOST_LEVELS:
            raise DataError(
                f"column {show_name(name)}: {len(seen):,} different texts would make as many "
                "inputs; set data.max_levels, say to 100, or leave the column out"
            )
        fill = None
        if policy in {"mean", "median"} and seen:
            fill = max(seen, key=lambda pair: pair[1])[0]
        missing = policy == "level" and bool((column.codes < 0).any())
        kept = sorted(seen, key=lambda pair: -pair[1])[:most]
        levels = tuple(sorted(level for level, _ in kept))
        return cls(name, levels, fill, len(kept) < len(seen), missing)

    def encode(self, column: Column, out: FloatArray) -> int:
        """Write the inputs into `out` (N, inputs); return how many rows hold an unseen level.

        An unseen level leaves all inputs of its row at 0, unless it counts as one of the others.
        """
        assert isinstance(column, Categorical)
        place = {level: j for j, level in enumerate(self.levels)}
        other = len(self.levels) if self.other else -1
        places = np.array([place.get(level, other) for level in column.levels] + [-1], np.int64)
        if self.missing:
            places[-1] = len(self.inputs) - 1
        if self.fill is not None:
            places[-1] = place[self.fill]  # code -1, a missing text, picks the last entry
        chosen = places[column.codes]
        rows = np.flatnonzero(chosen >= 0)
        out[:] = 0
        out[rows, chosen[rows]] = 1
        return int(np.count_nonzero((chosen < 0) & (column.codes >= 0)))


Rule: TypeAlias = NumberRule | TextRule


def fit_rule(
    name: str,
    column: Column,
    policy: MissingPolicy,
    *,
    standardize: bool,
    most_levels: int | None = None,
) -> Rule:
    """Learn the rule of one column from training rows; DataError for too many texts."""
    if isinstance(column, Categorical):
        return TextRule.fit(name, column, policy, most_levels)
    return NumberRule.fit(name, column, policy, standardize)


def rule_from(document: Mapping[str, Any]) -> Rule:
    """Return the rule of which `asdict` made the document; KeyError, TypeError or ValueError."""
    if document["kind"] not in {"number", "text"}:
        raise ValueError(f"unknown kind {document['kind']!r}")
    name, fill = document["name"], document["fill"]
    missing = bool(document.get("missing", False))  # which older models do not know
    if document["kind"] == "text":
        other = bool(document.get("other", False))
        return TextRule(name, tuple(document["levels"]), fill, other, missing)
    mean, scale = float(document["mean"]), float(document["scale"])
    return NumberRule(name, mean, scale, None if fill is None else float(fill), missing)


def _missing_input(name: str) -> str:
    return f"{name}= missing"


def mean_and_deviation(values: Numbers) -> tuple[float, float] | None:
    """Return mean and standard deviation (divisor N) of what is not nan; None if all is.

    Each piece is scaled by its largest number, which keeps the squares of 1e200 finite; pieces
    are put together as Chan, Golub and LeVeque (1983) do.
    """
    pieces = (values[start : start + _PIECE] for start in range(0, values.size, _PIECE))
    moments = [_moments(present) for v in pieces if (present := v[~np.isnan(v)]).size]
    if len(moments) < 2:
        return moments[0][1:] if moments else None
    counts, means, deviations = np.array(moments).T
    share = counts / counts.sum()
    unit = _unit(np.concatenate([means, deviations]))
    mean = float(share @ (means / unit))
    variance = share @ ((deviations / unit) ** 2 + (means / unit - mean) ** 2)
    return mean * unit, float(np.sqrt(variance)) * unit


def median(values: Numbers) -> float:
    """Return the median of what is not nan, which must not be nothing."""
    values = values[~np.isnan(values)]
    unit = _unit(values)
    return float(np.median(values / unit)) * unit


def _moments(values: Numbers) -> tuple[int, float, float]:
    """Return number, mean and standard deviation."""
    unit = _unit(values)
    values = values / unit
    return values.size, float(values.mean()) * unit, float(values.std()) * unit


def _unit(values: Numbers) -> float:
    """Return what to divide by, so that the square of 1e200 is finite."""
    return float(np.abs(values).max()) or 1.0
