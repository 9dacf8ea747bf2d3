"""The derivative of BCE by the logit with forty digits, so that no float code judges itself.

For y = 0 it is sigma(h), for y = 1 it is -sigma(-h). Python's `decimal` computes 1 / (1 + exp(-h))
with correctly rounded operations; the result is kept as a sum of two float64 numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["Exact", "exact_gradient"]

_DIGITS = 40
_CONTEXT = Context(prec=_DIGITS, Emin=-10_000, Emax=10_000)


@dataclass(frozen=True)
class Exact:
    """Values as `high` + `low`, float64 (N,): `high` is the value rounded to float64."""

    high: NDArray[np.float64]
    low: NDArray[np.float64]

    def rounded(self, dtype: np.dtype[np.floating]) -> NDArray[np.floating]:
        """Return the values rounded to a dtype; for longdouble with the digits that `low` adds."""
        with np.errstate(under="ignore"):
            return self.high.astype(dtype) + self.low.astype(dtype)


@lru_cache(maxsize=100_000)  # grids of several dtypes and both labels share most of their logits
def _sigmoid(h: Decimal) -> tuple[float, float]:
    value = _CONTEXT.divide(Decimal(1), _CONTEXT.add(Decimal(1), _CONTEXT.exp(-h)))
    high = float(value)
    return high, float(_CONTEXT.subtract(value, Decimal(high)))


def exact_gradient(logits: Iterable[np.floating], label: int) -> Exact:
    """Return dl/dh at each logit, taken as exactly the number that it holds.

    `label` is 0 or 1.
    """
    sign = 1 - 2 * label
    pairs = [_sigmoid(sign * _decimal(h)) for h in logits]
    high, low = sign * np.array(pairs, np.float64).reshape(-1, 2).T
    return Exact(high, low)


def _decimal(h: np.floating) -> Decimal:
    """Return the logit without rounding; a longdouble is split into two float64 numbers."""
    high = float(h)
    low = float(h - type(h)(high))
    return _CONTEXT.add(Decimal(high), Decimal(low))
