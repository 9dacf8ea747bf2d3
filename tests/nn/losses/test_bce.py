"""Every form of cross-entropy against 400 digits: where it is right, where it breaks."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.nn.losses import BCE_FORMS, LOSSES, Form
from mlpcli.nn.objective import Objective

if TYPE_CHECKING:
    from mlpcli.nn.sigmoid import FloatArray

FORMS = [pytest.param(form, id=form.name) for form in BCE_FORMS.values()]
DTYPES = ("float32", "float64")
EPSILON = 1e-7
ROUNDS_TO_ONE = {"float32": 16.6356, "float64": 36.7369}


def exact_values(form: Form, h: float, y: float) -> tuple[float, float]:
    """Return what the form means with exact arithmetic: its value and its derivative."""
    with mpmath.workdps(400):
        x, t, e = mpmath.mpf(h), mpmath.mpf(y), mpmath.mpf(EPSILON)
        p, one_minus_p = 1 / (1 + mpmath.exp(-x)), 1 / (1 + mpmath.exp(x))
        residual = (1 - t) * p - t * one_minus_p
        q, r, derivative = p, one_minus_p, residual
        if form.name == "epsilon":
            q, r = p + e, one_minus_p + e
            derivative = residual / (p * one_minus_p + e) * p * one_minus_p
        if form.name == "clamped":
            q = min(max(p, e), 1 - e)
            r = 1 - q
            derivative = (q - t) / (q * r) * p * one_minus_p
        return float(-t * mpmath.log(q) - (1 - t) * mpmath.log(r)), float(derivative)


def at(h: Any, y: Any, dtype: str = "float64") -> tuple[FloatArray, FloatArray]:
    logits, labels = np.broadcast_arrays(np.asarray(h, dtype), np.asarray(y, dtype))
    return logits.copy(), labels.copy()


def objective(name: str) -> Objective:
    return Objective(LOSSES["bce"], BCE_FORMS[name], EPSILON)


def test_the_registry_holds_each_form_under_its_name() -> None:
    assert list(BCE_FORMS) == ["naive", "epsilon", "clamped", "fused", "stable"]
    assert all(form.name == name for name, form in BCE_FORMS.items())


@pytest.mark.parametrize("label", [0.0, 1.0, 0.5, 0.125, 0.9])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_where_it_is_safe(form: Form, dtype: str, label: float) -> None:
    h, y = at(np.linspace(-8, 8, 49), label, dtype)
    value, derivative = form.value(h, y, EPSILON), form.derivative(h, y, EPSILON)
    assert value.dtype == derivative.dtype == h.dtype
    assert value.shape == derivative.shape == h.shape
    exact = [exact_values(form, x, t) for x, t in zip(h.tolist(), y.tolist(), strict=True)]
    # 1 - p at p = 0.9997 costs log2(1/(1-p)) bits, 2^11.5, in all but the stable form
    scale = 8 if form.name == "stable" and label in {0.0, 1.0} else 3e4
    tolerance = scale * float(np.finfo(dtype).eps)
    slack = tolerance * 1e-2  # where p = y the derivative has no relative precision
    assert value == pytest.approx([v for v, _ in exact], rel=tolerance, abs=slack)
    assert derivative == pytest.approx([d for _, d in exact], rel=tolerance, abs=slack)


@pytest.mark.parametrize("label", [0.0, 1.0])
@pytest.mark.parametrize(("dtype", "limit", "ulps"), [("float64", 745.0, 2.0),
                                                      ("float32", 103.0, 3.0)])  # fmt: skip
def test_stable_keeps_its_precision_in_both_tails(
    dtype: str, limit: float, ulps: float, label: float
) -> None:
    rng = np.random.default_rng(3)
    drawn = np.concatenate([rng.uniform(-limit, limit, 400), rng.normal(0, 5, 200)])
    h, y = at([*drawn, 0.0, limit, -limit], label, dtype)
    stable = BCE_FORMS["stable"]
    for got, which in ((stable.value(h, y, 0.0), 0), (stable.derivative(h, y, 0.0), 1)):
        exact = np.array([exact_values(stable, x, label)[which] for x in h.tolist()])
        unit = np.spacing(np.abs(exact.astype(dtype))).astype(np.float64)
        error = np.abs(got.astype(np.float64) - exact) / unit
        assert error.max() <= ulps + 0.5  # the exact value is itself rounded to float64
    if dtype == "float64":
        assert stable.derivative(*at(745.0, 1.0), 0.0) == -5e-324


@pytest.mark.parametrize("label", [0.0, 1.0])
@pytest.mark.parametrize("dtype", DTYPES)
def test_naive_is_nan_from_where_p_rounds_to_one(dtype: str, label: float) -> None:
    naive = objective("naive")
    edge = ROUNDS_TO_ONE[dtype]
    before, after = naive.derivative(*at([edge - 1e-3, edge + 1e-3], label, dtype))
    assert np.isfinite(before)
    assert np.isnan(after)
    assert np.isfinite(naive.loss.value(*at([edge + 1e-3, 700], label, dtype))).all()


@pytest.mark.parametrize(("dtype", "edge"), [("float32", -88.7229), ("float64", -709.783)])
def test_naive_is_nan_from_where_p_rounds_to_zero(dtype: str, edge: float) -> None:
    naive = objective("naive")
    before, after = naive.derivative(*at([edge * 0.999, edge * 1.001], 0.0, dtype))
    assert np.isfinite(before)
    assert np.isnan(after)


def test_what_epsilon_and_clamping_cost_in_wrong_side_saturation() -> None:
    h, y = at(17.0, 0.0)
    right = BCE_FORMS["stable"].derivative(h, y, EPSILON)
    epsilon, clamped = (
        1 - BCE_FORMS[name].derivative(h, y, EPSILON) / right for name in ("epsilon", "clamped")
    )
    assert epsilon == pytest.approx(0.71, abs=0.005)
    assert clamped == pytest.approx(0.59, abs=0.005)
    assert BCE_FORMS["naive"].derivative(h, y, EPSILON) == pytest.approx(float(right), rel=1e-8)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["epsilon", "clamped"])
def test_epsilon_and_clamped_stay_finite_and_die(name: str, dtype: str) -> None:
    form = objective(name)
    for label in (0.0, 1.0):
        assert np.isfinite(form.derivative(*at(np.linspace(-1e4, 1e4, 2001), label, dtype))).all()
    assert form.derivative(*at(800.0, 0.0, dtype)) == 0  # where the truth is 1


def test_fused_loses_the_right_side_tail() -> None:
    h, y = at(40.0, 1.0)
    assert BCE_FORMS["fused"].derivative(h, y, EPSILON) == 0
    assert BCE_FORMS["stable"].derivative(h, y, EPSILON) == -np.exp(-40.0)
    wrong_side = BCE_FORMS["fused"].derivative(*at([40.0, 800.0], 0.0), EPSILON)
    assert wrong_side.tolist() == [1, 1]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_training_never_sees_a_warning(form: Form, dtype: str) -> None:
    chosen = objective(form.name)
    for label in (0.0, 0.3, 1.0):
        h, y = at([-1e30, -800, -90, -20, 0, 20, 90, 800, 1e30], label, dtype)
        assert np.isfinite(chosen.loss.value(h, y)).all()
        chosen.derivative(h, y)


@pytest.mark.parametrize("form", FORMS)
@given(h=st.floats(-6, 6), y=st.floats(0, 1))
def test_the_derivative_is_the_slope_of_the_loss(form: Form, h: float, y: float) -> None:
    step = 1e-5
    low, high = LOSSES["bce"].value(*at([h - step, h + step], y))
    slope = form.derivative(*at([h], y), 1e-13)[0]
    assert slope == pytest.approx((high - low) / (2 * step), abs=1e-8)


@pytest.mark.parametrize("form", FORMS)
@given(h=st.floats(-15, 15), y=st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_classes_may_be_swapped(form: Form, h: float, y: float) -> None:
    there = form.derivative(*at([h], y), EPSILON)[0]
    back = form.derivative(*at([-h], 1 - y), EPSILON)[0]
    assert there == pytest.approx(-back, rel=1e-8, abs=1e-14)


def test_labels_and_logits_stay_as_they_are() -> None:
    for form in BCE_FORMS.values():
        h, y = at([-2.0, 3.0], [0.0, 1.0])
        form.value(h, y, EPSILON), form.derivative(h, y, EPSILON)
        assert (h.tolist(), y.tolist()) == ([-2, 3], [0, 1])


def test_the_truth_is_the_stable_form_and_a_name_chooses_among_five() -> None:
    loss = LOSSES["bce"]
    assert loss.truth is BCE_FORMS["stable"]
    assert all(loss.form(name) is form for name, form in BCE_FORMS.items())
    assert loss.canonical


def test_wild_forms_of_other_names_are_those_of_the_libraries_and_two_losses_differentiated() -> (
    None
):
    loss = LOSSES["bce"]
    assert not set(loss.wild) & set(loss.forms)
    for (name, rule), label in product(
        (("epsilon-loss", "epsilon"), ("clamped-loss", "clamped")), (0.0, 0.3, 1.0)
    ):
        h, y = at([-30.0, -3.0, 0.5, 4.0, 30.0], label)
        for x, got in zip(h, loss.wild[name].derivative(h, y, 1e-3), strict=True):
            step = 1e-5
            low, high = BCE_FORMS[rule].value(*at([x - step, x + step], label), 1e-3)
            assert got == pytest.approx((high - low) / (2 * step), rel=1e-6, abs=1e-9)
