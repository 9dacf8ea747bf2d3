"""Forward pass and backpropagation against HIPS autograd and against the plain reference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import reference_mlp
from formulas import FUNCTIONS, LOSS_OF
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.backprop import backward
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import INITS, Network, Parameters, initial_network
from mlpcli.nn.objective import Objective

if TYPE_CHECKING:
    from numpy.typing import NDArray

Array = Any


@dataclass
class Case:
    """A network, rows, and what is to be minimised on them."""

    network: Network
    objective: Objective
    X: NDArray[np.float64]
    y: NDArray[np.float64]
    weight: NDArray[np.float64] | None

    @property
    def omega(self) -> NDArray[np.float64]:
        """Weight of each label, by the definition."""
        omega = np.ones_like(self.y)
        if self.weight is not None:
            omega *= self.weight[:, None]
        if self.objective.class_weight is not None:
            weights = self.objective.class_weight
            if self.objective.loss.separable:
                omega *= (1 - self.y) * weights[0] + self.y * weights[1]
            else:
                omega *= (self.y @ weights)[:, None]
        return omega

    def gradient(self) -> Parameters:
        """Return dJ/dtheta as the package computes it."""
        omega = self.objective.cell_weights(self.y, self.weight)
        return self.objective.gradient(self.network.forward(self.X), self.y, omega)

    def value(self, theta: Array) -> Array:
        """J as a function of the flat vector, with autograd's arrays."""
        z, penalty = self.X, 0.0
        layers = list(Parameters(self.network.sizes, self.network.bias, np.array(self.where)).W)
        for i, W_like in enumerate(layers):
            start, end, stop = self.bounds[i]
            W = theta[start:end].reshape(W_like.shape)
            h = anp.dot(z, W.T) + (theta[end:stop] if stop > end else 0.0)
            penalty = penalty + anp.sum(W**2)
            z = FUNCTIONS[self.network.activation.name](h)
        each = LOSS_OF[self.objective.loss.name](h, self.y)
        return anp.sum(self.omega * each) / len(self.X) + self.objective.l2 / 2 * penalty

    @property
    def where(self) -> NDArray[np.int64]:
        """Index of each parameter."""
        return np.arange(self.network.theta.size)

    @property
    def bounds(self) -> list[tuple[int, int, int]]:
        """Of each layer: first weight, first bias, end; counted here, not taken from Network."""
        found, start = [], 0
        for fan_in, width in zip(self.network.sizes[:-1], self.network.sizes[1:], strict=True):
            end = start + fan_in * width
            stop = end + (width if self.network.bias else 0)
            found.append((start, end, stop))
            start = stop
        return found


@st.composite
def cases(
    draw: st.DrawFn,
    losses: tuple[str, ...] = tuple(LOSSES),
    activations: tuple[str, ...] = tuple(ACTIVATIONS),
) -> Case:
    depth = draw(st.integers(1, 4))
    sizes = draw(st.lists(st.integers(1, 6), min_size=depth + 1, max_size=depth + 1))
    rows, bias = draw(st.integers(1, 9)), draw(st.booleans())
    loss = LOSSES[draw(st.sampled_from(losses))]
    labels = draw(st.sampled_from(["hard", "soft"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    theta = rng.normal(0, draw(st.sampled_from([0.3, 1.0, 3.0])), Network.count(sizes, bias))
    y = rng.random((rows, sizes[-1]))
    if labels == "hard":
        y = np.round(y) if loss.separable else np.eye(sizes[-1])[y.argmax(axis=1)]
    elif not loss.separable:
        y /= y.sum(axis=1, keepdims=True)
    shape = (2, sizes[-1]) if loss.separable else sizes[-1]
    activation = ACTIVATIONS[draw(st.sampled_from(activations))]()
    return Case(
        Network(sizes, bias, theta, activation),
        Objective(
            loss,
            loss.truth,
            l2=draw(st.sampled_from([0.0, 0.1, 3.0])),
            class_weight=rng.uniform(0.2, 4, shape) if draw(st.booleans()) else None,
        ),
        rng.normal(size=(rows, sizes[0])),
        y,
        rng.uniform(0, 2, rows) if draw(st.booleans()) else None,
    )


def loss_of(case: Case) -> float:
    """J as the package computes it, put together from its parts."""
    h = case.network.logits(case.X)
    each = case.objective.loss.value(h, case.y)
    omega = case.objective.cell_weights(case.y, case.weight)
    penalty = sum(float((W**2).sum()) for W in case.network.W)
    total = float((each if omega is None else each * omega).sum())
    return total / len(case.X) + case.objective.l2 / 2 * penalty


@settings(max_examples=150)
@given(cases())
def test_loss_and_every_gradient_equal_autograd(case: Case) -> None:
    theta = case.network.theta
    with np.errstate(over="ignore"):  # autograd divides by cosh^2, which overflows beyond 355
        value, truth = autograd.value_and_grad(case.value)(theta)
    assert loss_of(case) == pytest.approx(float(value), rel=1e-12)
    gradient = case.gradient()
    for layer, exact in zip(gradient.layers, gradient.like(truth).layers, strict=True):
        # relative to the layer: a sum over rows may cancel in single entries of either
        assert np.abs(layer - exact).max() <= 1e-12 * max(np.abs(exact).max(), 1e-3)


@given(cases(("bce", "mse"), ("sigmoid",)))
def test_forward_and_gradient_equal_the_reference(case: Case) -> None:
    network, objective = case.network, case.objective
    W: Any = list(network.W)
    b: Any = [
        np.array(v) if network.bias else np.zeros(len(w)) for v, w in zip(network.b, W, strict=True)
    ]
    Z = reference_mlp.forward(W, b, case.X)
    forward = network.forward(case.X)
    assume(np.abs(forward.logits).max() < 20)  # the reference saturates
    for mine, theirs in zip(forward.Z, Z[:-1], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)
    for mine, z in zip(forward.slopes, Z[1:-1], strict=True):
        np.testing.assert_allclose(mine, z * (1 - z), rtol=1e-9, atol=1e-15)
    np.testing.assert_array_equal(forward.logits, network.logits(case.X))
    kind = objective.loss.name
    arguments = W, b, case.X, case.y, case.omega, objective.l2, kind
    assert loss_of(case) == pytest.approx(reference_mlp.loss(*arguments), rel=1e-7, abs=1e-7)
    dW, db = reference_mlp.backprop(*arguments)
    gradient = case.gradient()
    for mine, theirs in zip(gradient.W, dW, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12)
    for mine, theirs in zip(
        gradient.b if network.bias else [], db if network.bias else [], strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12)


@given(cases())
def test_l2_reaches_weights_and_no_bias(case: Case) -> None:
    without, with_l2 = (
        replace(case, objective=replace(case.objective, l2=l2)).gradient() for l2 in (0.0, 2.0)
    )
    for a, b, W in zip(without.W, with_l2.W, case.network.W, strict=True):
        np.testing.assert_array_equal(b, a + 2.0 * W)
    for a, b in zip(without.b, with_l2.b, strict=True):
        np.testing.assert_array_equal(a, b)


def test_backward_leaves_network_rows_and_delta_alone() -> None:
    rng = np.random.default_rng(0)
    network = Network((3, 4, 2), True, rng.normal(size=26))
    X, delta = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    kept = network.theta.copy(), X.copy(), delta.copy()
    backward(network.forward(X), delta, lambda W: 0.1 * W)
    for now, before in zip((network.theta, X, delta), kept, strict=True):
        np.testing.assert_array_equal(now, before)


@pytest.mark.parametrize("bias", [True, False])
def test_views_share_memory_with_theta(bias: bool) -> None:
    sizes = (3, 4, 2)
    parameters = Parameters(sizes, bias, np.arange(float(Parameters.count(sizes, bias))))
    order = np.concatenate([tensor.ravel() for _, tensor in parameters.tensors()])
    np.testing.assert_array_equal(order, parameters.theta)  # W1, b1, W2, .. row by row, no gap
    for _, tensor in parameters.tensors():
        assert np.shares_memory(tensor, parameters.theta)
    parameters.theta[:] = -1
    assert all((tensor == -1).all() for _, tensor in parameters.tensors())
    parameters.W[1][1, 3] = 9
    assert (parameters.theta == 9).sum() == 1
    assert [layer.size for layer in parameters.layers] == ([16, 10] if bias else [12, 8])
    other = parameters.like(np.zeros_like(parameters.theta))
    assert not np.shares_memory(other.theta, parameters.theta)
    assert [W.shape for W in other.W] == [(4, 3), (2, 4)]


def test_names_of_tensors() -> None:
    def names(bias: bool) -> list[str]:
        count = Parameters.count((2, 3, 1), bias)
        return [name for name, _ in Parameters((2, 3, 1), bias, np.zeros(count)).tensors()]

    assert names(True) == ["W1", "b1", "W2", "b2"]
    assert names(False) == ["W1", "W2"]


def test_count() -> None:
    assert Parameters.count((30, 16, 8, 1), True) == 30 * 16 + 16 + 16 * 8 + 8 + 8 + 1
    assert Parameters.count((30, 16, 8, 1), False) == 30 * 16 + 16 * 8 + 8
    with pytest.raises(ValueError, match=r"expected 13 parameters for sizes \(2, 3, 1\), got 12"):
        Parameters((2, 3, 1), True, np.zeros(12))


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_glorot(scale: float) -> None:
    rng = np.random.default_rng(5)
    network = initial_network((40, 30, 50), rng, init="glorot", scale=scale)
    for W, fans in zip(network.W, (70, 80), strict=True):
        bound = scale * np.sqrt(6 / fans)
        assert np.abs(W).max() <= bound
        assert np.abs(W).max() > 0.99 * bound
        assert abs(W.mean()) < 0.05 * bound
        assert W.std() == pytest.approx(bound / np.sqrt(3), rel=0.03)
    assert all(not b.any() for b in network.b)


def test_he() -> None:
    network = initial_network((40, 30, 50), np.random.default_rng(0), init="he", scale=0.5)
    draws = np.random.default_rng(0)
    for W in network.W:
        expected = 0.5 * np.sqrt(2.0 / W.shape[1]) * draws.standard_normal(W.shape)
        np.testing.assert_allclose(W, expected, rtol=1e-15)


def test_normal() -> None:
    network = initial_network((40, 50, 1), np.random.default_rng(5), init="normal", scale=3.0)
    assert network.W[0].std() == pytest.approx(3.0, rel=0.03)
    assert np.abs(network.W[0]).max() > 6
    assert not network.b[0].any()


def test_zeros() -> None:
    rng = np.random.default_rng(5)
    assert not initial_network((4, 3, 1), rng, init="zeros", dtype="float32").theta.any()


@pytest.mark.parametrize("init", list(INITS))
def test_both_dtypes_start_from_the_same_draws(init: str) -> None:
    wide, narrow = (
        initial_network((4, 3, 1), np.random.default_rng(5), init=init, dtype=dtype)
        for dtype in ("float64", "float32")
    )
    assert [str(n.theta.dtype) for n in (wide, narrow)] == ["float64", "float32"]
    np.testing.assert_array_equal(wide.theta.astype(np.float32), narrow.theta)
    assert narrow.W[0].base is not None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_everything_stays_in_the_dtype_of_theta(dtype: str) -> None:
    rng = np.random.default_rng(1)
    network = initial_network((3, 4, 2), rng, dtype=dtype)
    weights = np.array([[1.0, 2.0], [3.0, 4.0]])
    objective = replace(Objective.exact("bce", l2=0.1), class_weight=weights)
    X, y = rng.normal(size=(6, 3)).astype(dtype), rng.random((6, 2)).astype(dtype)
    forward = network.forward(X)
    omega = objective.cell_weights(y, np.ones(6, dtype))
    delta = objective.delta(objective.derivative(forward.logits, y), omega)
    gradient = objective.gradient(forward, y, omega)
    for array in (*forward.Z, *forward.slopes, forward.logits, delta, gradient.theta):
        assert array.dtype == dtype


def test_float32_gradient_is_the_float64_one_rounded() -> None:
    rng = np.random.default_rng(1)
    wide = initial_network((5, 6, 3, 1), np.random.default_rng(2))
    narrow = wide.theta.astype(np.float32)
    X, y = rng.normal(size=(20, 5)), (rng.random((20, 1)) < 0.5).astype(float)
    objective = Objective.exact("bce")
    exact = objective.gradient(wide.forward(X), y).theta
    forward = Network(wide.sizes, True, narrow).forward(X.astype("float32"))
    got = objective.gradient(forward, y.astype("float32")).theta
    assert np.abs(got - exact).max() < 1e-6 * np.abs(exact).max() * 10


def test_a_pass_of_the_lower_layers_is_that_of_the_network_of_them() -> None:
    rng = np.random.default_rng(1)
    whole = Network((3, 4, 5, 2), True, rng.normal(size=Network.count((3, 4, 5, 2), True)))
    X = rng.normal(size=(6, 3))
    part, size = whole.forward(X).up_to(2), Network.count((3, 4, 5), True)
    alone = Network((3, 4, 5), True, whole.theta[:size]).forward(X)
    for mine, other in ((part.Z, alone.Z), (part.H, alone.H), (part.slopes, alone.slopes)):
        assert len(mine) == len(other)
        for a, b in zip(mine, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_slopes_survive_saturation() -> None:
    """A textbook z (1 - z) is 0 here, and every layer below would get no gradient."""
    network = Network((1, 1, 1), False, np.array([50.0, 1.0]))
    forward = network.forward(np.array([[1.0]]))
    gradient = Objective.exact("bce").gradient(forward, np.array([[0.0]]))
    assert gradient.W[0][0, 0] == pytest.approx(np.exp(-50.0) / (1 + np.exp(-1.0)), rel=1e-12)
