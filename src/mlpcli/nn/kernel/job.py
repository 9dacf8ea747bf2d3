"""What a call of the kernel works on: the structure `Job` of kernel.c, field by field."""

from __future__ import annotations

import ctypes
from typing import Any

__all__ = ["FUNCTIONS", "Job"]

_whole, _real, _array = ctypes.c_int64, ctypes.c_double, ctypes.c_void_p


class Job(ctypes.Structure):
    """The arguments of a call; kernel.c says what they mean."""

    _fields_ = (
        *((name, _whole) for name in ("depth", "bias", "activation", "loss", "answers", "rule")),
        *((name, _whole) for name in ("batch", "rows", "omega_row", "omega_column")),
        *((name, _real) for name in ("slope", "l2", "rate")),
        ("constants", _real * 3),
        ("divisors", _real * 2),
        ("sizes", _array),
        ("theta", _array),
        ("gradient", _array),
        ("moments", _array * 2),
        *((name, _array) for name in ("steps", "X", "y", "omega", "weight", "order")),
        *((name, _array) for name in ("squares", "norms", "sums", "work")),
    )


_job = ctypes.POINTER(Job)
FUNCTIONS: dict[str, tuple[list[Any], Any]] = {
    "functions": ([_whole, *[_array] * 6], None),
    "work": ([_job], _whole),
    "run": ([_job, _whole], _whole),
    "look": ([_job, _whole, _array], None),
    "part": ([_job, *[_whole] * 5], _real),
    "join": ([_job, _whole, _whole, _whole, _array, _array], None),
    "differences": ([*[_whole] * 4, _real, *[_array] * 8], None),
    "update": ([_job, _whole, _whole, _whole], None),
}
"""By name, the types of the arguments and of the result."""
