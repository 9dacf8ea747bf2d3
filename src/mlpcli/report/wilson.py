"""How far a share of few rows may be from that of many: Wilson's interval (1927)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["wilson"]

_Z95 = 1.959964


def wilson(
    share: NDArray[np.float64], rows: NDArray[np.integer[Any]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Wilson's 95 % interval of each share of so many rows: both ends."""
    n = rows.astype(np.float64)
    middle = (share + _Z95**2 / (2 * n)) / (1 + _Z95**2 / n)
    half = _Z95 * np.sqrt(share * (1 - share) / n + (_Z95 / (2 * n)) ** 2) / (1 + _Z95**2 / n)
    return np.minimum(middle - half, share), np.maximum(middle + half, share)
