"""The kernel's own exp, log1p, sigmoid and tanh: samples of what `make fuzz` tries in full."""

from __future__ import annotations

import numpy as np
import pytest

from kernel_functions import BOUNDS, LIMITS, worst_errors
from mlpcli.nn.kernel.library import kernel_for

LEVELS = ("plain", "v2", "v3", "v4")


def samples(dtype: str) -> np.ndarray:
    rng, limit = np.random.default_rng(0), LIMITS[dtype]
    even = rng.uniform(-1.1 * limit, 1.1 * limit, 40_000)
    small = np.exp(rng.uniform(-limit, np.log(limit), 40_000)) * rng.choice([-1, 1], 40_000)
    halves = np.arange(-1000, 1000) * np.log(2) / 2  # where exp and log1p change their branch
    special = [0.0, -0.0, limit, -limit, np.inf, -np.inf, 1e-300, -1e-300, 0.5, 1 / 3]
    found = np.concatenate([even, small, halves, np.expm1(halves[1000:1040]), special])
    with np.errstate(over="ignore", under="ignore"):
        return found.astype(dtype)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_functions_to_a_few_units_in_the_last_place(level: str, dtype: str) -> None:
    kernel = kernel_for(f"c {level}")
    if kernel is None or kernel.level != level:
        pytest.skip(f"there is no kernel of level {level} here")
    errors = worst_errors(kernel, samples(dtype))
    assert errors.keys() == BOUNDS.keys()
    for name, error in errors.items():
        assert error <= BOUNDS[name], name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_stays_nan(dtype: str) -> None:
    kernel = kernel_for()
    if kernel is None:
        pytest.skip("there is no compiled kernel")
    from kernel_functions import by_kernel

    for name, value in by_kernel(kernel, np.full(17, np.nan, dtype)).items():
        assert np.isnan(value).all(), name
