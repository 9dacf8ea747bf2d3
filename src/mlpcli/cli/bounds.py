"""Bounds on scores, as `--fail-under roc_auc=0.9` gives them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlpcli.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from mlpcli.training.metrics import Metrics

__all__ = ["Bound", "parse_bounds", "probability"]


@dataclass(frozen=True)
class Bound:
    """A score that must not be below (`lower`) or above a value."""

    score: str
    value: float
    lower: bool

    def failure(self, metrics: Metrics) -> str | None:
        """Return a line that says how the bound is broken, None if it holds.

        A score that these rows do not have breaks every bound.
        """
        got = getattr(metrics, self.score)
        option, sign = ("--fail-under", ">=") if self.lower else ("--fail-over", "<=")
        if got is None:
            return (
                f"{option} {self.score}: expected {sign} {self.value:g}, got none: {metrics.reason}"
            )
        if got >= self.value if self.lower else got <= self.value:
            return None
        return f"{option} {self.score}: expected {sign} {self.value:g}, got {got:.6g}"


def parse_bounds(texts: Iterable[str], *, lower: bool) -> list[Bound]:
    """Read "SCORE=VALUE" texts; raises UsageError for an unknown score or a value that is none."""
    from mlpcli.training.metrics import SCORES

    option, example = ("--fail-under", "roc_auc=0.9") if lower else ("--fail-over", "loss=0.3")
    bounds = []
    for text in texts:
        score, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f'{option}: expected SCORE=VALUE, such as {example}, got "{text}"')
        if score not in SCORES:
            guess = did_you_mean(score, SCORES) or f"; expected one of {', '.join(SCORES)}"
            raise UsageError(f'{option}: unknown score "{score}"{guess}')
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise UsageError(f'{option} {score}: expected a number, got "{value}"')
        bounds.append(Bound(score, number, lower))
    return bounds


def probability(value: float) -> float:
    """Return the value; raises UsageError unless it lies strictly between 0 and 1."""
    if not 0 < value < 1:
        raise UsageError(f"--threshold: expected a number between 0 and 1, got {value:g}")
    return value
