"""The sigmoid, its complement and softplus against 400 digits, over both tails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.nn.activations import sigmoid, sigmoid_pair, softplus

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.nn.activations import FloatArray

DTYPES = ("float32", "float64")
# |h| beyond which exp(-|h|) is no longer representable, and where it is no longer normal
LARGEST = {"float32": 103.0, "float64": 744.0}
NORMAL = {"float32": 87.3, "float64": 708.3}
# Where SIMD code computes it, exp in float32 is off by up to 2.5 ulp; the quotient adds one.
ULPS = {"float32": 4.0, "float64": 3.0}


def logits(dtype: str, limit: float) -> FloatArray:
    rng = np.random.default_rng(7)
    edges = [0.0, -0.0, 1e-30, -1e-30, 1.0, -1.0, 16.7, -16.7, 36.8, -36.8, limit, -limit]
    drawn = [rng.uniform(-limit, limit, 400), rng.normal(0, 5, 400), rng.normal(0, 1e-4, 100)]
    h = np.concatenate([edges, *drawn])
    assert h.min() == -limit
    assert np.count_nonzero(np.abs(h) < 1) > 100
    return h.astype(dtype)


def exactly(function: Callable[[Any], Any], h: FloatArray) -> list[Any]:
    with mpmath.workdps(400):
        return [function(mpmath.mpf(x)) for x in h.tolist()]


def exact_sigmoid(h: Any) -> Any:
    return 1 / (1 + mpmath.exp(-h))


def error_in_ulps(got: FloatArray, exact: list[Any]) -> float:
    """Return the largest error in units of the last place of the exact value in the dtype."""
    rounded = np.array([float(e) for e in exact]).astype(got.dtype)
    with mpmath.workdps(400):
        return max(
            float(abs(mpmath.mpf(g) - e) / mpmath.mpf(float(unit)))
            for g, e, unit in zip(got.tolist(), exact, np.spacing(np.abs(rounded)), strict=True)
        )


def test_error_in_ulps_sees_one_ulp() -> None:
    third = np.array([1 / 3])
    assert error_in_ulps(third, [mpmath.mpf(1) / 3]) < 0.51
    assert 1.4 < error_in_ulps(np.nextafter(np.nextafter(third, 1), 1), [mpmath.mpf(1) / 3]) < 2.6


@pytest.mark.parametrize("dtype", DTYPES)
def test_sigmoid(dtype: str) -> None:
    h = logits(dtype, LARGEST[dtype])
    got = sigmoid(h)
    assert got.dtype == h.dtype
    assert error_in_ulps(got, exactly(exact_sigmoid, h)) <= ULPS[dtype]


@pytest.mark.parametrize("dtype", DTYPES)
def test_sigmoid_pair(dtype: str) -> None:
    h = logits(dtype, NORMAL[dtype])
    z, complement = sigmoid_pair(h)
    assert z.dtype == complement.dtype == h.dtype
    assert error_in_ulps(z, exactly(exact_sigmoid, h)) <= ULPS[dtype]
    assert error_in_ulps(complement, exactly(exact_sigmoid, -h)) <= ULPS[dtype]


@pytest.mark.parametrize("dtype", DTYPES)
def test_softplus(dtype: str) -> None:
    h = logits(dtype, LARGEST[dtype])
    got = softplus(h)
    assert got.dtype == h.dtype
    exact = exactly(lambda x: mpmath.log(1 + mpmath.exp(x)), h)
    assert error_in_ulps(got, exact) <= ULPS[dtype]


@pytest.mark.parametrize("dtype", DTYPES)
def test_beyond_the_range_of_exp(dtype: str) -> None:
    huge = np.finfo(dtype).max
    h = np.array([-np.inf, -huge, -1e4, 1e4, huge, np.inf], dtype)
    assert sigmoid(h).tolist() == [0, 0, 0, 1, 1, 1]
    assert softplus(h).tolist() == [0, 0, 0, 1e4, huge, np.inf]
    z, complement = sigmoid_pair(h)
    assert z[3:].tolist() == [1, 1, 1]
    # the pair stops at the smallest normal number, whose logarithm is itself rounded
    least = np.finfo(dtype).tiny
    assert z[:3].tolist() == pytest.approx([least] * 3, rel=1e-5 if dtype == "float32" else 1e-13)
    assert complement[:3].tolist() == [1, 1, 1]
    assert complement[3:].tolist() == [0, 0, 0]


@pytest.mark.parametrize("function", [sigmoid, softplus, lambda h: sigmoid_pair(h)[0]])
def test_nan_stays_nan(function: Callable[[FloatArray], FloatArray]) -> None:
    assert np.isnan(function(np.array([np.nan]))).all()


def test_arguments_stay_as_they_are() -> None:
    h = np.array([-3.0, 0.5, 800.0])
    kept = h.copy()
    sigmoid(h), sigmoid_pair(h), softplus(h)
    assert np.array_equal(h, kept)


@given(st.floats(-700, 700), st.floats(0, 50))
def test_sigmoid_never_falls_and_softplus_is_its_integral(a: float, gap: float) -> None:
    low, high = sigmoid(np.array([a, a + gap]))
    assert low <= high
    rise = np.diff(softplus(np.array([a, a + gap])))[0]
    slack = 1e-12 * (1 + abs(a))
    assert gap * low - slack <= rise <= gap * high + slack
