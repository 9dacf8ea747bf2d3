"""The exact gradient against mpmath: correctly rounded, subnormals included, in every dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import pytest

from mlpcli.compare.choices import default_dtypes
from mlpcli.compare.exact import exact_gradients
from mlpcli.compare.sweep import logit_grid
from mlpcli.names import DTYPES

if TYPE_CHECKING:
    from numpy.typing import NDArray


def truth(h: Any, label: int, others: int = 1) -> mpmath.mpf:
    """Return dl/dh with 120 digits at the number that `h` holds, beside so many logits of 0."""
    with mpmath.workdps(120):
        high = mpmath.mpf(float(h))
        x = high + mpmath.mpf(float(h - type(h)(float(h))))
        first = mpmath.exp(x) / (mpmath.exp(x) + others)
        return first if label == 0 else -others / (mpmath.exp(x) + others)


def random_logits(seed: int, count: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    near, far = rng.uniform(-60, 60, count // 2), rng.uniform(-760, 760, count // 4)
    tiny = rng.choice([-1, 1], count // 4) * 10.0 ** rng.uniform(-20, 2, count // 4)
    return np.concatenate([near, far, tiny])


@pytest.mark.parametrize("others", [1, 2])
@pytest.mark.parametrize("label", [0, 1])
def test_float64_is_correctly_rounded(label: int, others: int) -> None:
    logits = np.concatenate([logit_grid("float64"), random_logits(3, 4000)])
    exact = exact_gradients(logits, others)[label]
    expected = [float(truth(h, label, others)) for h in logits]
    assert exact.high.tolist() == [value + 0.0 for value in expected]
    sizes = np.abs(exact.high)
    tiny = np.finfo(np.float64).tiny
    assert ((sizes > 0) & (sizes < tiny)).sum() > 20  # subnormals are among them
    assert (sizes == 0).any()
    assert (sizes == 1).any()


@pytest.mark.parametrize("others", [1, 2, 6])
@pytest.mark.parametrize("dtype", default_dtypes())
def test_both_parts_hold_thirty_digits(dtype: str, others: int) -> None:
    logits = random_logits(4, 400).astype(dtype)
    for label, exact in enumerate(exact_gradients(logits, others)):
        for k in np.flatnonzero(np.abs(exact.high) > 1e-270):
            with mpmath.workdps(120):
                right = truth(logits[k], label, others)
                held = mpmath.mpf(exact.high[k]) + mpmath.mpf(exact.low[k])
                assert abs(held - right) <= abs(right) * mpmath.mpf(10) ** -30


@pytest.mark.parametrize("dtype", default_dtypes())
def test_the_unit_in_the_last_place(dtype: str) -> None:
    exact = exact_gradients(logit_grid(dtype))[0]
    with np.errstate(invalid="ignore"):
        spacing = np.spacing(exact.rounded)
    finite = np.isfinite(spacing)  # NumPy has no answer next to some longdoubles
    assert finite.sum() > 0.9 * finite.size
    assert (exact.unit[finite] == spacing[finite]).all()
    assert (exact.unit > 0).all()


@pytest.mark.parametrize("dtype", DTYPES[:-1])
def test_no_negative_zero_and_signs(dtype: str) -> None:
    zero, one = exact_gradients(np.array([-0.0, 0.0, -60000.0, 60000.0], dtype))
    assert zero.high.tolist() == [0.5, 0.5, 0.0, 1.0]
    assert one.high.tolist() == [-0.5, -0.5, -1.0, 0.0]
    assert not np.signbit(one.high[3])
    assert zero.wrong.tolist() == [False, False, False, True]
    assert one.wrong.tolist() == [False, False, True, False]


def test_huge_logits_are_no_trouble() -> None:
    zero, _ = exact_gradients(np.array([-1e308, 1e308, 5e-324]))
    assert zero.high.tolist() == [0.0, 1.0, 0.5]
