"""What each form does to the gradient of every layer, on the user's data and weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.errors import UsageError
from mlpcli.gradients.case import analytic_gradient
from mlpcli.nn.losses import BCE_FORMS
from mlpcli.nn.network import Network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.gradients.case import Case
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


def scale_weights(case: Case, scale: float) -> Case:
    """Return the case with all weights multiplied, biases too, to push it into saturation."""
    network = case.network
    return replace(case, network=Network(network.sizes, network.bias, network.theta * scale))


def compare_layers(
    case: Case, forms: Sequence[str], epsilon: float, dtype: str
) -> tuple[LayerComparison, ...]:
    """Return every tensor's gradient under each form, computed in `dtype`, and under mse."""
    if case.kind != "bce":
        raise UsageError("loss.kind: expected bce to compare the forms of its derivative, got mse")
    if not np.isin(case.y, (0, 1)).all():
        raise UsageError(
            "expected labels 0 and 1, got labels between them: for those `stable` is no yardstick, "
            "as its two terms are rounded apart; leave out CONFIG to compare on the grid alone"
        )
    truth = analytic_gradient(case, "stable")
    rows = []
    for form in forms:
        if form in BCE_FORMS:
            rows += _tensors(form, analytic_gradient(case, form, dtype, epsilon), truth)
    rows += _tensors("mse", analytic_gradient(replace(case, kind="mse"), dtype=dtype), None)
    return tuple(rows)


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
