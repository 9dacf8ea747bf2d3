"""A step by any engine is Objective.gradient and the optimizer's rule, whoever shares the work."""

from __future__ import annotations

import os
from contextlib import closing
from typing import Any

import numpy as np
import pytest

from engines import ENGINES, LOSSES, engine_of, gradient_of, setting
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.answers import each_output, likeliest
from mlpcli.nn.kernel.engine import KernelEngine
from mlpcli.nn.kernel.library import kernel_for
from mlpcli.nn.network import Network
from mlpcli.nn.step import NumpyEngine, engine_for, thread_count
from mlpcli.parallel import Team

every_engine = pytest.mark.parametrize("engine", ENGINES)


def order_of(rows: Any) -> Any:
    return np.random.default_rng(1).permutation(np.arange(len(rows.X), dtype=np.uint32))


@every_engine
@pytest.mark.parametrize("loss", list(LOSSES))
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("members", [1, 2, 3])
def test_steps_of_each_batch(
    engine: str, loss: str, soft: bool, weighted: bool, members: int
) -> None:
    """Batches of 200 and 100 rows: the last one is shared by one member only."""
    network, objective, rows = setting(loss, soft=soft, weighted=weighted)
    size, order, squares, rate = 200, order_of(rows), np.zeros(3), 0.5
    theta, total, norms = network.with_theta(network.theta.copy()), 7.0, np.zeros(3)
    for start in (0, 200):
        part = rows.take(order[start : start + size])
        gradient = gradient_of(theta, objective, part)
        losses = objective.loss.value(theta.logits(part.X), part.y)
        total += float((losses if part.weight is None else losses * part.weight[:, None]).sum())
        norms += [float(np.sum(layer**2)) for layer in gradient.layers]
        theta.theta[:] -= rate * gradient.theta
    with closing(Team(members)) as team:
        mine = engine_of(engine, network, objective, rows, size, team)
        done, loss_sum = mine.steps(order, rate, 7.0, squares)
    assert done == 2
    np.testing.assert_allclose(network.theta, theta.theta, rtol=1e-11, atol=1e-13)
    assert loss_sum == pytest.approx(total, rel=1e-12)
    np.testing.assert_allclose(squares, norms, rtol=1e-10)


@pytest.mark.parametrize("outputs", [1, 2])
def test_weights_of_classes_go_with_their_column(outputs: int) -> None:
    found = []
    for engine in ENGINES:
        network, objective, rows = setting("balanced", outputs=outputs, weighted=True)
        mine = engine_of(engine, network, objective, rows, 100)
        assert mine.steps(order_of(rows), 0.5, 0.0, np.zeros(3))[0] == 3
        found.append(network.theta)
    numpy, kernel = found
    np.testing.assert_allclose(kernel, numpy, rtol=1e-11, atol=1e-13)


@every_engine
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("loss", ["stable", "mse", "linear", "softmax"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("members", [1, 2])
def test_gradient_of_each_activation(
    engine: str, activation: str, loss: str, bias: bool, members: int
) -> None:
    start, objective, rows = setting(loss, bias=bias, activation=activation)
    expected = gradient_of(start, objective, rows).theta
    largest = float(np.abs(expected).max())
    for dtype, tolerance in (("float64", 1e-12), ("float32", 1e-4)):
        network = start.with_theta(start.theta.astype(dtype))
        with closing(Team(members)) as team:
            mine = engine_of(engine, network, objective, rows.cast(dtype), 300, team)
            mine.steps(order_of(rows), 1.0, 0.0, np.zeros(3))
        moved = start.theta - network.theta.astype(np.float64)
        np.testing.assert_allclose(moved, expected, rtol=0, atol=tolerance * largest)


@every_engine
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_a_step_takes_the_branch_below_at_a_kink(engine: str, activation: str) -> None:
    network, objective, rows = setting("stable", activation=activation)
    network.theta[:] = np.round(network.theta)
    rows.X[:] = np.round(rows.X)
    assert (network.forward(rows.X).H[0] == 0).any()
    before, expected = network.theta.copy(), gradient_of(network, objective, rows).theta
    mine = engine_of(engine, network, objective, rows, 300)
    mine.steps(order_of(rows), 1.0, 0.0, np.zeros(3))
    np.testing.assert_allclose(before - network.theta, expected, rtol=1e-10, atol=1e-12)


@every_engine
def test_hard_labels_keep_relative_precision_in_both_tails(engine: str) -> None:
    h = np.array([-600.0, -40.0, 0.0, 40.0, 600.0])
    for label in (0.0, 1.0):
        for logit in h:
            network = Network((1, 1), False, np.array([logit]))
            _, objective, rows = setting("stable", outputs=1)
            rows.X, rows.y = np.ones((1, 1)), np.full((1, 1), label)
            expected = gradient_of(network, objective, rows).theta
            squares = np.zeros(1)
            engine_of(engine, network, objective, rows, 1).steps(
                np.zeros(1, np.uint32), 0.0, 0.0, squares
            )
            if abs(expected[0]) > 1e-150:  # else the square is 0
                assert np.sqrt(squares[0]) == pytest.approx(abs(expected[0]), rel=1e-14)


@every_engine
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", ["stable", "mse", "linear", "softmax"])
def test_measure(engine: str, loss: str, weighted: bool) -> None:
    """By 300 rows, more than are looked at at a time."""
    network, objective, rows = setting(loss, weighted=weighted)
    mine = engine_of(engine, network, objective, rows, 32)
    total, right = mine.measure(rows.X, rows.y, rows.weight)
    h = network.logits(rows.X)
    losses = objective.loss.value(h, rows.y)
    losses = losses if rows.weight is None else losses * rows.weight[:, None]
    assert total == pytest.approx(float(losses.sum()), rel=1e-12)
    answers = each_output if objective.loss.separable else likeliest
    assert right == np.count_nonzero(answers(h, rows.y))


@every_engine
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_step_that_is_not_finite_is_not_taken(engine: str, dtype: str) -> None:
    network, objective, rows = setting("stable")
    network = network.with_theta(network.theta.astype(dtype))
    rows = rows.cast(dtype)
    order = order_of(rows)
    rows.X[order[150], 2] = np.nan  # in the third batch
    whole, squares = network.theta.copy(), np.zeros(3)
    mine = engine_of(engine, network, objective, rows, 64)
    done, loss = mine.steps(order, 0.1, 0.0, squares)
    assert done == 2
    assert not any(np.isfinite(mine.norms))
    assert np.isfinite([loss, *squares, *network.theta]).all()
    again, few = network.with_theta(whole), np.zeros(3)
    other = engine_of(engine, again, objective, rows, 64)
    assert other.steps(order[:128], 0.1, 0.0, few) == (2, loss)
    np.testing.assert_array_equal(again.theta, network.theta)
    np.testing.assert_array_equal(few, squares)


@every_engine
@pytest.mark.parametrize("members", [1, 2])
def test_a_step_whose_squares_overflow_is_not_taken(engine: str, members: int) -> None:
    """All logits are finite there, and each entry of the gradient."""
    network, objective, rows = setting("linear", outputs=1)
    rows.y[:] = 1e200
    whole, squares = network.theta.copy(), np.zeros(3)
    with closing(Team(members)) as team, np.errstate(over="ignore"):
        mine = engine_of(engine, network, objective, rows, 300, team)
        assert mine.steps(order_of(rows), 1e-250, 0.0, squares) == (0, 0.0)
    np.testing.assert_array_equal(network.theta, whole)
    assert not squares.any()


@pytest.mark.parametrize(("loss", "suits"), [("stable", True), ("naive", False)])
def test_the_kernel_is_used_where_it_has_all_that_is_computed(loss: str, suits: bool) -> None:
    network, objective, rows = setting(loss)
    task = engine_of("numpy", network, objective, rows, 32).task
    kernel = kernel_for()
    if kernel is None:
        pytest.skip("there is no compiled kernel")
    assert type(engine_for(task, None)) is NumpyEngine
    assert type(engine_for(task, kernel)) is (KernelEngine if suits else NumpyEngine)


@every_engine
@pytest.mark.parametrize("members", [1, 2])
def test_however_the_steps_are_cut_the_bytes_are_the_same(engine: str, members: int) -> None:
    paths = []
    for cut in (300, 64, 128):
        network, objective, rows = setting("l2")
        loss, squares = 0.0, np.zeros(3)
        with closing(Team(members)) as team:
            mine = engine_of(engine, network, objective, rows, 32, team, rule="adam")
            for start in range(0, 300, cut):
                done, loss = mine.steps(order_of(rows)[start : start + cut], 0.1, loss, squares)
                assert done == -(-min(cut, 300 - start) // 32)
        paths.append((network.theta.tobytes(), loss, squares.tobytes()))
    assert paths[0] == paths[1] == paths[2]


@every_engine
def test_float32_gradients_whose_squares_overflow_are_finite(engine: str) -> None:
    network, objective, rows = setting("linear", outputs=1)
    network, rows = network.with_theta(network.theta.astype(np.float32)), rows.cast("float32")
    rows.y[:] = 1e22
    squares = np.zeros(3)
    mine = engine_of(engine, network, objective, rows, 300)
    with np.errstate(over="ignore"):
        done, _ = mine.steps(order_of(rows), 1e-30, 0.0, squares)
    assert done == 1
    assert np.isfinite(squares).all()
    assert squares[-1] > 1e39


def test_what_is_asked_for_is_given() -> None:
    assert thread_count(3, (2, 2), 1) == 3


def test_small_layers_get_one_thread() -> None:
    assert thread_count(None, (30, 16, 8, 1), 32) == 1
    assert thread_count(None, (4, 1_000_000, 1), 1) == 1


def test_large_layers_get_all_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 5}, raising=False)
    assert thread_count(None, (10, 1000, 500, 1), 10) == 3
    assert thread_count(None, (10, 1000, 499, 1), 10) == 1
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {*range(40)}, raising=False)
    assert thread_count(None, (10, 1000, 500, 1), 10) == 8


@pytest.mark.parametrize(("cores", "expected"), [(6, 6), (None, 1)])
def test_where_affinity_is_unknown(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, expected: int
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert thread_count(None, (1000, 1000), 100) == expected
