"""The kernel makes the numbers of NumPy, to a stated bound per step and per run, for all it has.

The bounds are in roundoffs u of the dtype, relative to the largest weight, the loss and the largest
squared norm. A step has the roundoffs of its sums; a run carries them on.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from engines import engine_of, setting
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.optimizers import OPTIMIZERS

STEP, RUN = 64.0, 512.0
BATCH = 32  # of 300 rows: nine batches and one of 12 rows


def moved(engine: str, loss: str, dtype: str, rule: str, order: Any, **how: Any) -> Any:
    """Return weights, loss and squared norms after steps on the rows in this order."""
    start, objective, rows = setting(loss, **how)
    network = start.with_theta(start.theta.astype(dtype))
    mine = engine_of(engine, network, objective, rows.cast(dtype), BATCH, rule=rule)
    squares = np.zeros(len(network.W))
    done, total = mine.steps(order, 3e-4, 0.0, squares)
    assert done == -(-len(order) // BATCH)
    return network.theta.astype(np.float64), total, squares


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("loss", ["stable", "l2", "balanced", "mse", "linear", "softmax"])
def test_all_combinations(activation: str, loss: str) -> None:
    whole = np.random.default_rng(0).permutation(300).astype(np.uint32)
    orders = {STEP: whole[:BATCH], RUN: whole}
    for dtype, rule, bias, weighted, soft in product(
        ("float32", "float64"), OPTIMIZERS, (True, False), (True, False), (True, False)
    ):
        how = {"activation": activation, "bias": bias, "weighted": weighted, "soft": soft}
        u = float(np.finfo(dtype).eps) / 2
        for bound, order in orders.items():
            ours, theirs = (moved(e, loss, dtype, rule, order, **how) for e in ("kernel", "numpy"))
            for a, b in zip(ours, theirs, strict=True):
                limit = bound * u * np.abs(b).max()
                assert np.abs(a - b).max() <= limit, (dtype, rule, how, bound)
