"""The logits of a sweep: coarse where nothing happens, fine where something does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.compare.search import neighbours
from mlpcli.errors import UsageError, did_you_mean
from mlpcli.nn.losses import probability

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray

__all__ = ["DTYPES", "default_dtypes", "logit_grid", "parse_dtype", "parse_grid"]

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


def _has_wide_longdouble() -> bool:
    return bool(np.finfo(np.longdouble).nmant > np.finfo(np.float64).nmant)


def default_dtypes() -> tuple[str, ...]:
    """Return float16, float32, float64, and longdouble where it has more bits than float64."""
    return DTYPES if _has_wide_longdouble() else DTYPES[:-1]


def parse_dtype(name: str) -> str:
    """Return the name if it is one of `DTYPES`; UsageError with the nearest one if not."""
    if name not in DTYPES:
        guess = did_you_mean(name, DTYPES) or f"; expected one of {', '.join(DTYPES)}"
        raise UsageError(f'--dtype: unknown dtype "{name}"{guess}')
    if name == "longdouble" and not _has_wide_longdouble():
        raise UsageError("--dtype longdouble: here it is float64 by another name; use float64")
    return name


def parse_grid(text: str) -> NDArray[np.float64]:
    """Return the logits LO, LO + STEP, .. up to HI of "LO:HI:STEP", each the nearest float64.

    UsageError where that is no grid, or one of more than a million logits.
    """
    low, high, step = _three_numbers(text)
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


def _three_numbers(text: str) -> tuple[Fraction, Fraction, Fraction]:
    """Return LO, HI and STEP as written: 0.1 is a tenth, so that 0 is met on the way."""
    try:
        low, high, step = map(_exactly, text.split(":"))
    except (ValueError, OverflowError):
        raise UsageError(
            f'--logits: expected LO:HI:STEP, three finite numbers such as -50:50:0.5, got "{text}"'
        ) from None
    return low, high, step


def _exactly(text: str) -> Fraction:
    from fractions import Fraction

    near = float(text)
    return Fraction(text.strip()) if near and math.isfinite(near) else Fraction(near)


def logit_grid(dtype: str, given: NDArray[np.float64] | None = None) -> NDArray[np.floating[Any]]:
    """Return the logits as the dtype holds them, ascending, without repeats.

    The default grid, -800 to 800, has the logits in it at which p = 1/(1+exp(-h)) changes its
    nature in this dtype: the last with p < 1 and the first with p = 1, and likewise for 0.
    Raises UsageError where the dtype can hold none of the given logits.
    """
    if given is None:
        half = np.concatenate([np.arange(*piece) for piece in _PIECES])
        half = half[half <= _WIDEST]
        return _ascending(np.concatenate([-half, half, _edges(dtype)]).astype(dtype))
    with np.errstate(over="ignore"):
        held = given.astype(dtype)
    held = held[np.isfinite(held)]
    if not held.size:
        largest = float(np.finfo(dtype).max)
        raise UsageError(f"--logits: {dtype} can hold none of them; its largest is {largest:g}")
    return _ascending(held)


def _ascending(held: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Return the numbers in order, each once, 0 without a sign; `np.unique` loads numpy.ma."""
    ordered: NDArray[np.floating[Any]] = np.sort(held) + 0
    once: NDArray[np.floating[Any]] = ordered[np.append(True, np.diff(ordered) > 0)]
    return once


def _edges(dtype: str) -> NDArray[np.floating[Any]]:
    kind = np.dtype(dtype).type
    low, high = kind(0), kind(min(np.finfo(dtype).max / 2, 2e4))
    with np.errstate(over="ignore"):
        one = neighbours(lambda h: probability(h) == 1, low, high)
        zero = neighbours(lambda h: probability(-h) == 0, low, high)
    edges = np.array([*one, *(-h for h in zero)])
    inside: NDArray[np.floating[Any]] = edges[np.abs(edges) <= _WIDEST]
    return inside
