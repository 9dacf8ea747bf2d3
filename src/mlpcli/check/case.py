"""What a check is about: a network, its rows and labels, and the objective they define.

Row weights w_r and class weights c_{k,y} come as one array of cell weights, omega_rk =
N w_r c_{k,y} / sum_r w_r, so that nothing below needs to know where a weight comes from.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.errors import CaseError
from mlpcli.nn.network import Network
from mlpcli.nn.objective import Objective
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from mlpcli.nn.activation import Activation
    from mlpcli.nn.network import Forward, Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Case", "case_from"]


@dataclass(frozen=True)
class Case:
    """A float64 network, rows X (N x n_0), labels y (N x n_L), and the objective.

    `omega` weighs each cell's loss (N x n_L; N x 1 where the loss reads whole rows; None: ones).
    `learning_rate` plays no part in the objective; a diagnosis may want to know it. `inputs` and
    `outputs` name the columns of X and of y where that is known. Raises CaseError where the parts
    do not fit.
    """

    network: Network
    X: FloatArray
    y: FloatArray
    objective: Objective
    omega: FloatArray | None = None
    learning_rate: float | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        rows, sizes = len(self.X), self.network.sizes
        if rows == 0:
            raise CaseError("X: expected at least one row, got none")
        if not self.objective.l2 >= 0:
            raise CaseError(f"l2: expected a number >= 0, got {self.objective.l2}")
        if not 0 < abs(self.objective.factor) < np.inf:
            raise CaseError(f"factor: expected a number other than 0, got {self.objective.factor}")
        _require("X", self.X, (rows, sizes[0]))
        _require("y", self.y, (rows, sizes[-1]))
        fault = self.objective.loss.labels_at_fault(self.y)
        if fault is not None:
            signs = bool(np.isin(self.y, (-1.0, 1.0)).all())
            raise CaseError(f"y: {fault}{'; write -1 as 0: (y + 1) / 2' if signs else ''}")
        if self.omega is not None:
            columns = sizes[-1] if self.objective.loss.separable else 1
            _require("omega", self.omega, (rows, columns))
        for name, tensor in self.network.tensors():
            _require(name, tensor, tensor.shape)

    def __repr__(self) -> str:
        J, network = self.objective, self.network
        sizes = "-".join(map(str, network.sizes))
        words = f"{network.activation.name} network {sizes}, {J.loss.name} of {J.loss.output}"
        return f"<Case {words} outputs, {self.rows} rows>"

    @property
    def rows(self) -> int:
        """The number of rows N."""
        return len(self.X)

    @property
    def shares(self) -> FloatArray:
        """C omega / N, by which each cell's loss enters J (N x n_L, or 1 x 1 without omega)."""
        omega = np.ones((1, 1)) if self.omega is None else self.omega
        return omega / self.divisor

    @property
    def divisor(self) -> float:
        """N/c, by which the sum over rows and outputs is divided; c is 1 for the mean over rows."""
        return self.objective.divisor(*self.y.shape)

    @property
    def on_a_kink(self) -> bool:
        """Whether some hidden H is exactly 0, where the activation has a kink."""
        if not self.network.activation.jump:
            return False
        return any((H == 0).any() for H in self.forward().H[:-1])

    def with_activation(self, activation: Activation) -> Case:
        """Return the same case with another activation in the hidden layers."""
        network = self.network
        return replace(
            self, network=Network(network.sizes, network.bias, network.theta, activation)
        )

    def value(self) -> float:
        """Return J."""
        return self.objective.value(self.network, self.X, self.y, self.omega)

    @np.errstate(all="ignore")  # extreme weights: what comes of them is judged, not hidden
    def forward(self, dtype: str = "float64") -> Forward:
        """Return the forward pass in `dtype`; in float32 saturation sets in earlier."""
        network = self.network.with_theta(self.network.theta.astype(dtype))
        return network.forward(self.X.astype(dtype))

    @np.errstate(all="ignore")
    def gradient(
        self, form: str = "stable", dtype: str = "float64", epsilon: float = 1e-7
    ) -> Parameters:
        """Return dJ/dtheta by backpropagation, computed in `dtype`, float32 or float64.

        `form` names the derivative of the loss where it has several, and `epsilon` is its constant.
        Entries are nan where the form breaks.
        """
        chosen = self.objective.loss.form(form)
        objective = replace(self.objective, form=chosen, epsilon=epsilon)
        omega = None if self.omega is None else self.omega.astype(dtype)
        return objective.gradient(self.forward(dtype), self.y.astype(dtype), omega)


def case_from(
    network: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    omega: ArrayLike | None = None,
    loss: str = "bce",
    output: str | None = None,
    l2: float = 0.0,
    reduction: str = "mean",
    factor: float = 1.0,
    learning_rate: float | None = None,
) -> Case:
    """Return the case in float64, whatever real dtypes its parts have.

    `y` may have shape (N,) for one output; `output` None is that which belongs to the loss. Raises
    CaseError as `Case` does.
    """
    objective = Objective.exact(loss, l2, output, reduction, factor)
    labels = np.asarray(y, np.float64)
    if labels.ndim == 1 and network.sizes[-1] == 1:
        labels = labels[:, np.newaxis]
    weights = None if omega is None else np.asarray(omega, np.float64)
    double = network.with_theta(network.theta.astype(np.float64))
    return Case(double, np.asarray(X, np.float64), labels, objective, weights, learning_rate)


def _require(name: str, array: FloatArray, shape: tuple[int, ...]) -> None:
    if array.dtype != np.float64:
        raise CaseError(f"{name}: expected float64, got {array.dtype}")
    if array.shape != shape:
        raise CaseError(f"{name}: expected shape {shape}, got {array.shape}")
    if not np.isfinite(array).all():
        raise CaseError(f"{name}: expected finite numbers, got nan or inf")
