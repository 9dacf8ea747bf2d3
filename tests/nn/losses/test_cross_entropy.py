"""Softmax with cross-entropy against 60 digits: both tails, every form, the change, the bounds."""

from __future__ import annotations

from typing import Any

import autograd.numpy as anp
import mpmath
import numpy as np
import pytest
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st

from loss_changes import change_between
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.losses.cross_entropy import softmax, softmax_pair

LOSS = LOSSES["cross_entropy"]
U = 2.0**-53
ROWS = np.array([[0.0, 0, 0], [1, -2, 3], [40, 0, -40], [-700, 700, 0], [1e-9, 0, -1e-9]])


def labels(rows: int, outputs: int, soft: bool) -> Any:
    rng = np.random.default_rng(1)
    if soft:
        return rng.dirichlet(np.ones(outputs), rows)
    return np.eye(outputs)[rng.integers(0, outputs, rows)]


def exactly(h: Any, y: Any) -> Any:
    """The loss of one row in 60 digits."""
    return sum(
        mpmath.mpf(float(w)) * mpmath.log(sum(mpmath.exp(x - c) for x in h))
        for w, c in zip(y, h, strict=True)
    )


def exact_p(h: Any) -> list[Any]:
    e = [mpmath.exp(mpmath.mpf(float(x))) for x in h]
    return [x / sum(e) for x in e]


def test_p_and_q_keep_their_relative_precision() -> None:
    p, q = softmax_pair(ROWS)
    with mpmath.workdps(400):
        for row, got_p, got_q in zip(ROWS, p, q, strict=True):
            for want, a, b in zip(exact_p(row), got_p, got_q, strict=True):
                assert a == pytest.approx(float(want), rel=1e-14, abs=1e-300)
                assert b == pytest.approx(float(1 - want), rel=1e-14, abs=1e-300)
    np.testing.assert_allclose(softmax(ROWS).sum(axis=1), 1, rtol=1e-15)


@pytest.mark.parametrize("soft", [False, True])
def test_value_and_derivative(soft: bool) -> None:
    y = labels(5, 3, soft)
    value, derivative = LOSS.value(ROWS, y).sum(axis=1), LOSS.truth.derivative(ROWS, y, 0.0)
    with mpmath.workdps(400):
        for h, t, got, slopes in zip(ROWS, y, value, derivative, strict=True):
            h_ = [mpmath.mpf(float(x)) for x in h]
            assert got == pytest.approx(float(exactly(h_, t)), rel=1e-14, abs=1e-300)
            for p, label, slope in zip(exact_p(h), t, slopes, strict=True):
                size = float((1 - label) * p + label * (1 - p))
                assert abs(slope - float(p - mpmath.mpf(float(label)))) <= 1e-14 * size + 1e-300


def test_two_labels_are_binary_cross_entropy() -> None:
    h, y = np.linspace(-30, 30, 41)[:, None], np.round(np.random.default_rng(0).random((41, 1)))
    both = np.hstack([np.zeros_like(h), h])
    value = LOSS.value(both, np.hstack([1 - y, y])).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(value, LOSSES["bce"].value(h, y), rtol=1e-13)
    slope = LOSS.truth.derivative(both, np.hstack([1 - y, y]), 0.0)[:, 1:]
    np.testing.assert_allclose(slope, LOSSES["bce"].truth.derivative(h, y, 0.0), rtol=1e-13)


@given(st.integers(2, 6), st.integers(0, 1000), st.booleans())
def test_derivative_is_that_of_autograd(outputs: int, seed: int, soft: bool) -> None:
    rng = np.random.default_rng(seed)
    h, y = rng.normal(0, 3, (4, outputs)), labels(4, outputs, soft)

    def total(h: Any) -> Any:
        lse = anp.log(anp.sum(anp.exp(h), axis=1, keepdims=True))
        return anp.sum(y * (lse - h))

    for form in ("naive", "fused", "stable"):
        derivative = LOSS.forms[form].derivative(h, y, 0.0)
        assert LOSS.forms[form].value(h, y, 0.0).sum() == pytest.approx(total(h), rel=1e-11)
        np.testing.assert_allclose(derivative, grad(total)(h), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize(
    ("form", "of_p"),
    [
        ("epsilon", lambda p, e: anp.log(p + e)),
        ("clamped-loss", lambda p, e: anp.log(anp.clip(p, e, 1 - e))),
    ],
)
def test_what_an_epsilon_in_the_loss_makes_of_its_derivative(
    form: str, of_p: Any, soft: bool
) -> None:
    h, y, epsilon = np.random.default_rng(2).normal(0, 4, (20, 3)), labels(20, 3, soft), 0.05

    def total(h: Any) -> Any:
        p = anp.exp(h) / anp.sum(anp.exp(h), axis=1, keepdims=True)
        return -anp.sum(y * of_p(p, epsilon))

    assert ((softmax(h) < epsilon).any(axis=1) & (softmax(h) > 1 - epsilon).any(axis=1)).any()
    own = (LOSS.forms | LOSS.wild)[form]  # type: ignore[operator]  # mappings that cannot be written
    np.testing.assert_allclose(own.derivative(h, y, epsilon), grad(total)(h), rtol=1e-9, atol=1e-13)
    assert own.value(h, y, epsilon).sum() == pytest.approx(total(h), rel=1e-11)


def test_a_clamped_denominator_takes_the_share_that_it_clamps() -> None:
    """Where the label is hard the whole row is p_c / clip(p_c) times p - y."""
    h, y, epsilon = np.random.default_rng(2).normal(0, 4, (20, 3)), labels(20, 3, soft=False), 0.05
    p = softmax(h)
    own = (p * y).sum(axis=1, keepdims=True)
    share = own / np.clip(own, epsilon, 1 - epsilon)
    assert (share < 1).any()
    assert (share > 1).any()
    got = LOSS.forms["clamped"].derivative(h, y, epsilon)
    np.testing.assert_allclose(got, share * (p - y), rtol=1e-9, atol=1e-15)


def test_the_derivative_by_the_output_is_that_of_the_logarithm() -> None:
    h, y = np.random.default_rng(2).normal(0, 4, (9, 3)), labels(9, 3, soft=True)
    np.testing.assert_allclose(LOSS.by_output(h, y) * softmax(h), -y, rtol=1e-14)


@pytest.mark.parametrize(("dtype", "edge"), [("float32", 88.7229), ("float64", 709.783)])
def test_where_each_form_breaks(dtype: str, edge: float) -> None:
    """The naive form overflows at the largest exponent, and at 0/0 as soon as a p is 0."""
    y = np.array([[0, 1, 0]], dtype)
    for h, fine in ((edge - 0.01, True), (edge + 0.01, False)):
        row = np.array([[h, h - 1, h - 2]], dtype) if not fine else np.array([[h, h, h - 1]], dtype)
        row = row - (0 if not fine else np.log(4).astype(dtype))
        with np.errstate(all="ignore"):
            naive = LOSS.forms["naive"].derivative(row, y, 0.0)
        assert np.isfinite(naive).all() == fine
        assert np.isfinite(LOSS.truth.derivative(row, y, 0.0)).all()
    with np.errstate(all="ignore"):
        vanished = np.array([[0, -2 * edge, 0]], dtype)
        assert np.isnan(LOSS.forms["naive"].derivative(vanished, 1 - y, 0.0)).any()
        wrong = np.array([[40, 0, 0]], dtype)  # y is the second label: almost all gradient is lost
        epsilon = LOSS.forms["epsilon"].derivative(wrong, y, 1e-7)
        clamped = LOSS.forms["clamped"].derivative(wrong, y, 1e-7)
    assert abs(epsilon).max() < 1e-8
    assert abs(clamped).max() < 1e-8
    assert LOSS.truth.derivative(wrong, y, 0.0)[0, 0] == pytest.approx(1)


@pytest.mark.parametrize("soft", [False, True])
def test_value_of_any_by_a_complex_step(soft: bool) -> None:
    y = labels(5, 3, soft)
    with np.errstate(under="ignore"):
        for k in range(3):
            step = np.zeros((5, 3), complex)
            step[:, k] = 1e-30j
            slope = LOSS.value_of_any(ROWS + step, y).imag.sum(axis=1) / 1e-30
            want = LOSS.truth.derivative(ROWS, y, 0.0)[:, k]
            np.testing.assert_allclose(slope, want, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize(("size", "small"), [(1e-9, True), (1e-9, False), (0.3, False)])
def test_change_of_all_logits_and_of_one(soft: bool, size: float, small: bool) -> None:
    rng = np.random.default_rng(2)
    h, y, omega = rng.normal(0, 4, (6, 3)), labels(6, 3, soft), rng.uniform(0.5, 2, (6, 1))
    change = change_between(LOSS, h, y, omega, small=small)
    D = rng.uniform(-size, size, (3, 2, 4, 6))
    got = change(D / 2, slice(None), slice(0, 6))
    one = change(D[1:2] / 2, slice(1, 2), slice(0, 6))
    with mpmath.workdps(60):
        for b in range(4):
            alone = D[:, :, b].copy()
            alone[[0, 2]] = 0
            for moved, found in ((D[:, :, b], got[b]), (alone, one[b])):
                exact = mpmath.mpf(0)
                for r in range(6):
                    at = []
                    for move in (moved[:, 0, r], moved[:, 1, r]):
                        displaced = [mpmath.mpf(x) for x in h[r]]
                        displaced = [
                            x + mpmath.mpf(d) for x, d in zip(displaced, move, strict=True)
                        ]
                        at.append(exactly(displaced, y[r]))
                    exact += mpmath.mpf(omega[r, 0]) * (at[0] - at[1])
                scale = float(np.abs(omega).sum() * np.abs(moved).max())
                assert abs(found - float(exact)) <= 1e-14 * scale


def test_start_bounds_the_derivative_and_its_rounding() -> None:
    rng = np.random.default_rng(3)
    h, y = rng.normal(0, 6, (50, 4)), labels(50, 4, soft=False)
    e = np.abs(h)
    m, r, cancelled = LOSS.start(h, y, np.ones((1, 1)), e, 3)
    right = LOSS.truth.derivative(h, y, 0.0)
    assert (np.abs(right) <= m * (1 + 1e-12)).all()
    moved = LOSS.truth.derivative(h * (1 + 2 * U * rng.choice([-1, 1], h.shape)), y, 0.0)
    assert (np.abs(moved - right) <= 4 * U * r).all()
    assert (np.abs(LOSS.textbook(h, y) - right) <= 4 * U * (r + cancelled)).all()


def test_rows_of_labels_sum_to_one() -> None:
    assert LOSS.labels_at_fault(labels(4, 3, soft=True)) is None
    assert "sum to 1, got one of sum 1.5" in str(LOSS.labels_at_fault(np.array([[1, 0.5]])))
    assert "from 0 to 1" in str(LOSS.labels_at_fault(np.array([[1.5, -0.5]])))


def test_class_weights_are_those_of_the_label() -> None:
    omega = LOSS.class_omega(np.array([1.0, 2.0, 4.0]), np.array([[0, 0, 1.0], [0.5, 0.5, 0]]))
    assert omega.tolist() == [[4.0], [1.5]]


def test_the_rank_is_p_where_p_can_tell_and_the_odds_where_it_cannot() -> None:
    p, q = softmax_pair(ROWS)
    held = (p > 1e-307) & (q > 2.0**-26)
    rank = LOSS.rank(ROWS)
    assert (rank[held] == p[held]).all()
    assert (~held).sum() == 3
    with mpmath.workdps(700):
        for row, got, by_p in zip(ROWS, rank, held, strict=True):
            odds = [float(mpmath.log(want / (1 - want))) for want in exact_p(row)]
            assert got[~by_p].tolist() == pytest.approx(np.array(odds)[~by_p].tolist(), rel=1e-14)


def test_rows_in_order_of_a_logit_are_in_order_of_its_rank() -> None:
    h = np.zeros((4000, 3))
    h[:, 0] = np.linspace(-1000, 1000, 4000)
    assert (np.diff(LOSS.rank(h)[:, 0]) > 0).all()
    assert np.isfinite(LOSS.rank(h)).all()
