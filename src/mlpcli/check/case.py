"""What a check is about: a network, its rows and labels, and the objective they define.

    J = 1/N sum_r sum_k omega_rk l(h_rk, y_rk) + (l2/2) sum_i ||W_i||_F^2

Row weights w_r and class weights c_{k,y} come as one array of cell weights, omega_rk =
N w_r c_{k,y} / sum_r w_r, so that nothing below needs to know where a weight comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from mlpcli.errors import CaseError
from mlpcli.nn.losses import BCE_FORMS, MSE, Loss
from mlpcli.nn.network import Network, Parameters

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from mlpcli.nn.activations import FloatArray

__all__ = ["Case", "LossKind", "analytic_gradient", "case_from", "objective"]

LossKind: TypeAlias = Literal["bce", "mse"]


@dataclass(frozen=True)
class Case:
    """A float64 network, rows X (N x n_0), labels y in [0, 1] (N x n_L), and the objective.

    `omega` (N x n_L, or None for ones) weighs each cell's loss. `learning_rate` plays no part in
    the objective; a diagnosis may want to know it. Raises CaseError where the parts do not fit.
    """

    network: Network
    X: FloatArray
    y: FloatArray
    omega: FloatArray | None = None
    kind: LossKind = "bce"
    l2: float = 0.0
    learning_rate: float | None = None

    def __post_init__(self) -> None:
        rows, sizes = len(self.X), self.network.sizes
        if self.kind not in get_args(LossKind):
            raise CaseError(f'loss kind: expected "bce" or "mse", got "{self.kind}"')
        if rows == 0:
            raise CaseError("X: expected at least one row, got none")
        if not self.l2 >= 0:
            raise CaseError(f"l2: expected a number >= 0, got {self.l2}")
        _require("X", self.X, (rows, sizes[0]))
        _require("y", self.y, (rows, sizes[-1]))
        if self.y.min() < 0 or self.y.max() > 1:
            raise CaseError(f"y: expected labels from 0 to 1, got {self.y.min()} to {self.y.max()}")
        if self.omega is not None:
            _require("omega", self.omega, (rows, sizes[-1]))
        for name, tensor in self.network.tensors():
            _require(name, tensor, tensor.shape)

    @property
    def loss(self) -> Loss:
        """The true loss with its most precise derivative."""
        return _loss(self.kind, "stable", 0.0)


def case_from(
    network: Parameters,
    X: ArrayLike,
    y: ArrayLike,
    *,
    omega: ArrayLike | None = None,
    kind: LossKind = "bce",
    l2: float = 0.0,
    learning_rate: float | None = None,
) -> Case:
    """Return the case in float64, whatever real dtypes its parts have.

    `y` may have shape (N,) for one output. Raises CaseError as `Case` does.
    """
    labels = np.asarray(y, np.float64)
    if labels.ndim == 1 and network.sizes[-1] == 1:
        labels = labels[:, np.newaxis]
    weights = None if omega is None else np.asarray(omega, np.float64)
    double = Network(network.sizes, network.bias, network.theta.astype(np.float64))
    return Case(double, np.asarray(X, np.float64), labels, weights, kind, l2, learning_rate)


def objective(case: Case) -> float:
    """Return J by one plain forward pass."""
    values = case.loss.value(case.network.logits(case.X), case.y)
    if case.omega is not None:
        values = values * case.omega
    penalty = sum(float(np.vdot(W, W)) for W in case.network.W)
    return float(values.sum()) / len(case.X) + case.l2 / 2 * penalty


def analytic_gradient(
    case: Case, form: str = "stable", dtype: str = "float64", epsilon: float = 1e-7
) -> Parameters:
    """Return dJ/dtheta by backpropagation, computed in `dtype`, float32 or float64.

    `form` names the derivative of the binary cross-entropy and `epsilon` its constant; the mean
    squared error has one form only. Entries are nan where the form breaks.
    """
    sizes, bias = case.network.sizes, case.network.bias
    network = Network(sizes, bias, case.network.theta.astype(dtype))
    gradient = Parameters(sizes, bias, np.empty_like(network.theta))
    y = case.y.astype(dtype)
    trace = network.forward(case.X.astype(dtype))
    delta = _loss(case.kind, form, epsilon).derivative(trace.logits, y)
    if case.omega is not None:
        delta *= case.omega.astype(dtype)
    delta /= len(y)
    with np.errstate(invalid="ignore"):
        network.backward(trace, delta, gradient)
    for i, W in enumerate(network.W):
        gradient.W[i][:] += case.l2 * W
    return gradient


def _loss(kind: LossKind, form: str, epsilon: float) -> Loss:
    if kind == "mse":
        return Loss(MSE, MSE, epsilon)
    return Loss(BCE_FORMS["stable"], BCE_FORMS[form], epsilon)


def _require(name: str, array: FloatArray, shape: tuple[int, ...]) -> None:
    if array.dtype != np.float64:
        raise CaseError(f"{name}: expected float64, got {array.dtype}")
    if array.shape != shape:
        raise CaseError(f"{name}: expected shape {shape}, got {array.shape}")
    if not np.isfinite(array).all():
        raise CaseError(f"{name}: expected finite numbers, got nan or inf")
