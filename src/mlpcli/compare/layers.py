"""What each form does to the gradient of every layer, on the user's data and weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.compare.forms import loss_by
from mlpcli.errors import UsageError
from mlpcli.nn.losses import MSE
from mlpcli.nn.network import Network
from mlpcli.nn.objective import Objective

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.check.case import Case
    from mlpcli.nn.network import Parameters

__all__ = ["LayerComparison", "compare_layers", "scale_weights"]


@dataclass(frozen=True)
class LayerComparison:
    """One tensor under one form, against `stable` in float64; relative errors 0/0 = 0.

    `max_relative_error` is over finite entries, None for `mse`, which is another loss: only its
    `gradient_norm` can be compared.
    """

    form: str
    layer: int
    parameter: str
    max_relative_error: float | None
    non_finite: int
    gradient_norm: float | None


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
    return replace(case, network=Network(network.sizes, network.bias, network.theta * scale))


def compare_layers(
    case: Case, forms: Sequence[str], epsilon: float, dtype: str
) -> tuple[LayerComparison, ...]:
    """Return every tensor's gradient under each form, computed in `dtype`, and under mse."""
    if case.kind != "bce":
        raise UsageError("loss.kind: expected bce to compare the forms of its derivative, got mse")
    if not np.isin(case.y, (0, 1)).all():
        raise UsageError(
            "data.target: expected labels 0 and 1, got labels between them, for which even the "
            "stable form rounds twice; leave out CONFIG to compare on the grid alone"
        )
    truth = _gradient(case, "stable", epsilon, "float64")
    rows = []
    for form in forms:
        rows += _tensors(form, _gradient(case, form, epsilon, dtype), truth)
    rows += _tensors(MSE.name, _gradient(case, MSE.name, epsilon, dtype), None)
    return tuple(rows)


def _gradient(case: Case, form: str, epsilon: float, dtype: str) -> Parameters:
    """Return dJ/dtheta by backpropagation in `dtype`; nan where the form breaks."""
    network = Network(case.network.sizes, case.network.bias, case.network.theta.astype(dtype))
    gradient = network.like(np.empty_like(network.theta))
    omega = None if case.omega is None else case.omega.astype(dtype)
    objective = Objective(loss_by(form, epsilon), case.l2)
    with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is counted
        trace = network.forward(case.X.astype(dtype))
        delta = objective.delta(trace.logits, case.y.astype(dtype), omega)
        network.backward(trace, delta, gradient)
        objective.add_penalty_gradient(network, gradient)
    return gradient


def _tensors(form: str, gradient: Parameters, truth: Parameters | None) -> list[LayerComparison]:
    found = []
    for k, (name, tensor) in enumerate(gradient.tensors()):
        values = tensor.astype(np.float64)
        finite = np.isfinite(values)
        error = None
        if truth is not None:
            right = list(truth.tensors())[k][1]
            with np.errstate(invalid="ignore", divide="ignore"):
                size = np.maximum(np.abs(values), np.abs(right))
                relative = np.where(size == 0, 0, np.abs(values - right) / size)
            error = float(relative[finite].max()) if finite.any() else None
        norm = float(np.linalg.norm(values))
        found.append(
            LayerComparison(
                form=form,
                layer=int(name[1:]),
                parameter=name[0],
                max_relative_error=error,
                non_finite=int((~finite).sum()),
                gradient_norm=norm if np.isfinite(norm) else None,
            )
        )
    return found
