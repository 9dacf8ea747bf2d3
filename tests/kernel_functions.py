"""What the functions of the kernel are held to: NumPy in more digits, by units of the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mlpcli.nn.kernel.library import Kernel

__all__ = ["BOUNDS", "LIMITS", "by_kernel", "worst_errors"]

MOST = 2.0**64  # of log1p
LIMITS = {"float32": 87.0, "float64": 708.0}  # beyond, exp holds its value there
BOUNDS = {"exp": 2.0, "log1p": 3.0, "sigmoid": 3.0, "tanh": 4.0, "sigmoid'": 6.0, "tanh'": 6.0}
"""Units in the last place."""


def by_kernel(kernel: Kernel, x: Any) -> dict[str, Any]:
    """Return the values of every function at x; log1p at abs(x)."""
    e, log, z, t = (np.empty_like(x) for _ in range(4))
    slopes = np.empty(2 * len(x), x.dtype)
    arrays = [a.ctypes.data for a in (x, e, log, z, t, slopes)]
    kernel.call("functions", x.dtype)(len(x), *arrays)
    steep = slopes.reshape(2, -1)
    return {
        "exp": e, "log1p": log, "sigmoid": z, "tanh": t, "sigmoid'": steep[0], "tanh'": steep[1],
    }  # fmt: skip


def _truth(x: Any) -> dict[str, Any]:
    """Return the same in more digits than x has, each held to where it stays a normal number."""
    limit = LIMITS[str(x.dtype)]
    wide = x.astype(np.float64 if x.dtype == np.float32 else np.longdouble)
    held = np.clip(wide, -limit, limit)
    e, two = np.exp(-np.abs(held)), np.exp(np.maximum(-2 * np.abs(wide), -limit))
    z, q = np.where(held >= 0, 1, e) / (1 + e), np.where(held >= 0, e, 1) / (1 + e)
    return {
        "exp": np.exp(held), "log1p": np.log1p(np.abs(wide)), "sigmoid": z,
        "tanh": np.tanh(wide), "sigmoid'": z * q, "tanh'": 4 * two / (1 + two) ** 2,
    }  # fmt: skip


def worst_errors(kernel: Kernel, x: Any) -> dict[str, float]:
    """Return the largest error of each function over x, in units in the last place.

    What is below the smallest normal number may be anything up to it.
    """
    info = np.finfo(x.dtype)
    errors = {}
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        found, true = by_kernel(kernel, x), _truth(x)
        for name, value in found.items():
            exact = true[name]
            some = (np.abs(x) <= MOST) | (name != "log1p")
            unit = np.ldexp(float(info.eps), np.frexp(np.abs(exact))[1] - 1)
            unit = np.maximum(unit, info.tiny)
            errors[name] = float(np.max((np.abs(value - exact) / unit)[some], initial=0.0))
    return errors
