"""The squared error of a linear output, against its closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from loss_changes import change_between
from mlpcli.nn.losses import LOSSES, loss_by

LOSS = loss_by("mse", "identity")
RNG = np.random.default_rng(0)
H, Y, OMEGA = RNG.normal(0, 3, (8, 2)), RNG.normal(0, 3, (8, 2)), RNG.uniform(0.5, 2, (8, 2))


def test_it_is_told_by_its_output() -> None:
    assert loss_by("mse") is LOSSES["mse"] is not LOSS
    assert (LOSS.name, LOSS.output) == ("mse", "identity")


def test_value_derivative_and_complex_step() -> None:
    np.testing.assert_array_equal(LOSS.value(H, Y), (H - Y) ** 2)
    np.testing.assert_array_equal(LOSS.truth.derivative(H, Y, 0.0), 2 * (H - Y))
    slope = LOSS.value_of_any(H + 1e-30j, Y).imag / 1e-30
    np.testing.assert_allclose(slope, 2 * (H - Y), rtol=1e-14)
    assert LOSS.labels_at_fault(Y) is None
    np.testing.assert_array_equal(LOSS.predict(H), H)


@pytest.mark.parametrize("small", [False, True])
def test_change(small: bool) -> None:
    D = RNG.uniform(-0.5, 0.5, (2, 2, 3, 8)) * (2.0**-26 if small else 1)
    change = change_between(LOSS, H, Y, OMEGA, small=small)
    got = change(D / 2, slice(None), slice(0, 8))
    h, y, omega = (a.T[:, None] for a in (H, Y, OMEGA))
    right = omega * (D[:, 0] - D[:, 1]) * (2 * (h - y) + D[:, 0] + D[:, 1])
    np.testing.assert_allclose(got, right.sum(axis=(0, 2)), rtol=1e-12)


def test_start_bounds_the_derivative() -> None:
    m, r, cancelled = LOSS.start(H, Y, OMEGA, np.abs(H), 4)
    assert (np.abs(OMEGA * 2 * (H - Y)) <= m).all()
    assert (r >= m).all()
    assert not cancelled.any()


def test_start_has_the_errors_of_the_logit_and_of_the_label() -> None:
    """delta = 2 omega (h - y): where h is off by e u, and y by its own roundoff, so much is it."""
    e = np.full_like(H, 6.0)
    r = LOSS.start(Y, Y, OMEGA, e, 4).r
    np.testing.assert_allclose(r, 2 * OMEGA * (e + np.abs(Y)), rtol=1e-14)


def test_derivatives_by_the_output_and_as_a_textbook_has_it() -> None:
    np.testing.assert_array_equal(LOSS.by_output(H, Y), 2 * (H - Y))
    np.testing.assert_array_equal(LOSS.textbook(H, Y), 2 * (H - Y))
    np.testing.assert_array_equal(LOSS.with_output_slope(H, Y, OMEGA), 2 * (H - Y) * OMEGA)


def test_drawn_labels_are_numbers_of_deviation_1() -> None:
    y = LOSS.drawn_labels(np.random.default_rng(0), 4000, 2)
    np.testing.assert_allclose(y.std(axis=0), 1, rtol=0.05)
