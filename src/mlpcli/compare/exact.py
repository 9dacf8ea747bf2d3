"""The derivative by a logit with fifty digits, so that no float code judges itself.

A softmax of (h, 0, .., 0) with m zeros gives the first label p = 1/(1 + m exp(-h)); with one zero
that is sigma(h). The derivative of cross-entropy by h is p where the label is another, and
-(1 - p) where it is the first. With e = m exp(-h) from Python's `decimal`, whose operations are
correctly rounded, they are 1/(1+e) and e/(1+e) for h >= 0; else, exchanged, with e = exp(h)/m.
"""

from __future__ import annotations

import math
from decimal import Context, Decimal
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.records import dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Exact", "exact_gradients"]

_CONTEXT = Context(prec=50, Emin=-100_000, Emax=100_000)
_ONE = Decimal(1)
_SMALLEST_SPLIT = 2.0**-900  # below it `low` is a subnormal and lacks digits of a longdouble


@dataclass(frozen=True)
class Exact:
    """dl/dh for one label at logits (N,) of some dtype, each taken as exactly what it holds.

    The values are `high` + `low`, float64: `high` is the value rounded to float64.
    """

    logits: FloatArray
    label: int
    high: NDArray[np.float64]
    low: NDArray[np.float64]

    @cached_property
    def rounded(self) -> FloatArray:
        """The values in the dtype of the logits; of a longdouble with the digits of `low`."""
        dtype = self.logits.dtype
        with np.errstate(under="ignore"):
            value: FloatArray = self.high.astype(dtype) + self.low.astype(dtype)
        return value

    @cached_property
    def unit(self) -> FloatArray:
        """The unit in the last place of `rounded`; `np.spacing` is nan next to some longdoubles."""
        info = np.finfo(self.logits.dtype)
        size = np.maximum(np.abs(self.rounded), info.tiny)  # at and below it all units are alike
        exponent = np.frexp(size)[1] - info.nmant - 1
        unit: FloatArray = np.ldexp(np.ones_like(size), exponent)
        return unit

    @cached_property
    def judged(self) -> NDArray[np.bool_]:
        """Where the dtype holds the value as a normal number, and `high` + `low` all its digits."""
        info = np.finfo(self.logits.dtype)
        wide = info.nmant > np.finfo(np.float64).nmant
        held: NDArray[np.bool_] = np.abs(self.high) >= (_SMALLEST_SPLIT if wide else info.tiny)
        return held

    @cached_property
    def wrong(self) -> NDArray[np.bool_]:
        """Where the answer is wrong: the logit is on the other side of 0 than the label."""
        side: NDArray[np.bool_] = self.logits > 0 if self.label == 0 else self.logits < 0
        return side


def exact_gradients(logits: FloatArray, others: int = 1) -> tuple[Exact, Exact]:
    """Return dl/dh for label 0 and for label 1 at finite logits (N,), beside `others` of 0."""
    size = np.abs(logits)
    high = size.astype(np.float64)
    low = (size - high.astype(size.dtype)).astype(np.float64)  # 0 but for a longdouble
    ahead = logits >= 0
    factors = (np.where(side, others, 1).tolist() for side in (ahead, ~ahead))
    splits = zip(high.tolist(), low.tolist(), *factors, strict=True)
    parts = np.array([_sigmoids(*split) for split in splits], np.float64).reshape(-1, 4)
    near_one, near_zero = parts[:, :2], parts[:, 2:]
    positive = ahead[:, np.newaxis]
    zero = np.where(positive, near_one, near_zero).T
    one = 0.0 - np.where(positive, near_zero, near_one).T  # never -0.0
    return Exact(logits, 0, *zero), Exact(logits, 1, *one)


@lru_cache(maxsize=100_000)  # grids of several dtypes share most of their logits
def _sigmoids(high: float, low: float, over: int, under: int) -> tuple[float, float, float, float]:
    """Return 1/(1+e) and e/(1+e) split in two, e = over exp(-h) / under, h = high + low >= 0."""
    e = _CONTEXT.multiply(Decimal(over), _exp_minus(high, low))
    e = _CONTEXT.divide(e, Decimal(under))
    z = _CONTEXT.divide(_ONE, _CONTEXT.add(_ONE, e))
    return (*_split(z), *_split(_CONTEXT.multiply(e, z)))


def _split(value: Decimal) -> tuple[float, float]:
    high = float(value)
    return high, float(_CONTEXT.subtract(value, Decimal(high)))


def _exp_minus(high: float, low: float) -> Decimal:
    """Return exp(-h) as a product of few different factors: each summand of h is exact."""
    whole = math.floor(high)
    product = _ONE
    for summand in (whole - whole % 32, whole % 32, high - whole, low):
        if summand:
            product = _CONTEXT.multiply(product, _exp(-summand))
    return product


@lru_cache(maxsize=10_000)
def _exp(x: float) -> Decimal:
    return _CONTEXT.exp(Decimal(x))
