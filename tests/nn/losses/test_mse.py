"""The squared error against 400 digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.nn.losses import LOSSES

if TYPE_CHECKING:
    from mlpcli.nn.sigmoid import FloatArray

LOSS = LOSSES["mse"]
MSE = LOSS.truth
DTYPES = ("float32", "float64")
EPSILON = 1e-7


def exact_values(h: float, y: float) -> tuple[float, float]:
    with mpmath.workdps(400):
        x, t = mpmath.mpf(h), mpmath.mpf(y)
        p, one_minus_p = 1 / (1 + mpmath.exp(-x)), 1 / (1 + mpmath.exp(x))
        residual = (1 - t) * p - t * one_minus_p
        return float(residual**2), float(2 * residual * p * one_minus_p)


def at(h: Any, y: Any, dtype: str = "float64") -> tuple[FloatArray, FloatArray]:
    logits, labels = np.broadcast_arrays(np.asarray(h, dtype), np.asarray(y, dtype))
    return logits.copy(), labels.copy()


@pytest.mark.parametrize("label", [0.0, 1.0, 0.5, 0.125, 0.9])
@pytest.mark.parametrize("dtype", DTYPES)
def test_where_it_is_safe(dtype: str, label: float) -> None:
    h, y = at(np.linspace(-8, 8, 49), label, dtype)
    value, derivative = MSE.value(h, y, EPSILON), MSE.derivative(h, y, EPSILON)
    assert value.dtype == derivative.dtype == h.dtype
    assert value.shape == derivative.shape == h.shape
    exact = [exact_values(x, t) for x, t in zip(h.tolist(), y.tolist(), strict=True)]
    tolerance = (8 if label in {0.0, 1.0} else 3e4) * float(np.finfo(dtype).eps)
    slack = tolerance * 1e-2  # where p = y the derivative has no relative precision
    assert value == pytest.approx([v for v, _ in exact], rel=tolerance, abs=slack)
    assert derivative == pytest.approx([d for _, d in exact], rel=tolerance, abs=slack)


@pytest.mark.parametrize("dtype", DTYPES)
def test_training_never_sees_a_warning(dtype: str) -> None:
    for label in (0.0, 0.3, 1.0):
        h, y = at([-1e30, -800, -90, -20, 0, 20, 90, 800, 1e30], label, dtype)
        assert np.isfinite(LOSS.value(h, y)).all()
        assert np.isfinite(MSE.derivative(h, y, EPSILON)).all()


@given(h=st.floats(-6, 6), y=st.floats(0, 1))
def test_the_derivative_is_the_slope_of_the_loss(h: float, y: float) -> None:
    step = 1e-5
    low, high = LOSS.value(*at([h - step, h + step], y))
    slope = MSE.derivative(*at([h], y), 1e-13)[0]
    assert slope == pytest.approx((high - low) / (2 * step), abs=1e-8)


@given(h=st.floats(-15, 15), y=st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_classes_may_be_swapped(h: float, y: float) -> None:
    there = MSE.derivative(*at([h], y), EPSILON)[0]
    back = MSE.derivative(*at([-h], 1 - y), EPSILON)[0]
    assert there == pytest.approx(-back, rel=1e-8, abs=1e-14)


def test_labels_and_logits_stay_as_they_are() -> None:
    h, y = at([-2.0, 3.0], [0.0, 1.0])
    MSE.value(h, y, EPSILON), MSE.derivative(h, y, EPSILON)
    assert (h.tolist(), y.tolist()) == ([-2, 3], [0, 1])


def test_it_has_no_half() -> None:
    h, y = at([0.0], 0.0)
    assert MSE.value(h, y, 0.0).tolist() == [0.25]
    assert MSE.derivative(h, y, 0.0).tolist() == [2 * 0.5 * 0.25]


def test_it_has_one_form_whatever_name_is_asked_for() -> None:
    assert LOSS.form("naive") is LOSS.form("mse") is MSE
    assert not LOSS.canonical


def test_the_outputs_slope_is_a_factor() -> None:
    h, y = at([-2.0, 0.5, 3.0], [0.0, 1.0, 0.25])
    z = 1 / (1 + np.exp(-h))
    for slope, expected in (
        (z * (1 - z), MSE.derivative(h, y, 0.0)),
        (np.ones_like(h), 2 * (z - y)),
    ):
        bent = LOSS.with_output_slope(h, y, slope)
        assert bent is not None
        np.testing.assert_allclose(bent, expected, rtol=1e-14)


def test_what_a_textbook_may_lose_to_cancellation() -> None:
    """It has z - y wrong by u (z + y) and s = z (1 - z) by u z: their products, without u."""
    rng = np.random.default_rng(0)
    h, omega = rng.normal(0, 3, (8, 2)), rng.uniform(0.5, 2, (8, 2))
    y = rng.integers(0, 2, (8, 2)).astype(float)
    z = 1 / (1 + np.exp(-h))
    lost = LOSS.start(h, y, omega, np.abs(h), 4)[2]
    expected = 2 * omega * (z * (1 - z) * (z + y) + np.abs(z - y) * z)
    np.testing.assert_allclose(lost, expected, rtol=1e-12)
