"""What a config is about, as a case, and each form on it: in every layer's gradient, in training.

The plain comparison on a grid of logits never loads this module: it needs tables and training.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.verdict.rule import split_name
from mlpcli.compare.choices import OTHER_LOSS, REFERENCE
from mlpcli.compare.in_training import compare_training
from mlpcli.compare.objective import objective_by
from mlpcli.compare.records import LayerComparison
from mlpcli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlpcli.check.case import Case
    from mlpcli.compare.summary import Comparison
    from mlpcli.config import Config
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = [
    "compare_on_data",
]


def compare_on_data(
    on_grid: Comparison,
    forms: Sequence[str],
    config: Config,
    case: Case,
    *,
    weight_scale: float,
    seeds: int,
    progress: Callable[[str, int], None],
) -> Comparison:
    """Return the comparison with the gradients of a case and the training of its config.

    First weights are multiplied by `weight_scale`. Raises UsageError where they cannot be compared.
    """
    from mlpcli.compare.summary import paired_differences

    epsilon, dtype = on_grid.epsilon, config.training.dtype
    layers = compare_layers(scale_weights(case, weight_scale, dtype), forms, epsilon, dtype)
    runs = compare_training(
        config, forms, epsilon, seeds=seeds, weight_scale=weight_scale, progress=progress
    )
    return replace(on_grid, layers=layers, training=runs, paired=paired_differences(runs))


def scale_weights(case: Case, scale: float, dtype: str) -> Case:
    """Return the case with all weights multiplied, biases too, to push it into saturation.

    Raises UsageError where that is more than `dtype` holds.
    """
    network = case.network
    largest = float(np.abs(network.theta).max()) * scale
    if largest > float(np.finfo(dtype).max):
        raise UsageError(
            f"--weight-scale {scale:g}: makes weights of {largest:.1e}, too large for {dtype}"
        )
    return replace(case, network=network.with_theta(network.theta * scale))


def compare_layers(
    case: Case, forms: Sequence[str], epsilon: float, dtype: str
) -> tuple[LayerComparison, ...]:
    """Return every tensor's gradient under each form, computed in `dtype`, and under mse."""
    if not np.isin(case.y, (0, 1)).all():
        raise UsageError(
            "data.target: expected labels 0 and 1, got labels between them, for which even the "
            "stable form rounds twice; leave out CONFIG to compare on the grid alone"
        )
    truth = dict(_gradient(case, REFERENCE, epsilon, "float64").tensors())
    return tuple(
        _compare(form, name, tensor.astype(np.float64), truth[name])
        for form in (*forms, OTHER_LOSS)
        for name, tensor in _gradient(case, form, epsilon, dtype).tensors()
    )


@np.errstate(over="ignore", invalid="ignore")  # what comes of it is counted
def _gradient(case: Case, form: str, epsilon: float, dtype: str) -> Parameters:
    """Return dJ/dtheta by backpropagation in `dtype`; nan where the form breaks."""
    omega = None if case.omega is None else case.omega.astype(dtype)
    objective = objective_by(case.objective.loss, form, epsilon, case.objective.l2)
    return objective.gradient(case.forward(dtype), case.y.astype(dtype), omega)


def _compare(form: str, name: str, values: FloatArray, truth: FloatArray) -> LayerComparison:
    finite = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.maximum(np.abs(values), np.abs(truth))
        relative = np.where(size == 0, 0, np.abs(values - truth) / size)
    comparable = form != OTHER_LOSS and finite.any()
    norm = float(np.linalg.norm(values))
    layer, parameter = split_name(name)
    return LayerComparison(
        form=form,
        layer=layer,
        parameter=parameter,
        max_relative_error=float(relative[finite].max()) if comparable else None,
        non_finite=int((~finite).sum()),
        gradient_norm=norm if np.isfinite(norm) else None,
    )
