"""What a config is about, as a case: its rows, its network, and what it says of J."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.check.case import Case, case_from
from mlpcli.check.convention import Convention
from mlpcli.counting import in_silence
from mlpcli.data.material import load_dataset
from mlpcli.errors import ModelError, UsageError
from mlpcli.seeds import Stream, generator
from mlpcli.training.build import activation_from, layer_sizes, network_from, objective_from

if TYPE_CHECKING:
    from mlpcli.config import Config
    from mlpcli.counting import Counting
    from mlpcli.data.dataset import Dataset
    from mlpcli.data.rows import AnyRows
    from mlpcli.nn.network import Network
    from mlpcli.training.model_file import Model

__all__ = ["case_from_config", "said_by", "training_with"]

MOST_ROWS = 1000


def case_from_config(
    config: Config,
    *,
    model: Model | None = None,
    rows: int | None = None,
    counting: Counting = in_silence,
) -> Case:
    """Return the case of a config, float64 whatever `training.dtype` says.

    Its rows are the training rows, all or a seeded `rows` of them (1,000 if there are more). Its
    weights are those of `model`, or fresh ones by `network.init` and `training.seed`. Raises
    DataError, and ModelError where the model is one of another network.
    """
    dataset = load_dataset(training_with(config, dtype="float64"), counting=counting)
    network = _fresh(config, dataset) if model is None else _trained(dataset, model)
    chosen = _choose(dataset.train, rows, config.training.seed)
    objective = objective_from(dataset.config.loss, dataset.train.y, dataset.classes)
    omega = objective.cell_weights(chosen.y, chosen.weight)
    if omega is not None and objective.loss.separable:
        omega = np.broadcast_to(omega, chosen.y.shape).copy()
    convention = Convention().with_said(**said_by(dataset.config))
    case = case_from(
        network,
        chosen.X,
        chosen.y,
        omega=omega,
        loss=convention.loss,
        output=convention.output,
        learning_rate=config.training.optimizer.learning_rate,
    )
    inputs, classes = dataset.encoder.inputs, dataset.classes
    targets = [target.name for target in dataset.targets] if classes is None else classes.labels
    return replace(convention.applied(case), inputs=inputs, outputs=tuple(targets))


def said_by(config: Config) -> dict[str, Any]:
    """Return what a config says of J, by the names of a `Convention`; a loss if it names one."""
    activation = activation_from(config.network)
    return {
        "activation": activation.name,
        "slope": activation.chosen_slope,
        "output": config.network.output,
        "loss": config.loss.kind,
        "reduction": config.gradcheck.reduction,
        "factor": config.gradcheck.factor,
        "l2": config.loss.l2,
    }


def _fresh(config: Config, dataset: Dataset) -> Network:
    sizes, rng = layer_sizes(config, dataset), generator(config.training.seed, Stream.WEIGHTS)
    return network_from(config.network, sizes, "float64", rng)


def _trained(dataset: Dataset, model: Model) -> Network:
    if model.encoder.inputs != dataset.encoder.inputs:
        raise ModelError(
            f"--model: expected a network for the inputs {', '.join(dataset.encoder.inputs[:5])}.. "
            f"of the config, got one for {', '.join(model.encoder.inputs[:5])}.."
        )
    if (outputs := model.network.sizes[-1]) != dataset.outputs:
        raise ModelError(f"--model: expected {dataset.outputs} outputs, got {outputs}")
    return model.network


def _choose(train: AnyRows, rows: int | None, seed: int) -> AnyRows:
    """Return all rows, or as many as wanted by a seeded choice, in their order.

    The weights of fewer rows are scaled to mean 1 again, since J is their weighted mean.
    """
    if rows is not None and rows > len(train):
        raise UsageError(f"--rows: expected at most {len(train)}, the training rows, got {rows}")
    wanted = min(len(train), MOST_ROWS) if rows is None else rows
    if wanted == len(train):
        return train
    chosen = generator(seed, Stream.ROWS).choice(len(train), wanted, replace=False)
    some = train.take(np.sort(chosen))
    if some.weight is None:
        return some
    mean = some.weight.mean()
    if not mean:
        raise UsageError(f"--rows: each of the {wanted} rows chosen has weight 0; choose more")
    return replace(some, weight=some.weight / mean)


def training_with(config: Config, **changes: object) -> Config:
    """Return the config with these values in its section `training`."""
    return config.model_copy(update={"training": config.training.model_copy(update=changes)})
