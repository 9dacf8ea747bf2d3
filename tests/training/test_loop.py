"""The epochs: what a step sees, when a run ends, and what it leaves when it goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_mlp
from mlpcli.config import LossConfig, NetworkConfig, TrainingConfig
from mlpcli.data.rows import Rows
from mlpcli.nn.optimizers import Adam, Sgd
from mlpcli.nn.schedule import Schedule
from mlpcli.training.build import network_from, objective_from, schedule_from
from mlpcli.training.loop import Loop, Position

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.nn.optimizers import Optimizer


@pytest.fixture(autouse=True, scope="module", params=["kernel", "numpy"])
def _kernel(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run everything by the compiled kernel, where there is one, and by NumPy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLP_KERNEL", "" if request.param == "kernel" else "numpy")
        yield


def rows(count: int, inputs: int = 3, outputs: int = 1, seed: int = 0, **more: Any) -> Rows:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, inputs))
    y = (X[:, :outputs] + rng.normal(size=(count, outputs)) > 0).astype(float)
    return Rows(X, y, **more)


def loop_of(
    train: Rows,
    validation: Rows | None = None,
    *,
    hidden: tuple[int, ...] = (4,),
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    rate: float = 0.5,
    epochs: int = 3,
    batch_size: int = 8,
    patience: int | None = None,
    dtype: str = "float64",
    scale: float = 1.0,
    **loss: Any,
) -> Loop:
    sizes = (train.X.shape[1], *hidden, train.y.shape[1])
    config = NetworkConfig(init_scale=scale)
    network = network_from(config, sizes, dtype, np.random.default_rng(1))
    chosen = optimizer or Sgd()
    parts = [
        None
        if part is None
        else Rows(
            part.X.astype(dtype),
            part.y.astype(dtype),
            None if part.weight is None else part.weight.astype(dtype),
        )
        for part in (train, validation)
    ]
    assert parts[0] is not None
    return Loop(
        network=network,
        objective=objective_from(LossConfig.model_validate(loss), train.y),
        optimizer=chosen,
        state=chosen.init(network.theta),
        schedule=schedule or Schedule(rate, epochs),
        train=parts[0],
        validation=parts[1],
        epochs=epochs,
        batch_size=batch_size,
        patience=patience,
        position=Position(
            shuffle=dict(np.random.default_rng(2).bit_generator.state),
            squares=np.zeros(len(sizes) - 1),
            best_theta=network.theta.copy(),
        ),
        inputs=tuple(f"x{i}" for i in range(train.X.shape[1])),
    )


def reference_epochs(loop: Loop) -> tuple[Any, list[float], list[list[float]]]:
    """Train by the plain reference in the loop's order of rows: theta, losses, gradient norms."""
    rng = np.random.default_rng(2)
    W = [W.copy() for W in loop.network.W]
    b = [b.copy() for b in loop.network.b]
    X, y = loop.train.X, loop.train.y
    losses, norms = [], []
    for epoch in range(1, loop.epochs + 1):
        rate = loop.schedule.rate(epoch)
        order = rng.permutation(len(X))
        total, squares = 0.0, []
        for start in range(0, len(X), loop.batch_size):
            part = order[start : start + loop.batch_size]
            arguments: dict[str, Any] = {"W": W, "b": b, "X": X[part], "y": y[part], "kind": "bce"}
            arguments["omega"] = np.ones_like(y[part])
            total += len(part) * reference_mlp.loss(**arguments, l2=0.0)
            dW, db = reference_mlp.backprop(**arguments, l2=loop.objective.l2)
            squares.append(
                [float((g**2).sum() + (h**2).sum()) for g, h in zip(dW, db, strict=True)]
            )
            W = [w - rate * g for w, g in zip(W, dW, strict=True)]
            b = [v - rate * g for v, g in zip(b, db, strict=True)]
        losses.append(total / len(X))
        norms.append(np.sqrt(np.mean(squares, axis=0)).tolist())
    return np.concatenate([t.ravel() for p in zip(W, b, strict=True) for t in p]), losses, norms


@pytest.mark.parametrize("count", [1, 16, 21])
def test_records_and_weights_equal_the_reference(count: int) -> None:
    """21 rows in batches of 8: the last one has 5, and counts for 5 in the loss."""
    loop = loop_of(rows(count, outputs=2), l2=0.05, schedule=Schedule(0.5, 4, "cosine"), epochs=4)
    theta, losses, norms = reference_epochs(loop)
    records = list(loop.records())
    assert [r.epoch for r in records] == [1, 2, 3, 4]
    assert [r.train_loss for r in records] == pytest.approx(losses, rel=1e-11)
    for record, norm in zip(records, norms, strict=True):
        assert record.gradient_norm == pytest.approx(norm, rel=1e-10)
    assert [r.learning_rate for r in records] == [loop.schedule.rate(e) for e in range(1, 5)]
    np.testing.assert_allclose(loop.network.theta, theta, rtol=1e-11, atol=1e-12)
    np.testing.assert_array_equal(loop.position.best_theta, loop.network.theta)
    assert (loop.stopped, loop.position.best_epoch) == ("epochs", 4)
    assert all(r.validation_loss is None and r.metrics is None for r in records)


@given(count=st.integers(1, 40), size=st.integers(1, 12))
def test_each_epoch_deals_every_row_once(count: int, size: int) -> None:
    loop = loop_of(rows(count), batch_size=min(size, count), epochs=2)
    seen: list[Any] = []
    steps = loop.engine.steps

    def watch(order: Any, *more: Any) -> Any:
        seen.append(loop.train.X[order])
        return steps(order, *more)

    loop.engine.steps = watch  # type: ignore[method-assign, assignment]  # watched, not changed
    list(loop.records(lambda _: None))
    sizes = [len(X) for X in seen]
    per_epoch = -(-count // min(size, count))
    assert sizes[:per_epoch] == sizes[per_epoch:]
    assert all(n == min(size, count) for n in sizes[: per_epoch - 1])
    dealt = [np.concatenate(seen[:per_epoch]), np.concatenate(seen[per_epoch:])]
    for epoch in dealt:
        np.testing.assert_array_equal(np.sort(epoch, axis=0), np.sort(loop.train.X, axis=0))
    if count > 9:
        assert not np.array_equal(dealt[0], dealt[1])


def test_row_weights_enter_loss_and_gradient() -> None:
    """Weight 2 on a row is the row twice, in one batch of all rows."""
    data = rows(6)
    weighted = Rows(data.X, data.y, np.array([2, 1, 1, 0, 1, 1.0]))
    picked = [0, 0, 1, 2, 4, 5]
    twice = Rows(data.X[picked], data.y[picked])
    a, b = (loop_of(part, validation=part, batch_size=6) for part in (weighted, twice))
    for ours, theirs in zip(a.records(), b.records(), strict=True):
        assert ours.train_loss == pytest.approx(theirs.train_loss, rel=1e-12)
        assert ours.validation_loss == pytest.approx(theirs.validation_loss, rel=1e-12)
    np.testing.assert_allclose(a.network.theta, b.network.theta, rtol=1e-12)


def test_validation_in_blocks_equals_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlpcli.data.rows._PIECE_ROWS", 4)
    held_out = rows(11, outputs=2, seed=5)
    loop = loop_of(rows(9, outputs=2), held_out, epochs=1, class_weight={0: 5.0, 1: 1.0}, l2=9.0)
    (record,) = loop.records()
    parts: list[Any] = [loop.network.W, loop.network.b, held_out.X]
    z = reference_mlp.forward(*parts)[-1]
    bce = -(held_out.y * np.log(z) + (1 - held_out.y) * np.log(1 - z))
    assert record.validation_loss == pytest.approx(bce.sum() / 11, rel=1e-12)
    assert record.metrics == {"accuracy": np.mean((z >= 0.5) == (held_out.y >= 0.5))}


def test_early_stopping_keeps_the_best_weights() -> None:
    """Labels of the validation rows are turned round, so learning makes their loss worse."""
    train = rows(30)
    turned = Rows(train.X, 1 - train.y)
    loop = loop_of(train, turned, epochs=50, patience=3)
    thetas: list[Any] = []
    losses: list[Any] = []
    for record in loop.records():
        thetas.append(loop.network.theta.copy())
        losses.append(record.validation_loss)
    best = int(np.argmin(losses))
    assert loop.stopped == "early-stopping"
    assert len(losses) == best + 1 + 3
    assert loop.position.best_epoch == best + 1
    assert loop.position.best_loss == losses[best]
    np.testing.assert_array_equal(loop.position.best_theta, thetas[best])
    assert not np.array_equal(loop.network.theta, thetas[best])


def test_patience_starts_anew_with_every_new_best() -> None:
    loop = loop_of(rows(30), rows(30, seed=1), epochs=40, patience=2, rate=3.0)
    losses: list[Any] = [record.validation_loss for record in loop.records()]
    waited, best, expected = 0, np.inf, 0
    for loss in losses:
        expected += 1
        waited, best = (0, loss) if loss < best else (waited + 1, best)
        if waited == 2:
            break
    assert len(losses) == expected
    assert loop.position.best_loss == min(losses)


def test_a_tie_is_no_improvement() -> None:
    loop = loop_of(rows(5), rows(5), rate=0.0, epochs=9, patience=2)
    assert len(list(loop.records())) == 3
    assert loop.position.best_epoch == 1


def test_plateau_lowers_the_rate() -> None:
    settings = {"name": "plateau", "patience": 1, "factor": 0.5}
    config = TrainingConfig.model_validate({"schedule": settings, "optimizer": "sgd"})
    loop = loop_of(rows(5), rows(5), schedule=schedule_from(config), epochs=4)
    loop.schedule.base = 0.0
    rates = [loop.schedule.scale for _ in loop.records()]
    assert rates == [1.0, 0.5, 0.25, 0.125]


@pytest.mark.parametrize("stop_at", [0, 1, 2, 3])
def test_interrupted_at_a_batch(stop_at: int) -> None:
    whole = loop_of(rows(30), epochs=2)
    records = list(whole.records())
    loop = loop_of(rows(30), epochs=2)
    assert list(loop.records(lambda index: index == stop_at)) == []
    assert (loop.stopped, loop.position.epoch) == ("interrupted", 0)
    assert loop.position.batch == stop_at + 1
    loop.stopped = None
    again = list(loop.records())
    assert [r.train_loss for r in again] == [r.train_loss for r in records]
    assert [r.gradient_norm for r in again] == [r.gradient_norm for r in records]
    np.testing.assert_array_equal(loop.network.theta, whole.network.theta)


def diverge(loop: Loop) -> tuple[str, Any]:
    """Run until it diverges; return the message and the weights just before the last step."""
    before = [loop.network.theta.copy()]

    def watch(_batch: int) -> None:
        before.append(loop.network.theta.copy())

    list(loop.records(watch))
    assert loop.stopped == "diverged"
    assert loop.divergence is not None
    assert np.isfinite(loop.position.best_theta).all()
    return loop.divergence.message(), before[-1]


def test_naive_derivative_at_a_saturated_logit() -> None:
    loop = loop_of(rows(64), derivative="naive", scale=60.0, epochs=50)
    message, before = diverge(loop)
    assert loop.divergence is not None
    at = loop.divergence
    assert f"epoch {at.epoch}, batch {at.batch}, layer 2, gradient norm nan" in message
    assert message.startswith("training diverged: the gradient is not finite at")
    assert "learning rate 0.5: the naive derivative is 0/0 at the saturated logit" in message
    assert message.endswith("set loss.derivative to stable")
    np.testing.assert_array_equal(loop.network.theta, before)
    assert at.batch == loop.position.batch + 1


def test_unscaled_column() -> None:
    data = rows(16)
    data.X[:, 1] = 1e300 * np.sign(data.X[:, 1])
    data.X[:, 2] = 1e300
    loop = loop_of(data, hidden=(), scale=1e10)
    message, before = diverge(loop)
    assert 'input "x1" is as large as 1e+300; set data.standardize to true' in message
    np.testing.assert_array_equal(loop.network.theta, before)


def test_infinite_input() -> None:
    data = rows(16)
    data.X[3, 2] = 1e39  # beyond float32
    with np.errstate(over="ignore"):
        loop = loop_of(data, dtype="float32", batch_size=16)
    message, before = diverge(loop)
    assert 'input "x2" is as large as inf' in message
    assert "epoch 1, batch 1, layer 1" in message
    assert loop.position.best_epoch == 0
    np.testing.assert_array_equal(loop.network.theta, before)


def test_rate_too_high() -> None:
    loop = loop_of(rows(64), rate=1e200, epochs=50, hidden=(), l2=1.0)
    message, before = diverge(loop)
    assert message.endswith("learning rate is too high; set training.optimizer.learning_rate lower")
    assert "learning rate 1e+200" in message
    np.testing.assert_array_equal(loop.network.theta, before)


def test_a_last_update_that_overflows_is_not_kept() -> None:
    """No gradient after it could tell, so the weights themselves are looked at."""
    for validation in (None, rows(8)):
        loop = loop_of(rows(8), validation, rate=1e300, epochs=1, hidden=(), l2=1e10)
        loop.network.theta *= 1e5
        loop.position.best_theta[:] = loop.network.theta
        message, _ = diverge(loop)
        assert message.startswith("training diverged: a weight is not finite at epoch 1, learning")


def test_adam_whose_squares_overflow() -> None:
    """Its step would be 0 for ever: silent, and no gradient is infinite."""
    data = rows(8)
    data.X[:, 0] *= 1e25
    loop = loop_of(data, optimizer=Adam(), dtype="float32", hidden=(), epochs=1)
    loop.network.theta[:] = 0
    message, _ = diverge(loop)
    assert 'the optimizer\'s "square" is not finite at epoch 1' in message
    assert 'input "x0" is as large as' in message


def test_validation_loss_that_is_not_finite() -> None:
    held_out = rows(8, seed=1)
    held_out.X[0] = np.array([1e308, 1e308, -1e308])
    loop = loop_of(rows(8), held_out, hidden=(), scale=1e10, rate=1e-3)
    message, _ = diverge(loop)
    assert "the validation loss is not finite at epoch 1, learning rate 0.001" in message
    assert loop.position.best_epoch == 0


def test_large_float32_gradients_are_no_divergence() -> None:
    """Their squares overflow in float32, they do not."""
    data = rows(8)
    data.X[:, 0] *= 1e25
    loop = loop_of(data, dtype="float32", hidden=(), epochs=1, rate=1e-30)
    loop.network.theta[:] = 0
    (record,) = loop.records()
    assert loop.stopped == "epochs"
    assert 1e24 < record.gradient_norm[0] < 1e26


def test_nothing_happens_after_the_end() -> None:
    loop = loop_of(rows(5), epochs=1)
    assert len(list(loop.records())) == 1
    kept = loop.network.theta.copy()
    assert list(loop.records()) == []
    np.testing.assert_array_equal(loop.network.theta, kept)
