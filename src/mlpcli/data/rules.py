"""How one column becomes inputs, as its training rows teach.

A number column becomes one input, (value - mean) / scale; a text column becomes one input per
level seen in training (one-hot).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from mlpcli.data.table import Categorical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mlpcli.data.table import Column
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["MissingPolicy", "NumberRule", "Rule", "TextRule", "fit_rule", "rule_from"]

MissingPolicy: TypeAlias = Literal["error", "mean", "median", "drop"]
Numbers: TypeAlias = "NDArray[np.float64]"
_PIECE = 1 << 18  # rows at a time, so that what is worked in does not grow with the column


@dataclass(frozen=True)
class NumberRule:
    """(value - mean) / scale, with `fill` in place of a missing value."""

    name: str
    mean: float
    scale: float
    fill: float | None
    kind: Literal["number"] = "number"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Name of the one input."""
        return (self.name,)

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
            return cls(name, 0.0, 1.0, 0.0 if policy in {"mean", "median"} else None)
        mean, scale = found
        if scale <= 8 * np.finfo(np.float64).eps * abs(mean):
            scale = 1.0
        fills = {"mean": mean, "median": median(values) if policy == "median" else None}
        if not standardize:
            mean, scale = 0.0, 1.0
        return cls(name, mean, scale, fills.get(policy))

    def encode(self, column: Column, out: FloatArray) -> int:
        """Write the input into `out` (N, 1); return 0, as no value is unknown to a number."""
        assert not isinstance(column, Categorical)
        with np.errstate(over="ignore"):  # beyond the dtype: infinite, found by the training loop
            values = (column - self.mean) / self.scale
            if self.fill is not None:
                values[np.isnan(column)] = (self.fill - self.mean) / self.scale
            out[:, 0] = values
        return 0


@dataclass(frozen=True)
class TextRule:
    """One input per level, 1 where the text is that level; `fill` stands in for a missing text."""

    name: str
    levels: tuple[str, ...]
    fill: str | None
    kind: Literal["text"] = "text"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs, one per level: "island=Dream"."""
        return tuple(f"{self.name}={level}" for level in self.levels)

    @classmethod
    def fit(cls, name: str, column: Categorical, policy: MissingPolicy) -> TextRule:
        """Learn the levels, sorted; under `mean` and `median` a missing text is the commonest."""
        counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
        seen = sorted((level, int(n)) for level, n in zip(column.levels, counts, strict=True) if n)
        fill = None
        if policy in {"mean", "median"} and seen:
            fill = max(seen, key=lambda pair: pair[1])[0]
        return cls(name, tuple(level for level, _ in seen), fill)

    def encode(self, column: Column, out: FloatArray) -> int:
        """Write the inputs into `out` (N, levels); return how many rows hold an unseen level.

        An unseen level leaves all inputs of its row at 0.
        """
        assert isinstance(column, Categorical)
        place = {level: j for j, level in enumerate(self.levels)}
        places = np.array([place.get(level, -1) for level in column.levels] + [-1], np.int64)
        if self.fill is not None:
            places[-1] = place[self.fill]  # code -1, a missing text, picks the last entry
        chosen = places[column.codes]
        rows = np.flatnonzero(chosen >= 0)
        out[:] = 0
        out[rows, chosen[rows]] = 1
        return int(np.count_nonzero((chosen < 0) & (column.codes >= 0)))


Rule: TypeAlias = NumberRule | TextRule


def fit_rule(name: str, column: Column, policy: MissingPolicy, *, standardize: bool) -> Rule:
    """Learn the rule of one column from training rows."""
    if isinstance(column, Categorical):
        return TextRule.fit(name, column, policy)
    return NumberRule.fit(name, column, policy, standardize)


def rule_from(document: Mapping[str, Any]) -> Rule:
    """Return the rule of which `asdict` made the document; KeyError, TypeError or ValueError."""
    if document["kind"] not in {"number", "text"}:
        raise ValueError(f"unknown kind {document['kind']!r}")
    name, fill = document["name"], document["fill"]
    if document["kind"] == "text":
        return TextRule(name, tuple(document["levels"]), fill)
    mean, scale = float(document["mean"]), float(document["scale"])
    return NumberRule(name, mean, scale, None if fill is None else float(fill))


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
