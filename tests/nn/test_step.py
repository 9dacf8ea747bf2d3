"""A step by the engine is Objective.gradient and the optimizer's rule, whoever shares the work."""

from __future__ import annotations

import os
from contextlib import closing
from typing import Any

import numpy as np
import pytest

from mlpcli.config import LossConfig
from mlpcli.data.rows import Rows
from mlpcli.nn.activations import ACTIVATIONS, activation_by
from mlpcli.nn.network import Network, Parameters
from mlpcli.nn.optimizers import OPTIMIZERS
from mlpcli.nn.step import Engine, thread_count
from mlpcli.parallel import ALONE, Team
from mlpcli.training.build import objective_from

LOSSES: dict[str, dict[str, Any]] = {
    "stable": {},
    "l2": {"l2": 0.1},
    "balanced": {"class_weight": "balanced"},
    "mse": {"kind": "mse"},
    **{form: {"derivative": form} for form in ("naive", "epsilon", "clamped", "fused")},
}


def setting(
    loss: str,
    *,
    soft: bool = False,
    weighted: bool = False,
    bias: bool = True,
    outputs: int = 2,
    activation: str = "sigmoid",
) -> tuple[Network, Any, Rows]:
    rng = np.random.default_rng(8)
    sizes = (5, 7, 4, outputs)
    theta = rng.normal(size=Network.count(sizes, bias))
    network = Network(sizes, bias, theta, activation_by(activation, 0.1))
    y = rng.random((300, outputs))
    rows = Rows(rng.normal(size=(300, 5)), y if soft else np.round(y))
    if weighted:
        rows = Rows(rows.X, rows.y, rng.random(300))
    return network, objective_from(LossConfig(**LOSSES[loss]), rows.y), rows


def gradient_of(network: Network, objective: Any, rows: Rows) -> Parameters:
    """Return the gradient as it is computed outside of the engine."""
    omega = objective.cell_weights(rows.y, rows.weight)
    gradient: Parameters = objective.gradient(network.forward(rows.X), rows.y, omega)
    return gradient


def engine_for(network: Network, objective: Any, rows: Rows, size: int, team: Team) -> Engine:
    hard = bool(np.isin(rows.y, (0, 1)).all())
    sgd = OPTIMIZERS["sgd"]()
    engine = Engine(
        network, objective, sgd, sgd.init(network.theta), batch_size=size, hard=hard, team=team
    )
    engine.load()
    return engine


@pytest.mark.parametrize("loss", list(LOSSES))
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("members", [1, 2, 3])
def test_gradient_of_each_batch(loss: str, soft: bool, weighted: bool, members: int) -> None:
    network, objective, rows = setting(loss, soft=soft, weighted=weighted)
    size = 200
    with closing(Team(members)) as team:
        engine = engine_for(network, objective, rows, size, team)
        prepared = engine.prepare(rows.X, rows.y, rows.weight)
        assert [batch.rows for batch in prepared.batches] == [slice(0, 200), slice(200, 300)]
        for batch in prepared.batches:
            squares = engine.compute(batch)
            part = rows.take(batch.rows)
            expected = gradient_of(network, objective, part)
            got = network.like(np.empty_like(network.theta))
            engine.gradient.unfold(got)
            np.testing.assert_allclose(got.theta, expected.theta, rtol=1e-11, atol=1e-14)
            np.testing.assert_allclose(
                prepared.logits()[batch.rows], network.logits(part.X), rtol=1e-12, atol=1e-13
            )
            norms = [float(np.sum(layer**2)) for layer in expected.layers]
            assert squares == pytest.approx(norms, rel=1e-10)
            assert engine.squared_norms() == pytest.approx(norms, rel=1e-10)
    assert [len(batch.shares) for batch in prepared.batches] == [members, min(members, 100 // 64)]


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("loss", ["stable", "mse"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("members", [1, 2])
def test_gradient_of_each_activation(activation: str, loss: str, bias: bool, members: int) -> None:
    network, objective, rows = setting(loss, bias=bias, activation=activation)
    expected = gradient_of(network, objective, rows)
    for dtype, tolerance in (("float64", 1e-11), ("float32", 1e-3)):
        narrow = network.with_theta(network.theta.astype(dtype))
        few = Rows(rows.X.astype(dtype), rows.y.astype(dtype))
        with closing(Team(members)) as team:
            engine = engine_for(narrow, objective, few, 300, team)
            engine.compute(engine.prepare(few.X, few.y, few.weight).batches[0])
            got = narrow.like(np.empty_like(narrow.theta))
            engine.gradient.unfold(got)
        largest = float(np.abs(expected.theta).max())
        np.testing.assert_allclose(got.theta, expected.theta, rtol=0, atol=tolerance * largest)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_a_step_takes_the_branch_below_at_a_kink(activation: str) -> None:
    network, objective, rows = setting("stable", activation=activation)
    network.theta[:] = np.round(network.theta)
    rows = Rows(np.round(rows.X), rows.y)
    assert (network.forward(rows.X).H[0] == 0).any()
    engine = engine_for(network, objective, rows, 300, ALONE)
    engine.compute(engine.prepare(rows.X, rows.y, rows.weight).batches[0])
    expected = gradient_of(network, objective, rows).theta
    got = network.like(np.empty_like(network.theta))
    engine.gradient.unfold(got)
    np.testing.assert_allclose(got.theta, expected, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("bias", [True, False])
def test_a_step_moves_the_network_once_stored(bias: bool) -> None:
    network, objective, rows = setting("l2", bias=bias)
    engine = engine_for(network, objective, rows, 300, ALONE)
    before = network.theta.copy()
    gradient = gradient_of(network, objective, rows).theta
    engine.compute(engine.prepare(rows.X, rows.y, rows.weight).batches[0])
    engine.update(0.5)
    np.testing.assert_array_equal(network.theta, before)
    engine.store()
    np.testing.assert_allclose(network.theta, before - 0.5 * gradient, rtol=1e-12)


def test_hard_labels_keep_relative_precision_in_both_tails() -> None:
    network = Network((1, 1), True, np.array([1.0, 0.0]))
    h = np.array([-600.0, -40.0, 0.0, 40.0, 600.0])
    rows = Rows(np.repeat(h, 2)[:, np.newaxis], np.tile([0.0, 1.0], 5)[:, np.newaxis])
    objective = objective_from(LossConfig(), rows.y)
    for k, row in enumerate(rows.X):
        engine = engine_for(network, objective, rows, 1, ALONE)
        engine.compute(engine.prepare(rows.X, rows.y, rows.weight).batches[k])
        expected = gradient_of(network, objective, Rows(row[np.newaxis], rows.y[[k]]))
        np.testing.assert_allclose(engine.gradient.flat, expected.theta, rtol=1e-14)
        assert expected.b[0][0] != 0


def test_float32_squares_that_overflow_are_taken_in_float64() -> None:
    network, objective, rows = setting("stable")
    narrow = Network(network.sizes, True, network.theta.astype(np.float32))
    few = Rows(rows.X.astype(np.float32), rows.y.astype(np.float32))
    engine = engine_for(narrow, objective, few, 300, ALONE)
    engine.gradient.flat[:] = 1e30
    sizes = [layer.size for layer in narrow.layers]
    with np.errstate(over="ignore"):
        assert engine.squared_norms() == pytest.approx([1e60 * n for n in sizes], rel=1e-6)
        engine.gradient.flat[0] = np.nan
        assert np.isnan(engine.squared_norms()[0])


def test_what_is_asked_for_is_given() -> None:
    assert thread_count(3, (2, 2), 1) == 3


def test_small_layers_get_one_thread() -> None:
    assert thread_count(None, (30, 16, 8, 1), 32) == 1
    assert thread_count(None, (4, 1_000_000, 1), 1) == 1


def test_large_layers_get_all_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 5}, raising=False)
    assert thread_count(None, (10, 1000, 500, 1), 10) == 3
    assert thread_count(None, (10, 1000, 499, 1), 10) == 1


@pytest.mark.parametrize(("cores", "expected"), [(6, 6), (None, 1)])
def test_where_affinity_is_unknown(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, expected: int
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert thread_count(None, (1000, 1000), 100) == expected
