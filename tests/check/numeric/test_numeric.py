"""The three methods against 200 digits, autograd, each other, and their own error estimate."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

from check.nets import ACTIVATED, FAMILIES, Family, draw
from check.reference import FUNCTIONS, derivatives, differences
from formulas import FUNCTIONS as TRACED
from mlpcli.check.case import Case, case_from
from mlpcli.check.numeric import methods
from mlpcli.check.numeric.change import Base, base_point
from mlpcli.check.numeric.methods import numeric_gradient
from mlpcli.check.numeric.plain import plain_difference
from mlpcli.check.numeric.probe import first_pass
from mlpcli.check.numeric.small import BLOCK, TINY
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.nn.activations import ACTIVATIONS, activation_by
from mlpcli.nn.network import Network
from mlpcli.ranks import Ranks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.numeric.methods import Method
    from mlpcli.nn.sigmoid import FloatArray


def gradient_by(method: Method, case: Case, *options: Any, **named: Any) -> FloatArray:
    """Return the numeric gradient of J, the penalty's part among it."""
    return numeric_gradient(case, method, *options, **named).values


central_difference = partial(gradient_by, "central")
complex_step = partial(gradient_by, "complex-step")
families = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)


def small(family: Family, seed: int) -> Case:
    case = draw(family, np.random.default_rng(seed), widest=3)
    rows = slice(0, 5)
    omega = None if case.omega is None else case.omega[rows]
    return case_from(
        case.network,
        case.X[rows],
        case.y[rows],
        omega=omega,
        loss=case.objective.loss.name,
        l2=case.objective.l2,
    )


def allowed(case: Case, exact: FloatArray) -> FloatArray:
    return 1e-11 * np.abs(exact) + 4 * 2.0**-53 * rounding_bounds(case).K


def test_plain_is_as_uncertain_as_the_rounding_of_both_losses() -> None:
    """J is a parabola of each parameter, which a difference does not truncate."""
    network = Network((3, 2), True, np.linspace(-1.0, 1.0, 8), activation_by("identity"))
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((5, 3)), 1e3 * rng.standard_normal((5, 2))
    case = case_from(network, X, y, loss="mse", output="identity")
    _, error = plain_difference(first_pass(case))
    eps = float(np.finfo(np.float64).eps)
    largest = np.append(np.abs(X).max(axis=0), 1.0)  # of the bias, 1
    h = case.network.like(np.empty(8))
    for W in h.W:
        W[:] = eps ** (1 / 3) / largest[:-1]
    h.b[0][:] = eps ** (1 / 3)
    rounding = 8 * eps * 2 * case.value() / (2 * h.theta) * (1 + 3**0.5)
    assert (rounding <= error * 1.001).all()
    assert (error <= 1.2 * rounding).all()


class _Three(Ranks):
    """A job of three ranks; their work is done by threads of this process."""

    size = 3

    def __init__(self) -> None:
        self.asked = 0

    def in_order(self, *work: Any, **options: Any) -> Iterator[Any]:
        self.asked += 1
        return super().in_order(*work, **options)


@pytest.mark.parametrize("method", ["central", "plain", "complex-step"])
def test_ranks_share_what_is_worth_it_and_come_to_the_same_bits(
    method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, ranks = draw(FAMILIES[6], np.random.default_rng(1)), _Three()
    alone = numeric_gradient(case, method)
    monkeypatch.setattr(methods, "job", lambda: ranks)
    worth = case.network.theta.size * case.rows
    worth *= 1 if method == "central" else max(case.network.sizes[1:])
    for least, asked in ((worth + 1, 0), (worth, 1)):
        monkeypatch.setattr(methods, "WORTH_RANKS", least)
        counts: list[int] = []
        found = numeric_gradient(case, method, progress=counts.append)
        np.testing.assert_array_equal(found.values, alone.values)
        np.testing.assert_array_equal(found.doubt, alone.doubt)
        assert sum(counts) == case.network.theta.size
        assert ranks.asked == asked


@families
def test_central_and_complex_step_agree_with_200_digits(family: Family) -> None:
    for seed in range(8):
        case = small(family, seed)
        exact = derivatives(case)
        assert np.all(np.abs(exact) > 1e-150)
        for numeric in (central_difference(case), complex_step(case)):
            assert np.all(np.abs(numeric - exact) <= allowed(case, exact))


@pytest.mark.parametrize("family", ACTIVATED, ids=lambda family: family.name)
def test_every_activation_agrees_with_200_digits(family: Family) -> None:
    for seed in range(4):
        case = small(family, seed)
        exact = derivatives(case)
        assert exact.any()
        for numeric in (central_difference(case), complex_step(case)):
            assert np.all(np.abs(numeric - exact) <= allowed(case, exact))
        plain, error = plain_difference(first_pass(case))
        assert np.all(np.abs(plain - exact) <= error)


def test_every_activation_has_its_digits() -> None:
    assert set(FUNCTIONS) == set(ACTIVATIONS) == {f.activation for f in (*FAMILIES, *ACTIVATED)}


def test_central_is_precise_to_its_last_digits() -> None:
    for seed in range(6):
        for family in (FAMILIES[0], FAMILIES[2], FAMILIES[7]):
            case = small(family, seed)
            exact = derivatives(case)
            clear = np.abs(exact) > 400 * 2.0**-53 * rounding_bounds(case).K
            error = np.abs(central_difference(case) - exact) / np.abs(exact)
            assert clear.any()
            assert error[clear].max() < 1e-13


def test_hard_families_are_hard() -> None:
    vanished, saturated = (
        [derivatives(small(FAMILIES[i], seed)) for seed in range(8)] for i in (2, 1)
    )
    assert min(np.abs(g).min() for g in vanished) < 1e-16
    assert min(np.abs(g).min() for g in saturated) < 1e-7
    spread = draw(FAMILIES[3], np.random.default_rng(0)).X
    assert np.abs(spread).max() / np.abs(spread).min() > 1e5


@families
@pytest.mark.parametrize("step", [0.25, 2.0**-12])
def test_central_is_a_difference_and_not_a_derivative(family: Family, step: float) -> None:
    case = small(family, 1)
    numeric = central_difference(case, step=step)
    expected = differences(case, steps_of(case, step))
    assert np.all(np.abs(numeric - expected) <= 1e-12 * np.abs(expected) + allowed(case, expected))
    derivative = derivatives(case)
    assert np.abs(expected / derivative - 1).max() > step**2 / 1000


def steps_of(case: Case, step: float) -> FloatArray:
    """h for each entry of theta: the largest power of two that changes H by `step` at most."""
    gradient = case.network.like(np.empty_like(case.network.theta))
    Z = case.network.forward(case.X).Z
    for i, W in enumerate(gradient.W):
        W[:] = 2.0 ** np.floor(np.log2(step / np.abs(Z[i]).max(axis=0)))
        gradient.b[i][:] = 2.0 ** np.floor(np.log2(step))
    return gradient.theta


@families
def test_plain_knows_its_own_error(family: Family) -> None:
    for seed in range(8):
        case = small(family, seed)
        exact = derivatives(case)
        numeric, error = plain_difference(first_pass(case))
        assert np.all(np.abs(numeric - exact) <= error)
        coarse, error_there = plain_difference(first_pass(case), step=2.0**-6)
        assert np.all(np.abs(coarse - exact) <= error_there)
        if family.name == "ordinary":
            assert np.median(error / np.abs(exact)) < 1e-4
        if family.name == "vanished":
            assert np.max(error / np.abs(exact)) > 1


@families
def test_methods_agree_on_larger_cases(family: Family) -> None:
    for seed in range(3):
        case = draw(family, np.random.default_rng(100 + seed), widest=20)
        central, other = central_difference(case), complex_step(case)
        assert np.all(np.abs(central - other) <= 2 * allowed(case, central))
        numeric, error = plain_difference(first_pass(case))
        assert np.all(np.abs(numeric - central) <= error + allowed(case, central))


@pytest.mark.parametrize("family", FAMILIES + ACTIVATED, ids=lambda family: family.name)
def test_autograd_agrees(family: Family) -> None:
    case = draw(family, np.random.default_rng(7))
    expected = autograd.grad(lambda theta: traced_objective(case, theta))(case.network.theta)
    u_K = 4 * 2.0**-53 * rounding_bounds(case).K_textbook
    error = np.abs(central_difference(case) - expected)
    assert np.all(error <= 1e-9 * np.abs(expected) + u_K)
    assert traced_objective(case, case.network.theta) == pytest.approx(case.value(), rel=1e-12)


def precise(h: Any) -> Any:
    """Return sigma(h) to full relative precision in its tail."""
    return anp.exp(-anp.logaddexp(0, -h))


def traced_objective(case: Case, theta: Any) -> Any:
    f = {**TRACED, "sigmoid": precise}[case.network.activation.name]
    place, z, squares = 0, case.X, 0.0
    for n, m in zip(case.network.sizes[:-1], case.network.sizes[1:], strict=True):
        W = theta[place : place + m * n].reshape(m, n)
        place += m * n
        h = anp.dot(z, W.T) + (theta[place : place + m] if case.network.bias else 0)
        place += m if case.network.bias else 0
        z, squares = f(h), squares + anp.sum(W**2)
    y, omega = case.y, 1.0 if case.omega is None else case.omega
    bce = (1 - y) * anp.logaddexp(0, h) + y * anp.logaddexp(0, -h)
    loss = bce if case.objective.loss.name == "bce" else (precise(h) - y) ** 2
    return anp.sum(omega * loss) / len(y) + case.objective.l2 / 2 * squares


@pytest.mark.parametrize("method", [central_difference, complex_step])
def test_a_sample_is_what_the_whole_is(method: Any) -> None:
    case = draw(FAMILIES[6], np.random.default_rng(3))
    mask = np.random.default_rng(0).uniform(size=case.network.theta.size) < 0.4
    some, whole = method(case, mask), method(case)
    assert 0 < mask.sum() < mask.size
    assert np.array_equal(np.isnan(some), ~mask)
    np.testing.assert_allclose(some[mask], whole[mask], rtol=1e-14, atol=1e-17)


def test_blocks_and_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, rng = (20, 40, 30, 20, 2), np.random.default_rng(0)
    theta = 0.4 * rng.standard_normal(Network.count(sizes, True))
    X, y = rng.standard_normal((700, 20)), np.round(rng.uniform(size=(700, 2)))
    case = case_from(Network(sizes, True, theta), X, y)
    counts: list[int] = []
    large = central_difference(case, progress=counts.append)
    assert sum(counts) == theta.size
    assert len(counts) >= len(sizes[1:])
    monkeypatch.setattr("mlpcli.check.numeric.small.BLOCK", BLOCK // 2**6)
    monkeypatch.setattr("mlpcli.check.numeric.units.WORTH_THREADS", 2**60)
    np.testing.assert_allclose(central_difference(case), large, rtol=1e-11, atol=1e-18)
    np.testing.assert_allclose(large, case.gradient().theta, rtol=1e-9, atol=1e-16)


def at_a_kink(H: float, activation: str = "relu") -> Case:
    """Return a case of one hidden unit with this pre-activation."""
    theta = np.array([0.5, H - 0.5, 2.0, 0.1])
    return case_from(Network((1, 1, 1), True, theta, activation_by(activation)), [[1.0]], [1])


@pytest.mark.parametrize("steps_away", [-1.5, -0.5, 0.5, 1.5])
def test_plain_goes_nearer_where_a_kink_lies_within_its_steps(steps_away: float) -> None:
    """H_1 is so many steps from 0: +-h or +-2h would go over the kink, and an eighth does not."""
    h = np.finfo(np.float64).eps ** (1 / 3)
    case = at_a_kink(steps_away * h)
    exact = case.gradient().theta
    plain, error = plain_difference(first_pass(case))
    assert (np.abs(plain - exact) <= error).all()
    assert error.max() < 1e-4


def test_plain_says_that_it_knows_nothing_at_a_kink() -> None:
    _, error = plain_difference(first_pass(at_a_kink(1e-12)))
    assert np.isinf(error).tolist() == [True, True, False, False]
    _, error = plain_difference(first_pass(at_a_kink(1e-12, "tanh")))
    assert np.isfinite(error).all()


def test_an_input_that_is_always_zero_has_derivative_zero() -> None:
    case = draw(FAMILIES[0], np.random.default_rng(12))
    X = case.X.copy()
    X[:, 0] = 0
    dead = case_from(case.network, X, case.y)
    plain, error = plain_difference(first_pass(dead))
    columns = [dead.network.like(g).W[0][:, 0] for g in (central_difference(dead), plain, error)]
    assert all(np.all(column == 0) for column in columns)


@pytest.mark.parametrize(("step", "way"), [(None, "block_change"), (0.25, "unit_change")])
def test_an_error_in_a_thread_is_raised(
    monkeypatch: pytest.MonkeyPatch, step: float | None, way: str
) -> None:
    monkeypatch.setattr("mlpcli.check.numeric.units.WORTH_THREADS", 0)
    monkeypatch.setattr(f"mlpcli.check.numeric.central.{way}", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        central_difference(draw(FAMILIES[0], np.random.default_rng(0)), step=step)


@pytest.mark.parametrize("family", FAMILIES + ACTIVATED, ids=lambda family: family.name)
def test_small_steps_by_kernel_and_numpy_and_as_steps_of_any_size(
    monkeypatch: pytest.MonkeyPatch, family: Family
) -> None:
    """Three ways to one number: what is left are roundoffs of sums over rows."""
    case = draw(family, np.random.default_rng(11), widest=20)
    ours = central_difference(case)
    monkeypatch.setenv("MLP_KERNEL", "numpy")
    by_numpy = central_difference(case)
    monkeypatch.setattr(Base, "curve", None)
    any_size = central_difference(case)
    bound = 4 * 2.0**-53 * rounding_bounds(case).K
    for other in (by_numpy, any_size):
        assert np.all(np.abs(ours - other) <= 1e-14 * np.abs(ours) + bound)


def test_a_step_is_small_while_every_change_above_is() -> None:
    case = draw(FAMILIES[0], np.random.default_rng(2))
    growth = max(base_point(case).growth)
    for step in (TINY / growth, 2 * TINY / growth):
        assert central_difference(case, step=step) == pytest.approx(case.gradient().theta, rel=1e-8)
