"""Says about how long a run will take, before it begins."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.training.loop import Loop

__all__ = ["seconds_ahead"]

_PRODUCTS = 3  # forward, back to the layer below, and to the weights
_EPOCH_SECONDS = 5e-4  # of the history, and a checkpoint now and then
_BATCH_SECONDS = 5e-5  # of Python itself, whatever the network
_VALUE_SECONDS = 2e-8  # of an activation and its slope
_PARAMETER_SECONDS = 3e-9  # of an optimizer's step
_TRIALS = 3


def seconds_ahead(loop: Loop) -> float:
    """Return about how many seconds the epochs to come take, if none of them is left out.

    The products of matrices are timed, at the widest layer; the rest goes by rough constants. It
    tells minutes from seconds, not more.
    """
    sizes, rows = loop.network.sizes, len(loop.train)
    batch = min(loop.batch_size, rows)
    batches = -(-rows // batch)
    work = sum(a * b for a, b in pairwise(sizes))
    products = (
        _PRODUCTS * rows * work * _seconds_per_product(sizes, batch, loop.network.theta.dtype)
    )
    values = rows * sum(sizes[1:]) * _VALUE_SECONDS
    steps = _EPOCH_SECONDS + batches * (
        _BATCH_SECONDS + loop.network.theta.size * _PARAMETER_SECONDS
    )
    measured = len(loop.validation) if loop.validation is not None else 0
    epoch = (products + values) * (1 + measured / rows / _PRODUCTS) + steps
    return (loop.epochs - loop.position.epoch) * epoch


def _seconds_per_product(sizes: Sequence[int], batch: int, dtype: np.dtype[np.floating]) -> float:
    """Return the seconds that one product of two numbers takes within those of a layer."""
    n, m = max(pairwise(sizes), key=lambda pair: pair[0] * pair[1])
    Z, W = np.ones((batch, n), dtype), np.ones((m, n), dtype)
    seconds = []
    for _ in range(_TRIALS):
        started = time.perf_counter()
        Z @ W.T
        seconds.append(time.perf_counter() - started)
    return min(seconds) / (batch * n * m)
