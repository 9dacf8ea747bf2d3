"""Each optimizer's path against the plain rule, its state, and its place in config and registry."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_mlp
from mlpcli import config as settings
from mlpcli.nn.network import initial_network
from mlpcli.nn.objective import Objective
from mlpcli.nn.optimizers import OPTIMIZERS
from mlpcli.training.build import optimizer_from

CONFIGS: dict[str, Any] = {
    "sgd": settings.Sgd,
    "momentum": settings.Momentum,
    "nesterov": settings.Nesterov,
    "adam": settings.Adam,
}
CONSTANTS: dict[str, dict[str, float]] = {
    "sgd": {},
    "momentum": {"momentum": 0.8},
    "nesterov": {"momentum": 0.8},
    "adam": {"beta1": 0.85, "beta2": 0.99, "epsilon": 1e-6},
}
every_optimizer = pytest.mark.parametrize("name", list(OPTIMIZERS))


def reference_path(name: str, theta: Any, gradients: list[Any], rate: float) -> list[Any]:
    c = CONSTANTS[name]
    if name == "sgd":
        return reference_mlp.sgd(theta, gradients, rate)
    if name == "adam":
        return reference_mlp.adam(theta, gradients, rate, c["beta1"], c["beta2"], c["epsilon"])
    return reference_mlp.momentum(theta, gradients, rate, c["momentum"], look=name == "nesterov")


def test_config_and_registry_know_the_same_names() -> None:
    assert list(OPTIMIZERS) == list(CONFIGS) == list(CONSTANTS)
    union = get_args(get_args(settings.OptimizerConfig)[0])
    assert {*union} == {*CONFIGS.values(), settings.Lbfgs}  # which is no rule of one step


@every_optimizer
def test_path_of_100_steps_on_given_gradients(name: str) -> None:
    rng = np.random.default_rng(11)
    theta = rng.normal(size=20)
    gradients = [rng.normal(0, 10.0 ** rng.integers(-6, 3), 20) for _ in range(100)]
    optimizer = optimizer_from(CONFIGS[name](**CONSTANTS[name]))
    got, state = theta.copy(), optimizer.init(theta)
    for g, expected in zip(gradients, reference_path(name, theta, gradients, 0.03), strict=True):
        optimizer.update(got, g, state, 0.03)
        assert np.abs(got - expected).max() <= 1e-12 * max(1.0, np.abs(expected).max())
    assert np.abs(got - theta).min() > 1e-6  # it did go somewhere


@every_optimizer
def test_path_of_100_training_steps(name: str) -> None:
    """The gradient is taken along each path itself, so that errors would feed back."""
    rng = np.random.default_rng(4)
    network = initial_network((4, 5, 3, 1), rng)
    X, y = rng.normal(size=(30, 4)), (rng.random((30, 1)) < 0.4).astype(float)
    objective = Objective.exact("bce", l2=0.01)
    optimizer = optimizer_from(CONFIGS[name](**CONSTANTS[name]))
    state, gradients, start = optimizer.init(network.theta), [], network.theta.copy()
    theirs: Any = network.like(start.copy())
    for _ in range(100):
        dW, db = reference_mlp.backprop(
            theirs.W, theirs.b, X, y,
            np.ones_like(y), 0.01, "bce",
        )  # fmt: skip
        gradients.append(
            np.concatenate([g.ravel() for pair in zip(dW, db, strict=True) for g in pair])
        )
        theirs = network.like(reference_path(name, start, gradients, 0.05)[-1])
        gradient = objective.gradient(network.forward(X), y)
        optimizer.update(network.theta, gradient.theta, state, 0.05)
    assert np.abs(network.theta - theirs.theta).max() <= 1e-12 * np.abs(theirs.theta).max()
    assert np.abs(network.theta - start).max() > 0.1


@every_optimizer
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_updates_work_in_place_and_keep_the_dtype(name: str, dtype: str) -> None:
    optimizer = OPTIMIZERS[name]()
    theta, gradient = np.ones(3, dtype), np.full(3, 0.5, dtype)
    state = optimizer.init(theta)
    arrays = dict(state)
    optimizer.update(theta, gradient, state, 0.1)
    assert theta.dtype == dtype
    assert (theta < 1).all()
    assert gradient.tolist() == [0.5] * 3
    assert state.keys() == arrays.keys()
    for key, array in state.items():
        assert array is arrays[key]
        assert array.dtype == (np.int64 if key == "steps" else dtype)
        assert array.any()
    assert not any(array.any() for array in optimizer.init(theta).values())


@every_optimizer
def test_state_is_all_there_is(name: str) -> None:
    """Going on from copies of theta and state gives the same path, as a checkpoint needs."""
    optimizer = OPTIMIZERS[name]()
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(20, 4))
    theta = np.ones(4)
    state = optimizer.init(theta)
    for g in gradients[:7]:
        optimizer.update(theta, g, state, 0.1)
    again, copied = theta.copy(), {key: array.copy() for key, array in state.items()}
    for g in gradients[7:]:
        optimizer.update(theta, g, state, 0.1)
        OPTIMIZERS[name]().update(again, g, copied, 0.1)
    np.testing.assert_array_equal(theta, again)


@every_optimizer
@given(
    gradient=st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=5),
    rate=st.floats(1e-6, 1.0),
)
def test_first_step_goes_downhill_in_every_coordinate(
    name: str, gradient: list[float], rate: float
) -> None:
    theta, g = np.zeros(len(gradient)), np.array(gradient)
    optimizer = OPTIMIZERS[name]()
    optimizer.update(theta, g, optimizer.init(theta), rate)
    assert (theta * g <= 0).all()
    assert (np.abs(theta[np.abs(g) > 1e-6]) > 0).all()
    if name == "adam":
        assert (np.abs(theta) <= rate * (1 + 1e-12)).all()  # section 2.1 of the paper


def test_adam_does_not_move_without_a_gradient() -> None:
    adam, theta = OPTIMIZERS["adam"](), np.ones(3, np.float32)
    state = adam.init(theta)
    for _ in range(3):
        adam.update(theta, np.zeros(3, np.float32), state, 0.1)
    assert theta.tolist() == [1, 1, 1]


@every_optimizer
def test_config_sets_every_constant(name: str) -> None:
    optimizer = optimizer_from(CONFIGS[name](**CONSTANTS[name]))
    assert type(optimizer) is OPTIMIZERS[name]
    assert vars(optimizer) == CONSTANTS[name]
    assert vars(optimizer_from(CONFIGS[name]())) == vars(OPTIMIZERS[name]())  # the same defaults


@every_optimizer
@pytest.mark.parametrize("gradient", [0.0, 1e-25, 1e-41])
def test_moments_never_stay_subnormal(name: str, gradient: float) -> None:
    """A weight whose input is always 0, or whose layer has vanished, after a lively start."""
    optimizer, theta = OPTIMIZERS[name](), np.ones(50, np.float32)
    state, tiny = optimizer.init(theta), np.finfo(np.float32).tiny
    optimizer.update(theta, np.full(50, 1e-3, np.float32), state, 0.01)
    g = np.full(50, gradient, np.float32)
    for step in range(2000):
        optimizer.update(theta, g, state, 0.01)
        if step % 100 == 99:
            for moment in optimizer.moments:
                values = np.abs(state[moment])
                assert ((values == 0) | (values >= tiny)).all() or gradient == 1e-41
