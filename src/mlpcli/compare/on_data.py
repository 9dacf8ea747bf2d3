"""Builds the case that a config describes: its training rows, its weights, its objective."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.check.case import Case, case_from
from mlpcli.data.dataset import load_dataset
from mlpcli.errors import ModelError, UsageError
from mlpcli.nn.network import initial_network
from mlpcli.nn.objective import objective_from
from mlpcli.seeds import Stream, generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.config import Config
    from mlpcli.data.dataset import Dataset
    from mlpcli.data.rows import AnyRows
    from mlpcli.nn.network import Network
    from mlpcli.training.model_file import Model

__all__ = ["MOST_ROWS", "case_from_config", "objective_keywords"]

MOST_ROWS = 1000


def case_from_config(
    config: Config, *, model: Model | None = None, rows: int | None = None
) -> Case:
    """Return the case of a config, float64 whatever `training.dtype` says.

    Its rows are the training rows, all or a seeded `rows` of them (1,000 if there are more). Its
    weights are those of `model`, or fresh ones by `network.init` and `training.seed`. Raises
    DataError, and ModelError where the model is one of another network.
    """
    wide = config.model_copy(
        update={"training": config.training.model_copy(update={"dtype": "float64"})}
    )
    dataset = load_dataset(wide)
    network = _fresh(config, dataset) if model is None else _trained(dataset, model)
    chosen = _choose(dataset.train, rows, config.training.seed)
    omega = objective_from(config.loss, dataset.train.y).cell_weights(chosen.y, chosen.weight)
    keywords = objective_keywords(config)
    return case_from(network, chosen.X, chosen.y, omega=_full(omega, chosen.y), **keywords)


def objective_keywords(config: Config) -> dict[str, Any]:
    """Return what a config says of the objective of a case: kind, l2, learning rate."""
    return {
        "kind": config.loss.kind,
        "l2": config.loss.l2,
        "learning_rate": config.training.optimizer.learning_rate,
    }


def _fresh(config: Config, dataset: Dataset) -> Network:
    sizes = (dataset.train.width, *config.network.hidden, len(dataset.targets))
    rng = generator(config.training.seed, Stream.WEIGHTS)
    return initial_network(sizes, config.network, "float64", rng)


def _trained(dataset: Dataset, model: Model) -> Network:
    if model.encoder.inputs != dataset.encoder.inputs:
        raise ModelError(
            f"--model: expected a network for the inputs {', '.join(dataset.encoder.inputs[:5])}.. "
            f"of the config, got one for {', '.join(model.encoder.inputs[:5])}.."
        )
    if model.network.sizes[-1] != len(dataset.targets):
        outputs = model.network.sizes[-1]
        raise ModelError(f"--model: expected {len(dataset.targets)} outputs, got {outputs}")
    return model.network


def _choose(train: AnyRows, rows: int | None, seed: int) -> AnyRows:
    """Return all rows, or as many as wanted by a seeded choice, in their order."""
    if rows is not None and rows > len(train):
        raise UsageError(f"--rows: expected at most {len(train)}, the training rows, got {rows}")
    wanted = min(len(train), MOST_ROWS) if rows is None else rows
    if wanted == len(train):
        return train
    rng = generator(seed, Stream.ROWS)
    return train.take(np.sort(rng.choice(len(train), wanted, replace=False)))


def _full(
    omega: NDArray[np.floating[Any]] | None, y: NDArray[np.floating[Any]]
) -> NDArray[np.floating[Any]] | None:
    """Return omega in the shape of y, scaled to the rows of the case: J is their weighted mean."""
    return None if omega is None else np.broadcast_to(omega, y.shape).copy()
