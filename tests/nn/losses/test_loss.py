"""What every loss of the registry owes: a new one is tested by being registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import pytest

from loss_changes import change_between
from mlpcli.nn.losses import LOSSES, OTHER_OUTPUTS
from mlpcli.nn.losses.loss import residual, weighted_sum

if TYPE_CHECKING:
    from mlpcli.nn.losses import Loss
    from mlpcli.nn.sigmoid import FloatArray

EXACT: dict[str, Any] = {
    "bce": lambda h, y: (
        (1 - y) * mpmath.log(1 + mpmath.exp(h)) + y * mpmath.log(1 + mpmath.exp(-h))
    ),
    "mse": lambda h, y: (1 / (1 + mpmath.exp(-h)) - y) ** 2,
}
U = 2.0**-53
SEPARABLE = {name: loss for name, loss in LOSSES.items() if loss.separable}  # the others by rows
every_loss = pytest.mark.parametrize("loss", SEPARABLE.values(), ids=lambda loss: loss.name)
labels = pytest.mark.parametrize("soft", [False, True])


def cells(soft: bool, rows: int = 40, outputs: int = 3, scale: float = 5.0) -> Any:
    """Return h, y and omega (N x n_L)."""
    rng = np.random.default_rng(5)
    y = rng.random((rows, outputs))
    h = rng.normal(0, scale, (rows, outputs))
    edges = [[-40, 40, 0], [30, -30, 1e-9], [-20, 20, -1e-9]]
    h[:3] = np.array(edges)[:, :outputs]
    return h, y if soft else np.round(y), rng.uniform(0.2, 2, (rows, outputs))


def exactly(loss: Loss, h: Any, y: Any) -> Any:
    """Return l(h, y), which the tests spell out for each loss, of exact numbers."""
    return EXACT[loss.name](h, mpmath.mpf(float(y)))


def slope(loss: Loss, h: float, y: float) -> float:
    with mpmath.workdps(80):
        return float(mpmath.diff(lambda x: exactly(loss, x, y), mpmath.mpf(h)))


def test_registry() -> None:
    assert list(SEPARABLE) == list(EXACT)
    for name, loss in LOSSES.items():
        assert loss.name == name
        assert loss.truth is loss.forms[loss.truth.name]
        assert all(form.name == key for key, form in {**loss.forms, **loss.wild}.items())
        assert all(loss.form(key) is form for key, form in loss.forms.items())


@labels
@every_loss
def test_value_and_derivative(loss: Loss, soft: bool) -> None:
    h, y, _ = cells(soft)
    with mpmath.workdps(80):
        value = [
            float(exactly(loss, mpmath.mpf(a), b)) for a, b in zip(h.flat, y.flat, strict=True)
        ]
    np.testing.assert_allclose(loss.value(h, y).ravel(), value, rtol=1e-13, atol=1e-17)
    exact = np.array([slope(loss, a, b) for a, b in zip(h.flat, y.flat, strict=True)])
    got = loss.truth.derivative(h, y, 0.0).ravel()
    np.testing.assert_allclose(got, exact, rtol=1e-12 if soft else 1e-14, atol=1e-15 * soft)
    textbook = loss.textbook(h, y).ravel()
    np.testing.assert_allclose(textbook, exact, rtol=1e-6, atol=8 * U)


@every_loss
def test_textbook_cancels(loss: Loss) -> None:
    h, y = np.array([[40.0]]), np.array([[1.0]])
    assert loss.textbook(h, y) == 0
    assert loss.truth.derivative(h, y, 0.0) != 0


@labels
@every_loss
def test_value_of_any_by_complex_step(loss: Loss, soft: bool) -> None:
    h, y, _ = cells(soft)
    np.testing.assert_allclose(loss.value_of_any(h, y), loss.value(h, y), rtol=1e-13, atol=1e-17)
    moved = loss.value_of_any(h + 1e-30j, y)
    np.testing.assert_allclose(moved.real, loss.value(h, y), rtol=1e-15, atol=4 * U)
    derivative = loss.truth.derivative(h, y, 0.0)
    np.testing.assert_allclose(moved.imag / 1e-30, derivative, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("size", "small"), [(2.0**-27, True), (2.0**-27, False), (1.5, False)])
@labels
@every_loss
def test_change_equals_the_difference_of_two_losses(
    loss: Loss, soft: bool, size: float, small: bool
) -> None:
    h, y, omega = cells(soft, rows=6, outputs=2)
    rng = np.random.default_rng(1)
    half = size / 2 * rng.uniform(0.2, 1, (2, 2, 4, 6))  # outputs, signs, probes, rows
    half *= rng.choice([-1, 1], (2, 1, 4, 6))
    half[:, 1] *= -1
    change = change_between(loss, h, y, omega, small=small)
    for outputs, rows in ((slice(None), slice(None)), (slice(1, 2), slice(2, 5))):
        part = half[outputs][..., rows]
        got = change(part.copy(), outputs, rows)
        exact, terms = _differences(
            loss, h[rows, outputs], y[rows, outputs], omega[rows, outputs], part
        )
        # the sum over cells may cancel, its terms do not
        assert (np.abs(got - exact) <= 1e-14 * terms).all()
        assert (terms > 0).all()


@pytest.mark.parametrize(("size", "small"), [(2.0**-27, True), (2.0**-27, False), (1.5, False)])
@labels
@every_loss
def test_change_of_one_cell_keeps_relative_precision(
    loss: Loss, soft: bool, size: float, small: bool
) -> None:
    """Where the labels are hard: a soft one has a least loss, around which two terms cancel."""
    h, y, omega = cells(soft, rows=12, outputs=1)
    half = np.full((1, 2, 1, 1), size / 2) * np.array([1, -0.75])[None, :, None, None]
    change = change_between(loss, h, y, omega, small=small)
    for r in range(len(h)):
        got = change(half.copy(), slice(0, 1), slice(r, r + 1))
        exact, _ = _differences(loss, h[[r]], y[[r]], omega[[r]], half)
        np.testing.assert_allclose(got, exact, rtol=1e-10 if soft else 1e-13)


def _differences(
    loss: Loss, h: FloatArray, y: FloatArray, omega: FloatArray, half: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the change of each probe, and the sum of the absolute values of its terms."""
    exact, terms = np.zeros((2, half.shape[2]))
    with mpmath.workdps(60):
        for probe in range(half.shape[2]):
            found = []
            for r, k in np.ndindex(*h.shape):
                up, down = (
                    exactly(
                        loss, mpmath.mpf(h[r, k]) + 2 * mpmath.mpf(half[k, s, probe, r]), y[r, k]
                    )
                    for s in (0, 1)
                )
                found.append(mpmath.mpf(omega[r, k]) * (up - down))
            exact[probe] = float(mpmath.fsum(found))
            terms[probe] = float(mpmath.fsum(map(abs, found)))
    return exact, terms


@labels
@every_loss
def test_start_bounds_delta_and_the_errors_of_both_ways_to_compute_it(
    loss: Loss, soft: bool
) -> None:
    h, y, omega = cells(soft, rows=120)
    errors = np.full_like(h, 50.0)  # of h, in units of u
    found = loss.start(h, y, omega, errors, 4)
    exact = np.array([slope(loss, a, b) for a, b in zip(h.flat, y.flat, strict=True)])
    exact = exact.reshape(h.shape) * omega
    assert (np.abs(exact) <= found.m * (1 + 1e-12)).all()
    for sign in (-1, 0, 1):
        moved = h + sign * 50 * U
        stable = omega * loss.truth.derivative(moved, y, 0.0)
        assert (np.abs(stable - exact) <= U * found.r * 4).all()
        textbook = omega * loss.textbook(moved, y)
        assert (np.abs(textbook - exact) <= U * (found.r + found.cancelled) * 4).all()


@pytest.mark.parametrize(
    "loss",
    [*LOSSES.values(), *OTHER_OUTPUTS.values()],
    ids=lambda loss: f"{loss.name}-{loss.output}",
)
def test_start_grows_with_the_weight_and_with_the_roundoffs_of_delta(loss: Loss) -> None:
    """m and r are of one omega each, and r has as many m as delta has roundoffs."""
    rng = np.random.default_rng(4)
    h, y = rng.normal(0, 3, (9, 3)), np.eye(3)[rng.integers(0, 3, 9)]
    omega, e = rng.uniform(0.2, 2, (9, 1)), rng.uniform(1, 9, (9, 3))
    once, twice = (loss.start(h, y, k * omega, e, 4) for k in (1, 2))
    for a, b in zip(once, twice, strict=True):
        np.testing.assert_allclose(b, 2 * a, rtol=1e-14)
    np.testing.assert_allclose(loss.start(h, y, omega, e, 5).r - once.r, once.m, rtol=1e-9)


def test_where_labels_are_hard_m_is_delta_itself() -> None:
    h, y, omega = cells(soft=False)
    loss = LOSSES["bce"]
    m = loss.start(h, y, omega, np.ones_like(h), 4).m
    np.testing.assert_allclose(m, np.abs(omega * loss.truth.derivative(h, y, 0.0)), rtol=1e-12)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=lambda loss: loss.name)
def test_logits_of_probabilities_are_finite_and_those_of_the_opposite_opposite(loss: Loss) -> None:
    p = np.array([0.0, 5e-324, 1e-3, 0.5, 1.0])
    h = loss.link(p)
    assert np.isfinite(h).all()
    assert (np.diff(h) >= 0).all()
    if loss.separable:
        assert (h[0], h[3]) == (-h[-1], 0.0)
        np.testing.assert_allclose(loss.predict(h), p, atol=1e-300)


def test_residual_and_weighted_sum() -> None:
    h, y, _ = cells(soft=True)
    np.testing.assert_allclose(residual(h, y), 1 / (1 + np.exp(-h)) - y, rtol=1e-9, atol=1e-15)
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(2, 5, 7)), rng.normal(size=(2, 7))
    np.testing.assert_allclose(weighted_sum(x, weight), np.einsum("kpr,kr->p", x, weight))


@pytest.mark.parametrize("loss", LOSSES.values(), ids=lambda loss: loss.name)
def test_rows_are_ranked_as_their_outputs_are(loss: Loss) -> None:
    h = np.random.default_rng(2).normal(0, 5, (50, 3))
    z, rank = loss.predict(h), loss.rank(h)
    assert rank.shape == h.shape
    for column in range(3):
        order = np.argsort(rank[:, column])
        assert (np.diff(z[order, column]) >= 0).all()


@labels
@every_loss
def test_the_derivative_by_the_output_times_its_slope_is_that_by_the_logit(
    loss: Loss, soft: bool
) -> None:
    h, y, _ = cells(soft)
    through = loss.by_output(h, y) * loss.output_slope(h)
    np.testing.assert_allclose(through, loss.truth.derivative(h, y, 0.0), rtol=1e-12)


@every_loss
def test_labels_of_cells_lie_from_0_to_1(loss: Loss) -> None:
    assert loss.labels_at_fault(np.array([[0.0, 1.0], [0.5, 1.0]])) is None
    for wrong in (-0.5, 1.5):
        assert f"got {min(wrong, 0.0)} to {max(wrong, 1.0)}" in str(
            loss.labels_at_fault(np.array([[0.0, 1.0], [wrong, 1.0]]))
        )


@every_loss
def test_drawn_labels_are_0_and_1_both_in_each_column(loss: Loss) -> None:
    rng = np.random.default_rng(0)
    for rows in (2, 3, 9):
        y = loss.drawn_labels(rng, rows, 50)
        assert y.shape == (rows, 50)
        assert {*y.flat} == {0.0, 1.0}
        assert (y.min(axis=0) < y.max(axis=0)).all()
    one = np.concatenate([loss.drawn_labels(rng, 1, 50) for _ in range(9)])
    assert {*one.flat} == {0.0, 1.0}
