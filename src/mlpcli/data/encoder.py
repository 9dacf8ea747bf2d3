"""Turns feature columns into the input matrix, by rules learnt from the training rows alone.

The encoder is stored with the model and applied by column name, so a table with reordered or extra
columns is encoded the same way. A number column becomes one input, (value - mean) / scale; a text
column becomes one input per level seen in training (one-hot).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from mlpcli.data.columns import is_missing, rows_of
from mlpcli.data.moments import mean_and_deviation, median
from mlpcli.data.table import Categorical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mlpcli.data.columns import Mask
    from mlpcli.data.table import Column

__all__ = ["Encoder", "NumberRule", "Rule", "TextRule", "fit_rule"]

MissingPolicy: TypeAlias = Literal["error", "mean", "median", "drop"]


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
        cls, name: str, values: NDArray[np.float64], policy: MissingPolicy, standardize: bool
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

    def encode(self, column: Column, out: NDArray[np.floating[Any]]) -> int:
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

    def encode(self, column: Column, out: NDArray[np.floating[Any]]) -> int:
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


@dataclass(frozen=True)
class Encoder:
    """The rules of all feature columns, in the order of the inputs."""

    rules: tuple[Rule, ...]
    policy: MissingPolicy
    _widths: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_widths", tuple(len(rule.inputs) for rule in self.rules))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that it reads."""
        return tuple(rule.name for rule in self.rules)

    @property
    def kinds(self) -> dict[str, Literal["number", "text"]]:
        """Kind of each column that it reads."""
        return {rule.name: rule.kind for rule in self.rules}

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the n_0 network inputs."""
        return tuple(name for rule in self.rules for name in rule.inputs)

    @classmethod
    def fit(
        cls, columns: Mapping[str, Column], policy: MissingPolicy, *, standardize: bool
    ) -> Encoder:
        """Learn one rule per column from training rows only."""
        rules = (
            fit_rule(name, column, policy, standardize=standardize)
            for name, column in columns.items()
        )
        return cls(tuple(rules), policy)

    def encode(
        self, columns: Mapping[str, Column], dtype: str
    ) -> tuple[NDArray[np.floating[Any]], dict[str, int]]:
        """Return the matrix X (N x n_0) and, by column, how many rows hold an unseen level.

        Rows with a missing value that no rule fills come out as nan (numbers) or all zeros (text).
        """
        X = np.empty((rows_of(columns), sum(self._widths)), dtype)
        unseen = {}
        start = 0
        for rule, width in zip(self.rules, self._widths, strict=True):
            count = rule.encode(columns[rule.name], X[:, start : start + width])
            if count:
                unseen[rule.name] = count
            start += width
        return X, unseen

    def missing(self, columns: Mapping[str, Column]) -> dict[str, Mask]:
        """Return, by column, which rows miss a value that the policy does not fill."""
        found = {}
        for rule in self.rules:
            mask = is_missing(columns[rule.name])
            if rule.fill is None and mask.any():
                found[rule.name] = mask
        return found

    def to_document(self) -> dict[str, Any]:
        """Return the encoder as JSON values."""
        return {"missing": self.policy, "columns": [asdict(rule) for rule in self.rules]}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Encoder:
        """Return the encoder that `to_document` described.

        Raises KeyError, TypeError or ValueError where the document is something else.
        """
        return cls(tuple(map(_rule_from, document["columns"])), document["missing"])


def _rule_from(document: Mapping[str, Any]) -> Rule:
    if document["kind"] == "text":
        levels: Sequence[str] = document["levels"]
        return TextRule(document["name"], tuple(levels), document["fill"])
    if document["kind"] != "number":
        raise ValueError(f"unknown kind {document['kind']!r}")
    fill = document["fill"]
    return NumberRule(
        document["name"],
        float(document["mean"]),
        float(document["scale"]),
        None if fill is None else float(fill),
    )
