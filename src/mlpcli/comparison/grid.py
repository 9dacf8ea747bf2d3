"""The logits of a sweep: coarse where nothing happens, fine where something does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.errors import UsageError, did_you_mean
from mlpcli.nn.losses import probability

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["DTYPES", "default_dtypes", "logit_grid", "parse_dtype", "parse_grid"]

DTYPES = ("float16", "float32", "float64", "longdouble")
_MOST_POINTS = 1_000_000
_WIDEST = 800.0
_PIECES = (  # start, stop, step of the default grid's positive half
    (0, 40, 1 / 8),
    (40, 128, 1 / 2),
    (128, 680, 8),
    (680, 760, 1 / 2),
    (760, 808, 8),
)


def default_dtypes() -> tuple[str, ...]:
    """Return float16, float32, float64, and longdouble where it has more bits than float64."""
    wider = np.finfo(np.longdouble).nmant > np.finfo(np.float64).nmant
    return DTYPES if wider else DTYPES[:-1]


def parse_dtype(name: str) -> str:
    """Return the name if it is one of `DTYPES`; UsageError with the nearest one if not."""
    if name not in DTYPES:
        guess = did_you_mean(name, DTYPES) or f"; expected one of {', '.join(DTYPES)}"
        raise UsageError(f'--dtype: unknown dtype "{name}"{guess}')
    return name


def parse_grid(text: str) -> NDArray[np.float64]:
    """Return the logits of "LO:HI:STEP", both ends included; UsageError where that is no grid."""
    parts = text.split(":")
    try:
        low, high, step = (float(part) for part in parts)
    except ValueError:
        raise UsageError(
            f'--logits: expected LO:HI:STEP, such as -50:50:0.5, got "{text}"'
        ) from None
    if not all(map(math.isfinite, (low, high, step))) or low >= high:
        raise UsageError(f"--logits {text}: expected finite numbers with LO < HI")
    if step <= 0:
        raise UsageError(f"--logits {text}: expected a step > 0, got {step:g}")
    points = math.floor((high - low) / step + 1e-9) + 1
    if points > _MOST_POINTS:
        raise UsageError(
            f"--logits {text}: expected at most {_MOST_POINTS} points, got {points}; "
            "choose a larger step"
        )
    return np.asarray(low + step * np.arange(points, dtype=np.float64), np.float64)


def logit_grid(dtype: str, given: NDArray[np.float64] | None = None) -> NDArray[np.floating[Any]]:
    """Return the logits as the dtype holds them, ascending, without repeats.

    The default grid, -800 to 800, has the logits in it at which p = 1/(1+exp(-h)) changes its
    nature in this dtype: the last with p < 1 and the first with p = 1, and likewise for 0.
    """
    if given is not None:
        held: NDArray[np.floating[Any]] = np.unique(given.astype(dtype))
        return held
    half = np.concatenate([np.arange(*piece) for piece in _PIECES])
    half = half[half <= _WIDEST]
    return np.unique(np.concatenate([-half, half, _edges(dtype)]).astype(dtype))


def _edges(dtype: str) -> NDArray[np.floating[Any]]:
    with np.errstate(over="ignore"):
        one = _edge(dtype, lambda h: probability(h) == 1)
        zero = _edge(dtype, lambda h: probability(-h) == 0)
    edges = np.array([*one, *(-h for h in zero)])
    inside: NDArray[np.floating[Any]] = edges[np.abs(edges) <= _WIDEST]
    return inside


def _edge(
    dtype: str, there: Callable[[NDArray[np.floating[Any]]], NDArray[np.bool_]]
) -> tuple[np.floating[Any], np.floating[Any]]:
    """Return the neighbouring numbers between 0 and the largest at which `there` becomes true."""
    kind = np.dtype(dtype).type
    low, high = kind(0), kind(min(np.finfo(dtype).max / 2, 2e4))
    while np.nextafter(low, high) < high:
        middle = kind(low + (high - low) / 2)
        if bool(there(np.array([middle]))[0]):
            high = middle
        else:
            low = middle
    return low, high
