"""What the functions of the kernel are held to: NumPy in more digits, by units of the last one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mlpcli.nn.kernel.library import Kernel

__all__ = ["BOUNDS", "LIMITS", "Truth", "by_kernel", "truth_at", "worst_errors"]

MOST = 2.0**64  # of log1p
LIMITS = {"float32": 87.0, "float64": 708.0}  # beyond, exp holds its value there
BOUNDS = {"exp": 2.0, "log1p": 3.0, "sigmoid": 3.0, "tanh": 4.0, "sigmoid'": 6.0, "tanh'": 6.0}
"""Units in the last place."""
_POWER = np.int64(0x7FF << 52)  # the bits of a float64 that hold a power of 2


@dataclass(frozen=True)
class Truth:
    """What a function is at x (N,), in more digits than x has, and how many units make up 1.

    A unit is that in the last place of x's own type, or its smallest normal number where that is
    more: what is below it counts for 0 within the kernel. `asked` says where the function has to be
    right, None everywhere.
    """

    exact: Any
    per_unit: Any
    asked: Any = None

    def worst(self, value: Any) -> float:
        """Return the largest error of values in units in the last place, nan if one is nan."""
        error = np.subtract(value, self.exact, dtype=self.exact.dtype)
        error *= self.per_unit
        error = error if self.asked is None else error[self.asked]
        return float(max(np.max(error, initial=0.0), -np.min(error, initial=0.0)))


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


def truth_at(x: Any) -> dict[str, Truth]:
    """Return what the functions are at x, each held to where it stays a normal number."""
    info = np.finfo(x.dtype)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        found = {name: Truth(exact, _per_unit(exact, info)) for name, exact in _exact(x).items()}
    asked = np.abs(x) <= MOST
    if not asked.all():
        found["log1p"] = replace(found["log1p"], asked=asked)
    return found


def worst_errors(kernel: Kernel, x: Any, truth: dict[str, Truth] | None = None) -> dict[str, float]:
    """Return the largest error of each function over x, in units in the last place."""
    truth = truth or truth_at(x)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return {name: truth[name].worst(value) for name, value in by_kernel(kernel, x).items()}


def _exact(x: Any) -> dict[str, Any]:
    limit = LIMITS[str(x.dtype)]
    wide = x.astype(np.float64 if x.dtype == np.float32 else np.longdouble)
    held, size = np.clip(wide, -limit, limit), np.abs(wide)
    small = np.exp(-np.abs(held))
    e = np.where(held < 0, small, 1 / small)
    two = np.exp(np.maximum(-2 * size, -limit))
    z = 1 / (1 + small)
    return {
        "exp": e, "log1p": np.log1p(size),
        "sigmoid": np.where(held < 0, small * z, z), "tanh": np.tanh(wide),
        "sigmoid'": small * z * z, "tanh'": 4 * two / (1 + two) ** 2,
    }  # fmt: skip


def _per_unit(exact: Any, info: Any) -> Any:
    """Return how many units make up 1."""
    if exact.dtype == np.float64:
        powers = (exact.view(np.int64) & _POWER).view(np.float64)
    else:
        powers = np.ldexp(np.ones_like(exact), np.frexp(exact)[1] - 1)
    return 1 / np.maximum(np.abs(powers) * info.eps, info.tiny)
