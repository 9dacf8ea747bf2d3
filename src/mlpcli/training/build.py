"""Turns a config into what it names: network, objective, optimizer, schedule, and their loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config import ClassWeight, Lbfgs
from mlpcli.data.settle import label_weights
from mlpcli.errors import ConfigError
from mlpcli.extras import require_extra
from mlpcli.nn.activations import activation_by
from mlpcli.nn.answers import each_output, likeliest
from mlpcli.nn.kernel.library import kernel_for
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import initial_network
from mlpcli.nn.objective import Objective, balanced_class_weights, balanced_label_weights
from mlpcli.nn.optimizers import OPTIMIZERS, Sgd
from mlpcli.nn.schedule import Schedule
from mlpcli.parallel import ALONE
from mlpcli.seeds import Stream, generator
from mlpcli.training.loop import Loop, Position

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.config import Config, LossConfig, NetworkConfig, OptimizerConfig, TrainingConfig
    from mlpcli.data.dataset import Dataset
    from mlpcli.data.target import Classes
    from mlpcli.nn.activation import Activation
    from mlpcli.nn.network import Network
    from mlpcli.nn.optimizers import Optimizer
    from mlpcli.nn.sigmoid import FloatArray
    from mlpcli.parallel import Team

__all__ = [
    "activation_from",
    "layer_sizes",
    "network_from",
    "new_loop",
    "objective_from",
    "optimizer_from",
    "require_trainable",
    "rows_per_step",
    "schedule_from",
]


def layer_sizes(config: Config, dataset: Dataset) -> tuple[int, ...]:
    """Return n_0, .., n_L for these inputs and targets."""
    return (dataset.train.width, *config.network.hidden, dataset.outputs)


def activation_from(config: NetworkConfig) -> Activation:
    """Return the activation of the hidden layers."""
    return activation_by(config.activation, config.slope)


def network_from(
    config: NetworkConfig, sizes: Sequence[int], dtype: str, rng: np.random.Generator
) -> Network:
    """Return a fresh network of these sizes; ConfigError where its weights overflow the dtype."""
    activation = activation_from(config)
    network = initial_network(
        sizes,
        rng,
        init=config.init or activation.init,
        scale=config.init_scale,
        bias=config.bias,
        dtype=dtype,
        activation=activation,
    )
    if not np.isfinite(network.theta).all():
        got = f"got {config.init_scale:g}; set it lower"
        raise ConfigError(f"network.init_scale: expected weights that {dtype} can hold, {got}")
    return network


def objective_from(config: LossConfig, y: FloatArray, classes: Classes | None = None) -> Objective:
    """Return the objective of a config whose kind of loss is settled.

    `y` (N x K) are the training labels, which `balanced` counts; `classes` is the target if it is
    one of three and more labels.
    """
    loss = LOSSES[config.kind or "bce"]
    weights = _class_weights(config, y) if classes is None else _label_weights(config, y, classes)
    return Objective(loss, loss.form(config.derivative), config.epsilon, config.l2, weights)


def _class_weights(config: LossConfig, y: FloatArray) -> FloatArray | None:
    """Return the weights of label 0 and of label 1 of each output (2 x K), None where all are 1."""
    given = config.class_weight
    if given is None:
        return None
    if not isinstance(given, ClassWeight):
        return balanced_class_weights(y)
    return np.array([[given.negative] * y.shape[1], [given.positive] * y.shape[1]])


def _label_weights(config: LossConfig, y: FloatArray, classes: Classes) -> FloatArray | None:
    """Return the weight of each label (K,), None where all are 1."""
    if config.class_weight == "balanced":
        return balanced_label_weights(y)
    weights = label_weights(config, classes)
    return None if weights is None else np.array(weights)


def optimizer_from(config: OptimizerConfig) -> Optimizer:
    """Return the optimizer with its constants."""
    constants = config.model_dump(exclude={"name", "learning_rate"})
    return OPTIMIZERS[config.name](**constants)


def schedule_from(config: TrainingConfig) -> Schedule:
    """Return the schedule with its constants."""
    constants = config.schedule.model_dump(exclude={"name"})
    return Schedule(
        config.optimizer.learning_rate, config.epochs, config.schedule.name, **constants
    )


def require_trainable(config: Config) -> None:
    """Raise ConfigError for a network that is only checked: one whose output is its logits.

    Raises UsageError where the optimizer needs a package that is not there.
    """
    if isinstance(config.training.optimizer, Lbfgs):
        require_extra("training.optimizer: lbfgs", "scipy", "lbfgs")
    if config.network.output == "identity":
        raise ConfigError(
            "network.output: identity is for gradcheck and chain; what is trained has outputs of "
            "0 to 1: leave it out"
        )


def rows_per_step(config: TrainingConfig, rows: int) -> int:
    """Return how many of the training rows a step takes."""
    return rows if isinstance(config.optimizer, Lbfgs) else min(config.batch_size, rows)


def new_loop(config: Config, dataset: Dataset, team: Team = ALONE, kept: str | None = None) -> Loop:
    """Return a training run at its start: fresh weights, nothing written.

    A team of several shares the work of each step; BLAS should then be held to one thread. `kept`
    is the identity of the kernel by which the run was begun, if it was.
    """
    training, sizes = config.training, layer_sizes(config, dataset)
    weights = generator(training.seed, Stream.WEIGHTS)
    network = network_from(config.network, sizes, training.dtype, weights)
    kind, own = _kind_of_loop(training.optimizer, network)
    return kind(
        **own,
        network=network,
        objective=objective_from(dataset.config.loss, dataset.train.y, dataset.classes),
        schedule=schedule_from(training),
        train=dataset.train,
        validation=dataset.validation,
        epochs=training.epochs,
        batch_size=rows_per_step(training, len(dataset.train)),
        patience=training.patience,
        position=Position(
            shuffle=dict(generator(training.seed, Stream.SHUFFLE).bit_generator.state),
            squares=np.zeros(len(sizes) - 1),
            best_theta=network.theta.copy(),
        ),
        inputs=dataset.encoder.inputs,
        team=team,
        kernel=kernel_for(kept),
        answers=each_output if dataset.classes is None else likeliest,
    )


def _kind_of_loop(config: OptimizerConfig, network: Network) -> tuple[type[Loop], dict[str, Any]]:
    """Return which loop an optimizer needs, and what it alone has."""
    if isinstance(config, Lbfgs):
        from mlpcli.nn.quasi_newton import QuasiNewton
        from mlpcli.training.full_batch import FullBatch

        method = QuasiNewton(config.memory)
        own = {"method": method, "tolerance": config.tolerance, "state": method.init(network.theta)}
        return FullBatch, {"optimizer": Sgd(), **own}
    optimizer = optimizer_from(config)
    return Loop, {"optimizer": optimizer, "state": optimizer.init(network.theta)}
