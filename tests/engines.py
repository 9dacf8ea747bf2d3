"""The engines, and what they are held to: one gradient after the other by the objective."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from mlpcli.nn.activations import activation_by
from mlpcli.nn.answers import each_output, likeliest
from mlpcli.nn.kernel.counterparts import counterparts
from mlpcli.nn.kernel.engine import KernelEngine
from mlpcli.nn.kernel.library import kernel_for
from mlpcli.nn.losses import loss_by
from mlpcli.nn.network import Network, Parameters
from mlpcli.nn.objective import Objective, balanced_class_weights
from mlpcli.nn.optimizers import OPTIMIZERS
from mlpcli.nn.step import NumpyEngine
from mlpcli.nn.task import Engine, Task
from mlpcli.parallel import ALONE, Team

LOSSES: dict[str, tuple[str, str | None, str | None]] = {  # loss, output, form
    "stable": ("bce", None, None),
    "l2": ("bce", None, None),
    "balanced": ("bce", None, None),
    "mse": ("mse", None, None),
    "linear": ("mse", "identity", None),
    "softmax": ("cross_entropy", None, None),
    "naive": ("bce", None, "naive"),
}
ENGINES = ("numpy", "kernel")


@dataclass
class Given:
    """Rows to train on: X (N x n_0), y (N x K) and weight (N,) or None."""

    X: Any
    y: Any
    weight: Any = None

    def take(self, index: Any) -> Given:
        weight = None if self.weight is None else self.weight[index]
        return Given(self.X[index], self.y[index], weight)

    def cast(self, dtype: str) -> Given:
        weight = None if self.weight is None else self.weight.astype(dtype)
        return Given(self.X.astype(dtype), self.y.astype(dtype), weight)


def setting(
    loss: str,
    *,
    soft: bool = False,
    weighted: bool = False,
    bias: bool = True,
    outputs: int = 3,
    activation: str = "sigmoid",
) -> tuple[Network, Objective, Given]:
    """Return a network 5-7-4-`outputs`, an objective and 300 rows."""
    rng = np.random.default_rng(8)
    sizes = (5, 7, 4, outputs)
    theta = rng.normal(size=Network.count(sizes, bias))
    network = Network(sizes, bias, theta, activation_by(activation, 0.125))
    kind, output, form = LOSSES[loss]
    record = loss_by(kind, output)
    y = rng.random((300, outputs))
    y = y if soft else np.round(y)
    if not record.separable:
        y = (
            y / y.sum(axis=1, keepdims=True)
            if soft
            else np.eye(outputs)[rng.integers(0, outputs, 300)]
        )
        y[np.isnan(y)] = 1 / outputs
    weights = balanced_class_weights(y) if loss == "balanced" else None
    objective = Objective(
        record,
        record.truth if form is None else record.form(form),
        l2=0.1 if loss == "l2" else 0.0,
        class_weight=weights,
    )
    return (
        network,
        objective,
        Given(rng.normal(size=(300, 5)), y, rng.random(300) if weighted else None),
    )


def gradient_of(network: Network, objective: Objective, rows: Given) -> Parameters:
    """Return the gradient as it is computed outside of the engines."""
    omega = objective.cell_weights(rows.y, rows.weight)
    return objective.gradient(network.forward(rows.X), rows.y, omega)


def engine_of(
    kind: str,
    network: Network,
    objective: Objective,
    rows: Given,
    size: int,
    team: Team = ALONE,
    rule: str = "sgd",
    level: str | None = None,
) -> Engine:
    """Return an engine at its start; skip the test where it cannot be had or has no such thing."""
    optimizer = OPTIMIZERS[rule]()
    answers = each_output if objective.loss.separable else likeliest
    state = optimizer.init(network.theta)
    task = Task(network, objective, optimizer, state, size, team, answers)
    engine: Engine = NumpyEngine(task)
    if kind != "numpy":
        codes = counterparts(network.activation, objective, optimizer, answers)
        kernel = kernel_for(None if level is None else f"c {level}")
        if kernel is None:
            pytest.skip("there is no compiled kernel")
        if isinstance(codes, str):
            pytest.skip("this engine has nothing of the kind")
        engine = KernelEngine(task, kernel, codes)
    engine.use(rows.X, rows.y, rows.weight)
    return engine
