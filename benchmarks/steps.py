"""A subject of the benchmark: seconds per training step once everything is warm.

    python -m benchmarks.steps ours|sklearn|torch|jax SHAPE DTYPE OPTIMIZER EPOCHS

All subjects start from the same weights and see the same batches in the same order, so they end
with the same loss. An epoch counts with everything that belongs to it, in ours also the losses and
gradient norms that it records; the fastest of the second half of the epochs is printed as JSON.
"""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from mlpcli.config import LossConfig
from mlpcli.data.rows import Rows
from mlpcli.nn.losses import BCE_FORMS
from mlpcli.nn.network import Network
from mlpcli.nn.optimizers import OPTIMIZERS
from mlpcli.nn.schedule import Schedule
from mlpcli.nn.step import thread_count
from mlpcli.parallel import Team, core_count
from mlpcli.training.build import objective_from
from mlpcli.training.loop import Loop, Position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RATE = 1e-3
SHAPES = {  # sizes, rows of a batch, batches of an epoch
    "small": ((30, 16, 8, 1), 32, 17),
    "medium": ((28, 300, 300, 1), 256, 20),
    "large": ((784, 1024, 1024, 10), 512, 8),
}


def title(shape: str, dtype: str, optimizer: str) -> str:
    """Return how a step is named in the results."""
    sizes, batch, _ = SHAPES[shape]
    return f"{'-'.join(map(str, sizes))}, {batch} rows, {dtype}, {optimizer}"


@dataclass
class Task:
    """What all subjects do; `cores` is how many there are to use."""

    sizes: tuple[int, ...]
    batch: int
    steps: int
    dtype: str
    optimizer: str
    epochs: int

    def __post_init__(self) -> None:
        rng = np.random.default_rng(0)
        self.network = Network(self.sizes, True, np.zeros(Network.count(self.sizes, True)))
        for W in self.network.W:
            W[:] = rng.normal(0, np.sqrt(2 / sum(W.shape)), W.shape)
        count = self.batch * self.steps
        self.X = rng.standard_normal((count, self.sizes[0])).astype(self.dtype)
        self.y = (rng.random((count, self.sizes[-1])) < 0.5).astype(self.dtype)
        self.cores = core_count()

    def orders(self) -> Iterator[Any]:
        """Yield the order of the rows in every epoch: the one that `Loop` draws from seed 0."""
        rng = np.random.default_rng(0)
        for _ in range(self.epochs):
            yield rng.permutation(len(self.X))

    def loss(self, theta: Any) -> float:
        """Return the mean loss over all rows, by one formula for all subjects."""
        h = Network(self.sizes, True, np.asarray(theta, np.float64)).logits(self.X.astype(float))
        return float(BCE_FORMS["stable"].value(h, self.y, 0.0).sum() / len(h))

    def loss_of(self, W: list[Any], b: list[Any]) -> float:
        """Return `loss` of weights given layer by layer, W_i being n_i x n_{i-1}."""
        pairs = zip(W, b, strict=True)
        return self.loss(
            np.concatenate([np.asarray(part).ravel() for pair in pairs for part in pair])
        )


def loop_for(task: Task, team: Team) -> Loop:
    """Return our run of the task at its start; BLAS should be held to one thread."""
    network = Network(task.sizes, True, task.network.theta.astype(task.dtype))
    optimizer = OPTIMIZERS[task.optimizer]()
    return Loop(
        network=network,
        objective=objective_from(LossConfig(), task.y),
        optimizer=optimizer,
        state=optimizer.init(network.theta),
        schedule=Schedule(RATE, task.epochs),
        train=Rows(task.X, task.y),
        validation=None,
        epochs=task.epochs,
        batch_size=task.batch,
        patience=None,
        position=Position(
            shuffle=dict(np.random.default_rng(0).bit_generator.state),
            squares=np.zeros(len(task.sizes) - 1),
            best_theta=network.theta.copy(),
        ),
        inputs=(),
        team=team,
    )


def ours(task: Task) -> tuple[list[float], float]:
    threads = thread_count(None, task.sizes, task.batch)
    with threadpool_limits(1), closing(Team(threads)) as team:
        loop = loop_for(task, team)
        records, times = loop.records(), []
        for _ in range(task.epochs):
            start = perf_counter()
            next(records)
            times.append(perf_counter() - start)
    return times, task.loss(loop.network.theta)


def torch(task: Task) -> tuple[list[float], float]:
    import torch as t

    t.set_num_threads(task.cores)
    modules: list[Any] = []
    for fan_in, width in pairwise(task.sizes):
        modules += [t.nn.Linear(fan_in, width, dtype=getattr(t, task.dtype)), t.nn.Sigmoid()]
    linear, model = modules[::2], t.nn.Sequential(*modules[:-1])
    with t.no_grad():
        for layer, W, b in zip(linear, task.network.W, task.network.b, strict=True):
            layer.weight.copy_(t.from_numpy(W))
            layer.bias.copy_(t.from_numpy(b))
    rule = {"sgd": t.optim.SGD, "adam": t.optim.Adam}[task.optimizer](model.parameters(), lr=RATE)
    criterion = t.nn.BCEWithLogitsLoss(reduction="sum")
    X, y, times = t.from_numpy(task.X), t.from_numpy(task.y), []
    for order in task.orders():
        start = perf_counter()
        for index in t.from_numpy(order).split(task.batch):
            rule.zero_grad()
            (criterion(model(X[index]), y[index]) / task.batch).backward()
            rule.step()
        times.append(perf_counter() - start)
    parts = [[p.detach().numpy() for p in (layer.weight, layer.bias)] for layer in linear]
    return times, task.loss_of([W for W, _ in parts], [b for _, b in parts])


def sklearn(task: Task) -> tuple[list[float], float]:
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        task.sizes[1:-1], activation="logistic", solver=task.optimizer, batch_size=task.batch,
        alpha=0, learning_rate_init=RATE, momentum=0, nesterovs_momentum=False, shuffle=False,
    )  # fmt: skip
    y = task.y.astype(int) if task.y.shape[1] > 1 else task.y[:, 0].astype(int)
    classes = np.arange(task.y.shape[1]) if task.y.shape[1] > 1 else np.array([0, 1])
    model.partial_fit(task.X[: task.batch], y[: task.batch], classes=classes)
    for mine, W in zip(model.coefs_, task.network.W, strict=True):
        mine[:] = W.T
    for mine in model.intercepts_:
        mine[:] = 0
    del model._optimizer  # so that it starts anew
    times = []
    for order in task.orders():
        start = perf_counter()
        model.partial_fit(task.X[order], y[order])
        times.append(perf_counter() - start)
    return times, task.loss_of([W.T for W in model.coefs_], model.intercepts_)


def jax(task: Task) -> tuple[list[float], float]:
    import jax as j
    import jax.numpy as jnp

    j.config.update("jax_enable_x64", task.dtype == "float64")

    def loss(weights: Any, X: Any, y: Any) -> Any:
        z = X
        for W, b in weights[:-1]:
            z = j.nn.sigmoid(z @ W + b)
        h = z @ weights[-1][0] + weights[-1][1]
        return (j.nn.softplus(h) - y * h).sum() / len(X)

    def adam(p: Any, m: Any, v: Any, t: Any) -> Any:
        return p - RATE * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)

    def update(state: Any, g: Any) -> Any:
        weights, mean, square, t = state
        if task.optimizer == "sgd":
            return j.tree.map(lambda p, q: p - RATE * q, weights, g), mean, square, t
        t = t + 1
        mean = j.tree.map(lambda m, q: 0.9 * m + 0.1 * q, mean, g)
        square = j.tree.map(lambda v, q: 0.999 * v + 0.001 * q * q, square, g)
        return j.tree.map(lambda p, m, v: adam(p, m, v, t), weights, mean, square), mean, square, t

    @j.jit  # type: ignore[untyped-decorator]
    def epoch(state: Any, X: Any, y: Any, order: Any) -> Any:
        def step(state: Any, index: Any) -> Any:
            return update(state, j.grad(loss)(state[0], X[index], y[index])), None

        return j.lax.scan(step, state, order)[0]

    pairs = zip(task.network.W, task.network.b, strict=True)
    weights = [(jnp.asarray(W.T, task.dtype), jnp.asarray(b, task.dtype)) for W, b in pairs]
    zeros = j.tree.map(jnp.zeros_like, weights)
    state = (weights, zeros, zeros, jnp.zeros((), task.dtype))
    X, y, times = jnp.asarray(task.X), jnp.asarray(task.y), []
    for order in task.orders():
        start = perf_counter()
        state = epoch(state, X, y, jnp.asarray(order.reshape(-1, task.batch)))
        j.block_until_ready(state)
        times.append(perf_counter() - start)
    return times, task.loss_of([W.T for W, _ in state[0]], [b for _, b in state[0]])


SUBJECTS: dict[str, Callable[[Task], tuple[list[float], float]]] = {
    "ours": ours,
    "sklearn": sklearn,
    "torch": torch,
    "jax": jax,
}


def main(subject: str, shape: str, dtype: str, optimizer: str, epochs: str) -> None:
    sizes, batch, steps = SHAPES[shape]
    task = Task(sizes, batch, steps, dtype, optimizer, int(epochs))
    times, loss = SUBJECTS[subject](task)
    seconds = min(times[len(times) // 2 :]) / steps
    print(json.dumps({"seconds": seconds, "loss": loss}))


if __name__ == "__main__":
    main(*sys.argv[1:])
