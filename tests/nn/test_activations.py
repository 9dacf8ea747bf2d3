"""Every activation, and sigmoid, its complement and softplus, against 400 digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlpcli.nn.activation import shifted
from mlpcli.nn.activations import ACTIVATIONS, LeakyRelu, activation_by
from mlpcli.nn.sigmoid import (
    probability,
    sigmoid,
    sigmoid_of_any,
    sigmoid_pair,
    softplus,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.nn.activation import Activation
    from mlpcli.nn.sigmoid import FloatArray

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
@example(-0.703125, 1e-16)
def test_sigmoid_never_falls_and_softplus_is_its_integral(a: float, gap: float) -> None:
    low, high = sigmoid(np.array([a, a + gap]))
    # Between neighbouring doubles exp itself may fall by a unit in its last place.
    assert low <= high if gap * (1 - high) > 1e-15 else low <= high * (1 + 2.0**-51)
    rise = np.diff(softplus(np.array([a, a + gap])))[0]
    slack = 1e-12 * (1 + abs(a))
    assert gap * low - slack <= rise <= gap * high + slack


@pytest.mark.parametrize(("dtype", "edge"), [("float32", 16.6356), ("float64", 36.7369)])
def test_probability_rounds_to_one(dtype: str, edge: float) -> None:
    before, after = probability(np.array([edge - 1e-3, edge + 1e-3], dtype))
    assert before < 1
    assert after == 1


def test_sigmoid_of_complex_numbers() -> None:
    h = np.array([-700.0, -3.0, 0.0, 0.5, 700.0])
    got = sigmoid_of_any(h + 0.25j)
    with mpmath.workdps(60):
        exact = [complex(exact_sigmoid(mpmath.mpc(x, 0.25))) for x in h]
    np.testing.assert_allclose(got, exact, rtol=1e-14)


EXACT: dict[str, Callable[[Any], Any]] = {
    "sigmoid": exact_sigmoid,
    "tanh": mpmath.tanh,
    "relu": lambda h: max(h, mpmath.mpf(0)),
    "leaky_relu": lambda h: h if h > 0 else mpmath.mpf(0.01) * h,
    "identity": lambda h: h,
}
# Every slope, lean and change follows from these by differentiation, so a new one needs one line.
every_activation = pytest.mark.parametrize("act", [a() for a in ACTIVATIONS.values()], ids=str)
POINTS = np.array([-40.0, -12.0, -3.0, -0.7, -1e-3, 1e-9, 0.4, 2.0, 9.0, 30.0])


def derivative(act: Activation, x: float, order: int) -> float:
    with mpmath.workdps(100):
        return float(mpmath.diff(EXACT[act.name], mpmath.mpf(x), order))


def test_registry_of_activations() -> None:
    assert set(EXACT) == set(ACTIVATIONS)
    assert all(act.name == name for name, act in ACTIVATIONS.items())


@pytest.mark.parametrize("dtype", DTYPES)
@every_activation
def test_value_slope_and_lean(act: Activation, dtype: str) -> None:
    h = POINTS.astype(dtype)
    kept = h.copy()
    z = act.value(h)
    s, lean = act.slope(h, z), act.lean(h, z)
    assert z.dtype == s.dtype == lean.dtype == dtype
    assert z.shape == s.shape == lean.shape == h.shape
    np.testing.assert_array_equal(h, kept)
    unit = float(np.finfo(dtype).eps)
    exact = [float(v) for v in exactly(EXACT[act.name], h)]
    first = np.array([derivative(act, float(x), 1) for x in h])
    second = np.array([derivative(act, float(x), 2) for x in h])
    np.testing.assert_allclose(z, exact, rtol=8 * unit)
    np.testing.assert_allclose(s, first, rtol=8 * unit)
    bent = np.divide(-second, first, out=np.zeros_like(first), where=first != 0)
    np.testing.assert_allclose(lean, bent, rtol=8 * unit, atol=4 * unit)
    np.testing.assert_array_less(s, act.steepest * (1 + 4 * unit))


@every_activation
def test_steepest_is_reached(act: Activation) -> None:
    h = np.linspace(-20, 20, 4001)
    assert act.slope(h, act.value(h)).max() == pytest.approx(act.steepest, rel=1e-9)


@pytest.mark.parametrize("size", [3.0, 0.1, 2.0**-27])
@every_activation
def test_change_is_exact_for_every_displacement(act: Activation, size: float) -> None:
    h, D = (a.ravel() for a in np.meshgrid(POINTS, size * np.array([-1, -0.3, 0.2, 1])))
    if act.jump:  # the branch is frozen, so that a change is right on its own side of the kink
        h, D = h[h * (h + D) > 0], D[h * (h + D) > 0]
    z = act.value(h)
    got = 2 * shifted(act.bend(D / 2), act.slope(h, z), act.lean(h, z))
    with mpmath.workdps(100):
        f = EXACT[act.name]
        pairs = zip(map(mpmath.mpf, h), map(mpmath.mpf, D), strict=True)
        exact = [float(f(x + d) - f(x)) for x, d in pairs]
    np.testing.assert_allclose(got, exact, rtol=1e-13 if size < 1 else 1e-12)


@every_activation
def test_bend_is_the_half_itself_where_it_is_tiny(act: Activation) -> None:
    half = np.array([2.0**-27, -(2.0**-27), 1e-12, 0.0])
    np.testing.assert_allclose(act.bend(half), half, rtol=2e-16)


@every_activation
def test_value_of_any_by_complex_step(act: Activation) -> None:
    z = act.value(POINTS)
    np.testing.assert_allclose(act.value_of_any(POINTS), z, rtol=1e-14)
    moved = act.value_of_any(POINTS + 1e-30j)
    np.testing.assert_allclose(moved.real, z, rtol=1e-14)
    np.testing.assert_allclose(moved.imag / 1e-30, act.slope(POINTS, z), rtol=1e-13)


@pytest.mark.parametrize("act", [a() for a in ACTIVATIONS.values() if a().jump], ids=str)
def test_the_slope_at_a_kink_is_what_people_take_it_for(act: Activation) -> None:
    zero, beside = np.zeros(1), np.array([1.0, -1.0])
    at = [float(kink.slope(zero, zero)[0]) for kink in act.kinks]
    above, below = act.slope(beside, beside)
    assert at == [below, above, (below + above) / 2]
    assert act.jump == above - below
    for kink in act.kinks:
        assert kink.value_of_any(np.array([1e-30j])).imag[0] / 1e-30 == kink.slope(zero, zero)[0]


def test_a_slope_is_taken_where_there_is_one_to_choose() -> None:
    for name in ACTIVATIONS:
        act = activation_by(name, 0.3)
        assert act == (LeakyRelu(0.3) if name == "leaky_relu" else ACTIVATIONS[name]())


@every_activation
def test_error_terms_cover_what_rounding_does(act: Activation) -> None:
    """In units of u, for h off by 50 u: of z, of s, and of the s that a textbook writes."""
    h = np.concatenate([POINTS, np.linspace(-30, 30, 200)])  # none of them at a kink
    u, e = 2.0**-53, 50.0
    exact = np.array([float(v) for v in exactly(EXACT[act.name], h)])
    slope = np.array([derivative(act, float(x), 1) for x in h])
    for sign in (-1, 0, 1):
        moved = h + sign * e * u
        z = act.value(moved)
        assert (
            np.abs(z - exact) <= 4 * u * (slope * e + act.own_error(z)) + 4 * u * np.abs(exact)
        ).all()
        bound = slope * (act.curvature * e + act.roundings)
        assert (np.abs(act.slope(moved, z) - slope) <= 4 * u * bound).all()
        textbook = act.textbook_slope(moved, z)
        assert (np.abs(textbook - slope) <= 4 * u * (bound + act.textbook_error(z))).all()
