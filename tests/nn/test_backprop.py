"""Backpropagation by right rules against HIPS autograd, and by every rule that can be bent."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

from formulas import FUNCTIONS, LOSS_OF
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.backprop import RIGHT, Rules, backward
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import Network
from mlpcli.nn.objective import Objective

if TYPE_CHECKING:
    from mlpcli.nn.network import Forward, Parameters

SIZES = (4, 5, 5, 2)
ROWS = 7
L2 = 0.3


class Bench:
    """A network with rows, and J of it by autograd."""

    def __init__(
        self, loss: str = "bce", activation: str = "sigmoid", *, bias: bool = True
    ) -> None:
        rng = np.random.default_rng(6)
        theta = rng.normal(size=Network.count(SIZES, bias))
        self.network = Network(SIZES, bias, theta, ACTIVATIONS[activation]())
        self.X, self.y = rng.normal(size=(ROWS, 4)), rng.random((ROWS, 2))
        self.omega = rng.uniform(0.2, 2, (ROWS, 2))
        self.objective = Objective.exact(loss, L2)
        if not self.objective.loss.separable:
            self.y /= self.y.sum(axis=1, keepdims=True)
            self.omega = self.omega[:, :1]
        self.forward: Forward = self.network.forward(self.X)
        self.derivative = self.objective.derivative(self.forward.logits, self.y)

    def gradient(self, rules: Rules = RIGHT, lowest: int = 1) -> Parameters:
        return self.objective.gradient(self.forward, self.y, self.omega, rules, lowest)

    def by_hand(
        self, *, carry: dict[int, Any] | None = None, slope: dict[int, Any] | None = None
    ) -> list[Any]:
        """Return delta_1 .. delta_L; `carry` and `slope` take the place of W_i and f'(H_i)."""
        delta = self.omega * self.derivative / ROWS
        found = [delta]
        for i in (3, 2):
            W = (carry or {}).get(i, self.network.W[i - 1])
            s = (slope or {}).get(i - 1, self.forward.slopes[i - 2])
            delta = (delta @ W) * s
            found.insert(0, delta)
        return found

    def expect(self, gradient: Parameters, deltas: list[Any], inputs: Any = None) -> None:
        """Require the tensors that these deltas of the layers make."""
        for i, delta in enumerate(deltas):
            Z = (inputs or {}).get(i + 1, self.forward.Z[i])
            penalty = L2 * self.network.W[i]
            np.testing.assert_allclose(gradient.W[i], delta.T @ Z + penalty, rtol=1e-12, atol=1e-14)
            if self.network.bias:
                np.testing.assert_allclose(gradient.b[i], delta.sum(axis=0), rtol=1e-12, atol=1e-14)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def value(bench: Bench, theta: Any) -> Any:
    z, penalty, start = bench.X, 0.0, 0
    f = FUNCTIONS[bench.network.activation.name]
    for _i, W_like in enumerate(bench.network.W):
        W = theta[start : start + W_like.size].reshape(W_like.shape)
        start += W_like.size
        width = len(W_like) if bench.network.bias else 0
        h = anp.dot(z, W.T) + (theta[start : start + width] if width else 0.0)
        start += width
        z, penalty = f(h), penalty + anp.sum(W**2)
    each = LOSS_OF[bench.objective.loss.name](h, bench.y)
    return anp.sum(bench.omega * each) / ROWS + L2 / 2 * penalty


def test_the_functions_here_are_those_of_the_registries() -> None:
    assert set(FUNCTIONS) == set(ACTIVATIONS)
    assert set(LOSS_OF) == set(LOSSES)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("loss", list(LOSSES))
def test_right_rules_equal_autograd(loss: str, activation: str, bias: bool) -> None:
    bench = Bench(loss, activation, bias=bias)
    truth = autograd.grad(lambda theta: value(bench, theta))(bench.network.theta)
    np.testing.assert_allclose(bench.gradient().theta, truth, rtol=1e-10, atol=1e-13)
    bench.expect(bench.gradient(), bench.by_hand())


def test_backward_is_what_the_objective_calls(bench: Bench) -> None:
    delta = bench.objective.delta(bench.derivative, bench.omega)
    got = backward(bench.forward, delta, bench.objective.penalty_gradient)
    np.testing.assert_array_equal(got.theta, bench.gradient().theta)


def test_every_rule_is_tested_here() -> None:
    names = {field.name for field in fields(Rules)}
    tested = {
        name.removeprefix("test_rule_") for name in globals() if name.startswith("test_rule_")
    }
    assert tested == names


def test_rule_output(bench: Bench) -> None:
    bent = bench.gradient(Rules(output=lambda derivative: derivative * 2 + 1))
    bench.derivative = bench.derivative * 2 + 1
    bench.expect(bent, bench.by_hand())


def test_rule_omega(bench: Bench) -> None:
    bent = bench.gradient(Rules(omega=np.ones_like(bench.y)))
    bench.omega = np.ones_like(bench.y)
    bench.expect(bent, bench.by_hand())


def test_rule_delta(bench: Bench) -> None:
    """It reaches the layer itself and all below."""
    one, two, three = bench.by_hand()
    bench.expect(bench.gradient(Rules(delta={2: lambda d: 3 * d})), [3 * one, 3 * two, three])
    bench.expect(bench.gradient(Rules(delta={3: np.negative})), [-one, -two, -three])


def test_rule_local(bench: Bench) -> None:
    """It reaches its own layer only, and is made of what `delta` leaves."""
    one, two, three = bench.by_hand()
    bench.expect(bench.gradient(Rules(local={2: lambda d: 3 * d})), [one, 3 * two, three])
    both = Rules(delta={2: lambda d: 5 * d}, local={2: lambda d: d + 1})
    bench.expect(bench.gradient(both), [5 * one, 5 * two + 1, three])


def test_rule_slope(bench: Bench) -> None:
    ones = np.ones((ROWS, 5))
    bench.expect(bench.gradient(Rules(slope={2: ones})), bench.by_hand(slope={2: ones}))
    bench.expect(bench.gradient(Rules(slope={1: ones})), bench.by_hand(slope={1: ones}))


def test_rule_input(bench: Bench) -> None:
    """It reaches dJ/dW_i only."""
    wrong = {2: bench.forward.Z[2]}
    bench.expect(bench.gradient(Rules(input=wrong)), bench.by_hand(), wrong)


def test_rule_forward(bench: Bench) -> None:
    """Both l' and the backward pass see it."""
    other = bench.network.forward(bench.X + 1)
    got = bench.gradient(Rules(forward=other))
    bench.forward = other
    bench.derivative = bench.objective.derivative(other.logits, bench.y)
    bench.expect(got, bench.by_hand())


def test_rule_product(bench: Bench) -> None:
    """It is given delta_i^T Z_{i-1} without the penalty, and reaches dJ/dW_i only."""
    right, got = bench.gradient(), bench.gradient(Rules(product={2: lambda dW: 3 * dW + 1}))
    data = right.W[1] - L2 * bench.network.W[1]
    np.testing.assert_allclose(got.W[1], 3 * data + 1 + L2 * bench.network.W[1], rtol=1e-12)
    np.testing.assert_array_equal(got.layers[0], right.layers[0])
    np.testing.assert_array_equal(got.layers[2], right.layers[2])


def test_rule_carry(bench: Bench) -> None:
    """It reaches the layers below; it is given delta_i, W_i and dJ/dW_i with its penalty."""
    seen: list[Any] = []

    def transposed(delta: Any, W: Any, dW: Any) -> Any:
        seen.extend((delta, W, dW.copy()))
        return delta @ W.T

    got = bench.gradient(Rules(carry={2: transposed}))
    bench.expect(got, bench.by_hand(carry={2: bench.network.W[1].T}))
    np.testing.assert_allclose(seen[0], bench.by_hand()[1], rtol=1e-14)
    np.testing.assert_array_equal(seen[1], bench.network.W[1])
    np.testing.assert_array_equal(seen[2], got.W[1])


def test_rule_bias(bench: Bench) -> None:
    """It is given delta_i, delta_i^T Z_{i-1} and the error that f' has not multiplied yet."""
    seen: list[Any] = []

    def fourth(delta: Any, product: Any, error: Any) -> Any:
        seen.extend((product.copy(), error))
        return delta[3]

    right, got = bench.gradient(), bench.gradient(Rules(bias={2: fourth}))
    _, two, three = bench.by_hand()
    np.testing.assert_allclose(got.b[1], two[3], rtol=1e-14)
    np.testing.assert_allclose(seen[0], two.T @ bench.forward.Z[1], rtol=1e-13)
    np.testing.assert_allclose(seen[1], three @ bench.network.W[2], rtol=1e-13)
    for i in (0, 2):
        np.testing.assert_array_equal(got.b[i], right.b[i])
    for mine, theirs in zip(got.W, right.W, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("times", [0.0, 2.0, -1.0])
def test_rule_penalty(bench: Bench, times: float) -> None:
    right, got = bench.gradient(), bench.gradient(Rules(penalty=lambda W: times * L2 * W))
    for mine, theirs, W in zip(got.W, right.W, bench.network.W, strict=True):
        np.testing.assert_allclose(mine, theirs + (times - 1) * L2 * W, rtol=1e-12, atol=1e-14)
    for mine, theirs in zip(got.b, right.b, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_rule_bias_penalty(bench: Bench) -> None:
    right, got = bench.gradient(), bench.gradient(Rules(bias_penalty=lambda b: 2 * L2 * b))
    for mine, theirs, b in zip(got.b, right.b, bench.network.b, strict=True):
        np.testing.assert_allclose(mine, theirs + 2 * L2 * b, rtol=1e-12, atol=1e-14)
    for mine, theirs in zip(got.W, right.W, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_rule_factor(bench: Bench) -> None:
    """It multiplies all but the penalty."""
    bent = bench.gradient(Rules(factor=3.0))
    bench.expect(bent, [3 * delta for delta in bench.by_hand()])


def test_rule_done(bench: Bench) -> None:
    """It changes one finished tensor, penalty included."""
    right = bench.gradient()
    got = bench.gradient(Rules(done={"W2": lambda dW: 2 * dW, "b3": np.negative}))
    np.testing.assert_array_equal(got.W[1], 2 * right.W[1])
    np.testing.assert_array_equal(got.b[2], -right.b[2])
    np.testing.assert_array_equal(got.layers[0], right.layers[0])


LEAVING = [
    (RIGHT, True),
    (Rules(slope={2: np.ones(1)}), True),
    (Rules(carry={3: lambda delta, W, _dW: delta @ W}), True),
    (
        Rules(input={2: np.ones((ROWS, 5))}, bias={1: lambda delta, _product, _error: delta[0]}),
        True,
    ),
    (Rules(done={"W2": np.negative}), True),
    (Rules(done={"b3": np.negative}), False),
    (Rules(local={3: np.negative}), False),
    (Rules(output=np.negative), False),
    (Rules(penalty=np.zeros_like), False),
    (Rules(omega=np.ones(1)), False),
    (Rules(factor=2.0), False),
    (Rules(finish=(lambda _gradient: None,)), False),
]


@pytest.mark.parametrize(("rules", "leave"), LEAVING)
def test_rules_know_which_layers_they_leave(bench: Bench, rules: Rules, leave: bool) -> None:
    assert (rules.highest < 3) == leave
    assert not leave or np.array_equal(bench.gradient(rules).layers[2], bench.gradient().layers[2])


def test_rule_finish(bench: Bench) -> None:
    """All of them, in order, on the whole gradient."""

    def double(gradient: Parameters) -> None:
        gradient.theta *= 2

    def add(gradient: Parameters) -> None:
        gradient.W[0][:] += 1

    right, got = bench.gradient(), bench.gradient(Rules(finish=(double, add)))
    np.testing.assert_array_equal(got.W[0], 2 * right.W[0] + 1)
    np.testing.assert_array_equal(got.W[2], 2 * right.W[2])
    np.testing.assert_array_equal(
        bench.gradient(Rules(finish=(add, double))).W[0], 2 * (right.W[0] + 1)
    )


def test_two_bugs_are_two_replacements(bench: Bench) -> None:
    ones = np.ones((ROWS, 5))
    rules = RIGHT.also("delta", {3: np.negative}).also("delta", {1: lambda d: 2 * d})
    one, two, three = bench.by_hand(slope={2: ones})
    got = bench.gradient(replace(rules, slope={2: ones}))
    bench.expect(got, [-2 * one, -two, -three])
    assert not RIGHT.delta


def test_the_later_of_two_replacements_of_a_line_holds() -> None:
    first, second = np.zeros(1), np.ones(1)
    rules = RIGHT.also("slope", {1: first, 2: first}).also("slope", {1: second})
    assert rules.slope[1] is second
    assert rules.slope[2] is first


@pytest.mark.parametrize("lowest", [1, 2, 3])
def test_it_may_stop_early(bench: Bench, lowest: int) -> None:
    right, got = bench.gradient(), bench.gradient(lowest=lowest)
    for i, (mine, theirs) in enumerate(zip(got.layers, right.layers, strict=True), start=1):
        np.testing.assert_array_equal(mine, theirs if i >= lowest else 0 * theirs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_is_that_of_delta(dtype: str) -> None:
    network = Bench().network
    network = network.with_theta(network.theta.astype(dtype))
    forward = network.forward(np.ones((2, 4), dtype))
    assert backward(forward, np.ones((2, 2), dtype), np.zeros_like).theta.dtype == dtype


def test_overflow_is_silent(bench: Bench) -> None:
    got = bench.gradient(Rules(delta={3: lambda d: d * 1e308 * 1e4, 2: lambda d: d * 0}))
    assert not np.isfinite(got.W[2]).all()


@pytest.mark.parametrize(
    ("rules", "lowest", "highest"),
    [
        (Rules(), 1, 0),
        (Rules(local={2: lambda delta: delta}), 2, 2),
        (Rules(done={"W3": lambda W: W, "b2": lambda b: b}), 2, 3),
        (Rules(delta={3: lambda delta: delta}), 1, 3),
        (Rules(carry={3: lambda delta, W, dW: delta @ W}), 1, 2),
        (Rules(carry={4: lambda delta, W, dW: delta @ W}), 1, 3),
        (Rules(factor=2.0), 1, np.inf),
        (Rules(penalty=lambda W: W), 1, np.inf),
    ],
)
def test_the_layers_that_rules_change(rules: Rules, lowest: int, highest: float) -> None:
    assert (rules.lowest, rules.highest) == (lowest, highest)
