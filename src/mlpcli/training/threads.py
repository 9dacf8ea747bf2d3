"""Decides how many threads share a step, and holds BLAS to its own: both change the bytes."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mlpcli.parallel import core_count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

__all__ = ["limit_threads", "thread_count"]

_MOST = 8  # by default; parts of a batch for more are too small to be worth a thread
_WORTH_SHARING = 5e6  # multiplications of a layer's product below which threads cost more


def thread_count(asked: int | None, sizes: Sequence[int], rows: int) -> int:
    """Return the number asked for, else 1 for small layers and all available cores for large.

    `rows` is the batch size; sharing out a small matrix product takes longer than computing it.
    """
    if asked is not None:
        return asked
    largest = max(a * b for a, b in pairwise(sizes)) * rows
    if largest < _WORTH_SHARING:
        return 1
    return min(_MOST, core_count())


def limit_threads(count: int) -> AbstractContextManager[Any]:
    """Hold every BLAS of this process to `count` threads while the context lasts."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(count, user_api="blas")
    return limits
