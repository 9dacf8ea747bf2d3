"""The figures that the comparison has to reach, measured against the exact value."""

from __future__ import annotations

import numpy as np
import pytest

from mlpcli.compare.choices import default_dtypes
from mlpcli.compare.summary import summarise
from mlpcli.compare.sweep import Curve, logit_grid, neighbours, sweep
from mlpcli.errors import UsageError
from mlpcli.names import DTYPES
from mlpcli.nn.losses import BCE_FORMS, LOSSES
from mlpcli.nn.sigmoid import probability

FIRST_ONE = {"float16": 7.625, "float32": 16.635532, "float64": 36.7368005696771}
FIRST_ZERO = {"float16": -11.09375, "float32": -88.72284, "float64": -709.782712893384}
FINE = np.concatenate([np.arange(-800, 800.5, 0.5), np.arange(-60, 60, 1 / 128)])
FIRST_BREAK = {"float16": 7.625, "float32": 16.6355324, "float64": 36.7368006}


def curve(form: str, dtype: str, label: int, grid: np.ndarray | None = None) -> Curve:
    return next(c for c in sweep([form], [dtype], 1e-7, grid) if c.label == label)


def test_the_order_of_curves() -> None:
    curves = sweep(tuple(BCE_FORMS), ("float32", "float64"), 1e-7)
    keys = [(c.dtype, c.label, c.form) for c in curves]
    assert keys == [(d, y, f) for d in ("float32", "float64") for y in (0, 1) for f in BCE_FORMS]
    for c in curves:
        assert c.logits.dtype == c.loss.dtype == c.gradient.dtype == c.dtype


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize(("dtype", "first"), FIRST_BREAK.items())
def test_naive_first_breaks_where_p_rounds_to_one(dtype: str, first: float, label: int) -> None:
    summary = summarise(curve("naive", dtype, label))
    assert summary.first_non_finite_logit == pytest.approx(first, rel=1e-7)
    assert summary.loss_first_non_finite_logit == pytest.approx(first, rel=1e-7)


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize(
    ("dtype", "ulps"), [("float16", 2), ("float32", 3), ("float64", 2), ("longdouble", 3)]
)
@pytest.mark.parametrize("grid", [None, FINE], ids=["default", "fine"])
def test_stable_is_right_in_both_tails(
    dtype: str, ulps: float, label: int, grid: np.ndarray | None
) -> None:
    if dtype not in default_dtypes():
        pytest.skip("longdouble is float64 here")
    found = curve("stable", dtype, label, grid)
    assert found.finite.all()
    assert not found.dead.any()
    worst = summarise(found).max_ulp_error
    assert worst is not None
    assert 0.4 < worst <= ulps


@pytest.mark.parametrize("dtype", DTYPES[:-1])
def test_fused_is_right_in_absolute_terms_and_wrong_in_relative_ones(dtype: str) -> None:
    eps = float(np.finfo(dtype).eps)
    for label in (0, 1):
        found = curve("fused", dtype, label, FINE)
        off = np.abs(found.gradient.astype(np.float64) - found.exact.high)
        assert off.max() <= eps
    tail = curve("fused", dtype, 1)
    with np.errstate(over="ignore"):
        gone = probability(tail.logits) == 1
    assert float(tail.logits[gone][0]) == pytest.approx(FIRST_BREAK[dtype], rel=1e-7)
    held = gone & tail.exact.judged
    assert held.sum() > 3
    assert (tail.gradient[gone] == 0).all()
    assert tail.relative_error[held] == pytest.approx(np.ones(held.sum()), rel=1e-15)
    before = ~gone & tail.exact.judged
    assert (tail.relative_error[before] < 1.1).all()
    summary = summarise(tail)
    assert summary.first_dead_logit == pytest.approx(FIRST_BREAK[dtype], rel=1e-7)


def test_what_design_says_of_epsilon_and_clamped() -> None:
    at_17 = np.array([17.0])
    kept = {
        form: float(curve(form, "float64", 0, at_17).gradient[0]) for form in ("epsilon", "clamped")
    }
    assert 1 - kept["epsilon"] == pytest.approx(0.71, abs=0.005)
    assert 1 - kept["clamped"] == pytest.approx(0.59, abs=0.005)
    for form in kept:
        assert summarise(curve(form, "float16", 0)).first_non_finite_logit == 7.625


def test_a_truth_below_the_smallest_float64_is_not_judged() -> None:
    found = curve("stable", "float64", 1, np.array([800.0]))
    assert found.exact.high[0] == 0
    assert found.relative_error[0] == 0
    assert not found.exact.judged[0]


@pytest.mark.skipif("longdouble" not in default_dtypes(), reason="longdouble is float64 here")
def test_a_longdouble_below_the_smallest_float64_has_an_unknown_error() -> None:
    found = curve("stable", "longdouble", 1, np.array([800.0]))
    assert found.gradient[0] != 0
    assert np.isnan(found.relative_error[0])
    assert summarise(found).max_relative_error is None


@pytest.mark.parametrize("dtype", DTYPES[:-1])
def test_the_default_grid_has_the_edges(dtype: str) -> None:
    h = logit_grid(dtype)
    assert (h[0], h[-1]) == (-800, 800)
    assert h.dtype == dtype
    assert (np.diff(h) > 0).all()
    assert h.size < 1300
    with np.errstate(over="ignore"):
        p = probability(h)
    one, zero = h[p == 1].min(), h[p == 0].max()
    assert float(one) == pytest.approx(FIRST_ONE[dtype], rel=1e-7)
    assert float(zero) == pytest.approx(FIRST_ZERO[dtype], rel=1e-7)
    assert np.nextafter(one, h.dtype.type(0)) in h
    assert np.nextafter(zero, h.dtype.type(0)) in h


@pytest.mark.skipif("longdouble" not in default_dtypes(), reason="longdouble is float64 here")
def test_longdouble_has_its_own_edge() -> None:
    h = logit_grid("longdouble")
    assert float(h[probability(h) == 1].min()) == pytest.approx(44.3614, abs=1e-3)


def test_zero_has_no_sign_and_repeats_go() -> None:
    h = logit_grid("float16", np.array([-0.0, 0.0, 1e-9, 0.1, 0.1000001, 1e6]))
    assert h.tolist() == [0.0, float(np.float16(0.1))]
    assert not np.signbit(h[0])


def test_a_dtype_that_can_hold_none_of_them() -> None:
    with pytest.raises(UsageError, match=r"^--logits: float16 can hold none of them; .* 65504$"):
        logit_grid("float16", np.array([7e4, 8e4]))


@pytest.mark.parametrize("gap", [0.0, 1e-6])
def test_neighbours(gap: float) -> None:
    for edge in (1.0, 0.3333, 36.7, 799.999):
        low, high = neighbours(lambda h: h >= edge, np.float64(0), np.float64(800), gap=gap)  # noqa: B023  used at once
        assert low < edge <= high
        assert high == np.nextafter(low, 800) if gap == 0 else high - low <= gap


SOFTMAX = LOSSES["cross_entropy"]
OVERFLOW = {"float16": 11.0859375, "float32": 88.722839, "float64": 709.782712893384}


@pytest.mark.parametrize(("dtype", "first"), OVERFLOW.items())
def test_softmax_without_the_largest_logit_subtracted_overflows(dtype: str, first: float) -> None:
    for form in ("naive", "epsilon", "clamped"):
        found = sweep([form], [dtype], 1e-7, loss=SOFTMAX)[0]
        broken = found.logits[~found.finite]
        assert float(broken[broken > 0][0]) == pytest.approx(first, rel=1e-3)
        with np.errstate(over="ignore"):
            held = found.logits[np.isfinite(np.exp(found.logits))][-1]
        assert float(held) == pytest.approx(first, rel=1e-6)
        assert np.nextafter(held, np.array(np.inf, dtype)) in found.logits


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_naive_softmax_breaks_as_soon_as_any_probability_is_zero(dtype: str) -> None:
    for found in sweep(["naive"], [dtype], 1e-7, loss=SOFTMAX):
        h = found.logits
        with np.errstate(over="ignore", under="ignore"):
            e = np.exp(h)
        assert (e == 0).sum() > 5
        assert not found.finite[e == 0].any()
        assert found.finite[(e > 4 * np.finfo(dtype).tiny) & (h < 88)].all()


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize(("dtype", "ulps"), [("float16", 3), ("float32", 3), ("float64", 3)])
def test_stable_softmax_is_right_in_both_tails(dtype: str, ulps: float, label: int) -> None:
    found = sweep(["stable"], [dtype], 1e-7, loss=SOFTMAX)[label]
    assert found.finite.all()
    assert not (found.dead & found.exact.judged).any()
    worst = summarise(found).max_ulp_error
    assert worst is not None
    assert 0.4 < worst <= ulps


def test_the_losses_of_a_row_are_summed_over_its_labels() -> None:
    h = np.array([-3.0, 0.0, 2.0])
    zero, one = sweep(["stable"], ["float64"], 1e-7, h, SOFTMAX)
    total = np.log(np.exp(h) + 2)
    assert one.loss == pytest.approx(total - h, rel=1e-14)
    assert zero.loss == pytest.approx(total, rel=1e-14)
