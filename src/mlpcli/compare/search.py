"""Finds the two neighbouring numbers of a dtype between which something changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Condition: TypeAlias = Callable[[NDArray[np.floating[Any]]], NDArray[np.bool_]]

__all__ = ["neighbours"]

_CUTS = 512


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
