"""Buffers and folded biases change nothing: the plain network is the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlpcli.nn.backprop import backward
from mlpcli.nn.network import Network
from mlpcli.nn.workspace import Folded, Workspace

SIZES = [(3, 1), (4, 6, 2), (5, 4, 3, 1), (2, 7, 7, 7, 3)]


def network_of(sizes: tuple[int, ...], bias: bool, dtype: str, scale: float = 1.0) -> Network:
    theta = np.random.default_rng(3).normal(0, scale, Network.count(sizes, bias))
    return Network(sizes, bias, theta.astype(dtype))


def with_ones(X: Any, bias: bool) -> Any:
    """Return [X 1] for a network with biases, else X."""
    return np.column_stack([X, np.ones_like(X[:, :1])]) if bias else X


def run(network: Network, X: Any, delta: Any) -> tuple[Any, Any]:
    """Return logits and gradient by a workspace."""
    theta = Folded(network)
    theta.fold(network)
    space = Workspace(network, theta, len(X))
    folded, logits = with_ones(X, network.bias), np.empty_like(delta.T, order="C")
    space.forward(folded.T, logits)
    space.backward(folded, np.ascontiguousarray(delta.T))
    gradient = network.like(np.empty_like(network.theta))
    space.gradient.unfold(gradient)
    return logits.T, gradient.theta


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-14), ("float32", 3e-6)])
def test_equal_to_the_plain_network(
    sizes: tuple[int, ...], bias: bool, dtype: str, tolerance: float
) -> None:
    network = network_of(sizes, bias, dtype)
    rng = np.random.default_rng(4)
    for rows in (8, 5, 1):
        X, delta = rng.normal(size=(rows, sizes[0])), rng.normal(size=(rows, sizes[-1]))
        X, delta = X.astype(dtype), delta.astype(dtype)
        forward = network.forward(X)
        expected = backward(forward, delta, np.zeros_like)
        logits, gradient = run(network, X, delta)
        np.testing.assert_allclose(logits, forward.logits, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(gradient, expected.theta, rtol=tolerance, atol=tolerance)


def test_layers_in_chunks_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    network, rng = network_of((5, 9, 7, 2), True, "float64"), np.random.default_rng(5)
    X, delta = rng.normal(size=(6, 5)), rng.normal(size=(6, 2))
    whole = run(network, X, delta)
    monkeypatch.setattr("mlpcli.nn.workspace._CHUNK", 12)
    for mine, theirs in zip(run(network, X, delta), whole, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_saturated_units_keep_their_precision_and_make_no_subnormals(dtype: str) -> None:
    network = network_of((3, 20, 20, 1), True, dtype, scale=300.0)
    X = np.random.default_rng(1).normal(size=(50, 3)).astype(dtype)
    theta = Folded(network)
    theta.fold(network)
    space = Workspace(network, theta, 50)
    logits = np.empty((1, 50), dtype)
    space.forward(with_ones(X, True).T, logits)
    tiny = np.finfo(dtype).tiny
    for t, z in [(t, z) for *_, chunks in space._up for _, t, z in chunks]:
        assert (z < 0.01).any()
        assert (z > 0.99).any()
        assert min(z.min(), (z / t).min()) >= tiny
    wide = Network(network.sizes, True, network.theta.astype(np.float64))
    expected = wide.logits(X.astype(np.float64))
    scale = np.abs(expected).max()
    np.testing.assert_allclose(
        logits.T / scale, expected / scale, atol=64 * float(np.finfo(dtype).eps)
    )


def test_fold_and_unfold_are_inverse() -> None:
    network = network_of((4, 6, 2), True, "float64")
    folded = Folded(network)
    folded.fold(network)
    np.testing.assert_array_equal(folded.A[0][:, :-1], network.W[0])
    np.testing.assert_array_equal(folded.A[0][:, -1], network.b[0])
    other = network.like(np.zeros_like(network.theta))
    folded.unfold(other)
    np.testing.assert_array_equal(other.theta, network.theta)


def test_nothing_is_allocated_once_the_buffers_are_there() -> None:
    import tracemalloc

    network = network_of((30, 300, 300, 1), True, "float32")
    theta = Folded(network)
    theta.fold(network)
    space = Workspace(network, theta, 256)
    X, delta = np.ones((256, 31), np.float32), np.ones((1, 256), np.float32)
    logits = np.empty_like(delta)

    def step() -> None:
        space.forward(X.T, logits)
        space.backward(X, delta)

    step()
    tracemalloc.start()
    step()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000  # one buffer of a hidden layer alone has 307,200 bytes
