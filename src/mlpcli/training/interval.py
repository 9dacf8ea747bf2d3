"""How sure the mean of a few scores is, where each was measured on other rows of one table."""

from __future__ import annotations

import math
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Interval", "fold_interval", "t_quantile"]

_CONFIDENCE = 0.95
_RANGES = {"loss": (0.0, math.inf), "brier": (0.0, math.inf), "mcc": (-1.0, 1.0)}
_SHARE = (0.0, 1.0)  # of all other scores


@dataclass(frozen=True)
class Interval:
    """A mean and the ends of its 95 % interval, which are None where one score is all there is."""

    mean: float
    low: float | None
    high: float | None


def fold_interval(score: str, values: Sequence[float], folds: int) -> Interval | None:
    """Return the mean of a score over folds, and its corrected 95 % t interval; None of no value.

    Scores of folds are not independent: two models of k folds share (k - 2)/(k - 1) of their
    training rows, so that the plain interval, of variance s^2/J for J scores, is too narrow.
    Nadeau and Bengio (2003) add the ratio of rows held out to rows for training, 1/(k - 1), which
    keeps its promise far better: variance (1/J + 1/(k - 1)) s^2, J - 1 degrees of freedom.
    Bouckaert and Frank (2004) use it for repeated folds, as `--seeds` makes them. It remains an
    estimate: no unbiased one of the variance of k folds exists (Bengio and Grandvalet 2004). The
    ends are cut off where the score itself ends.
    """
    if not values:
        return None
    mean, count = fmean(values), len(values)
    if count < 2:
        return Interval(mean, None, None)
    width = math.sqrt(1 / count + 1 / (folds - 1)) * stdev(values)
    width *= t_quantile((1 + _CONFIDENCE) / 2, count - 1)
    least, most = _RANGES.get(score, _SHARE)
    return Interval(mean, max(least, mean - width), min(most, mean + width))


def t_quantile(probability: float, freedom: int) -> float:
    """Return t with P(T <= t) = `probability` >= 1/2, of Student's T with whole degrees of freedom.

    By bisection in the angle of `_central`, to the last digits.
    """
    low, high = 0.0, math.pi / 2
    for _ in range(100):
        middle = (low + high) / 2
        below = (1 + _central(middle, freedom)) / 2 < probability
        low, high = (middle, high) if below else (low, middle)
    return math.tan(high) * math.sqrt(freedom)


def _central(angle: float, freedom: int) -> float:
    """Return P(|T| <= t) for t = sqrt(freedom) tan(angle): Abramowitz and Stegun 26.7.3, 26.7.4."""
    cosine, odd = math.cos(angle), freedom % 2
    term = total = cosine if odd else 1.0
    for k in range(2 + odd, freedom, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    if not odd:
        return math.sin(angle) * total
    return (angle + (math.sin(angle) * total if freedom > 1 else 0.0)) * 2 / math.pi
