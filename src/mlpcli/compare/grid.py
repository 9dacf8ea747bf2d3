"""The logits of a sweep: coarse where nothing happens, fine where something does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mlpcli.errors import UsageError
from mlpcli.nn.sigmoid import probability
from mlpcli.text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

    from mlpcli.nn.sigmoid import FloatArray

    Condition: TypeAlias = Callable[[FloatArray], NDArray[np.bool_]]

__all__ = ["DTYPES", "default_dtypes", "logit_grid", "neighbours", "parse_dtypes", "parse_grid"]

DTYPES = ("float16", "float32", "float64", "longdouble")
_MOST_POINTS = 1_000_000
_WIDEST = 800.0
_PIECES = (  # start, stop, step of the default grid's positive half
    (0, 40, 1 / 8),
    (40, 128, 1),
    (128, 696, 8),
    (696, 752, 1),
    (752, 808, 8),
)
_CUTS = 512


def default_dtypes() -> tuple[str, ...]:
    """Return float16, float32, float64, and longdouble where it has more bits than float64."""
    wide = np.finfo(np.longdouble).nmant > np.finfo(np.float64).nmant
    return DTYPES if wide else DTYPES[:-1]


def parse_dtypes(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names, each once; UsageError where one is none of `DTYPES`, or none of its own."""
    for name in names:
        if name not in DTYPES:
            guess = did_you_mean(name, DTYPES) or f"; expected one of {', '.join(DTYPES)}"
            raise UsageError(f'--dtype: unknown dtype "{name}"{guess}')
        if name not in default_dtypes():
            raise UsageError(f"--dtype {name}: here it is float64 by another name; use float64")
    return tuple(dict.fromkeys(names))


def parse_grid(text: str) -> NDArray[np.float64]:
    """Return the logits LO, LO + STEP, .. up to HI of "LO:HI:STEP", each the nearest float64.

    UsageError where that is no grid, or one of more than a million logits.
    """
    try:
        low, high, step = map(_as_written, text.split(":"))
    except (ValueError, OverflowError):
        raise UsageError(
            f'--logits: expected LO:HI:STEP, three finite numbers such as -50:50:0.5, got "{text}"'
        ) from None
    if low >= high:
        raise UsageError(f"--logits {text}: expected LO < HI")
    if step <= 0:
        raise UsageError(f"--logits {text}: expected a step > 0, got {float(step):g}")
    points = (high - low) // step + 1
    if points > _MOST_POINTS:
        raise UsageError(
            f"--logits {text}: expected at most {_MOST_POINTS:,} logits, got {points:,}; "
            "choose a larger step"
        )
    whole = math.lcm(low.denominator, step.denominator)
    first, stride = int(low * whole), int(step * whole)
    return np.array([(first + k * stride) / whole for k in range(points)], np.float64)


def _as_written(text: str) -> Fraction:
    """Return the decimal itself: 0.1 is a tenth, so that 0 is met on the way."""
    from fractions import Fraction

    near = float(text)  # huge and tiny exponents end here, not in a Fraction of a billion digits
    return Fraction(text.strip()) if near and math.isfinite(near) else Fraction(near)


def logit_grid(dtype: str, given: NDArray[np.float64] | None = None) -> FloatArray:
    """Return the logits as the dtype holds them, ascending, without repeats.

    The default grid, -800 to 800, has the logits in it at which p = 1/(1+exp(-h)) changes its
    nature in this dtype: the last with p < 1 and the first with p = 1, and likewise for 0.
    Raises UsageError where the dtype can hold none of the given logits.
    """
    with np.errstate(over="ignore"):
        held = (_default_logits(dtype) if given is None else given).astype(dtype)
    held = np.sort(held[np.isfinite(held)]) + 0  # 0 without a sign
    if not held.size:
        largest = float(np.finfo(dtype).max)
        raise UsageError(f"--logits: {dtype} can hold none of them; its largest is {largest:g}")
    once: FloatArray = held[np.append(True, np.diff(held) > 0)]  # `np.unique` loads numpy.ma
    return once


def _default_logits(dtype: str) -> FloatArray:
    low, high = np.array([0, min(np.finfo(dtype).max / 2, 2e4)], dtype)
    one = neighbours(lambda h: probability(h) == 1, low, high)
    zero = neighbours(lambda h: probability(-h) == 0, low, high)
    half = np.concatenate([np.arange(*piece) for piece in _PIECES])
    logits = np.concatenate([-half, half, one, np.negative(zero)])
    widest: FloatArray = logits[np.abs(logits) <= _WIDEST]
    return widest


def neighbours(
    there: Condition, low: np.floating[Any], high: np.floating[Any], *, gap: float = 0.0
) -> tuple[np.floating[Any], np.floating[Any]]:
    """Return the last number without and the first with it; `there` is False at low, True at high.

    Where it changes more than once in between, one change is found. With `gap` they need not be
    neighbours, but nearer than that. Each round looks at numbers that cut the interval into many.
    """
    while high - low > gap and np.nextafter(low, high) < high:
        cuts = np.linspace(0, 1, _CUTS + 1, dtype=low.dtype)[1:-1]
        between = np.clip(
            low + (high - low) * cuts, np.nextafter(low, high), np.nextafter(high, low)
        )
        found = np.flatnonzero(there(between))
        if not found.size:
            low = between[-1]
            continue
        k = int(found[0])
        high = between[k]
        low = between[k - 1] if k else low
    return low, high
