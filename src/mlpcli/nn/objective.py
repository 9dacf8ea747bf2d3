"""What is minimised over rows: weighted mean loss plus the L2 penalty. J is put together here.

    J = c/N sum_r sum_k omega_rk l(h_rk, y_rk) + (l2/2) sum_i ||W_i||_F^2

omega_rk = w_r c_{k,y}: row weights, of mean 1 over the rows, times class weights. Biases are not
penalised and l2 is not divided by N. c is 1 in training; whoever writes a loss by hand may sum over
rows (c = N), average over outputs too (c = 1/K), or halve it: c is of the data term alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.errors import CaseError
from mlpcli.nn.backprop import RIGHT, backward
from mlpcli.nn.losses import Form, Loss, loss_by
from mlpcli.records import dataclass
from mlpcli.text import one_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.nn.backprop import Rules
    from mlpcli.nn.network import Forward, Network, Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["REDUCTIONS", "Objective", "balanced_class_weights", "balanced_label_weights"]

REDUCTIONS: dict[str, Callable[[int, int], int]] = {
    "mean": lambda rows, _outputs: rows,
    "sum": lambda _rows, _outputs: 1,
    "mean_all": lambda rows, outputs: rows * outputs,
}
"""By what the sum over rows and outputs is divided: N, 1, or N K."""


@dataclass(frozen=True)
class Objective:
    """A loss, the form by which its derivative is computed with its epsilon, and an L2 factor.

    `class_weight` (2 x K or K, see `Loss.class_omega`) is None where all are 1. The value of J is
    exact whatever the form, so that runs with different forms are measured with one yardstick.
    `reduction` (of REDUCTIONS) and `factor` make c: the factor times N / what the reduction divides
    by.
    """

    loss: Loss
    form: Form
    epsilon: float = 0.0
    l2: float = 0.0
    class_weight: FloatArray | None = None
    reduction: str = "mean"
    factor: float = 1.0

    @classmethod
    def exact(
        cls,
        loss: str,
        l2: float = 0.0,
        output: str | None = None,
        reduction: str = "mean",
        factor: float = 1.0,
    ) -> Objective:
        """Return the objective of a loss, by its name, with its most precise derivative.

        Raises CaseError where there is no such loss, not with this output, or no such reduction.
        """
        chosen = loss_by(loss, output)
        if reduction not in REDUCTIONS:
            raise CaseError(f'reduction: got "{reduction}"{one_of(reduction, REDUCTIONS)}')
        return cls(chosen, chosen.truth, l2=l2, reduction=reduction, factor=factor)

    def divisor(self, rows: int, outputs: int) -> float:
        """Return N/c, by which the sum over rows and outputs is divided."""
        return REDUCTIONS[self.reduction](rows, outputs) / self.factor

    def cell_weights(self, y: FloatArray, weight: FloatArray | None) -> FloatArray | None:
        """Return omega (N x K or N x 1), or None where all are 1."""
        omega = None if weight is None else weight[:, None]
        if self.class_weight is None:
            return omega
        classes = self.loss.class_omega(self.class_weight, y)
        return classes if omega is None else omega * classes

    def value(
        self, network: Network, X: FloatArray, y: FloatArray, omega: FloatArray | None = None
    ) -> float:
        """Return J on these rows, by one plain forward pass."""
        losses = self.loss.value(network.logits(X), y)
        total = float((losses if omega is None else losses * omega).sum())
        return total / self.divisor(*y.shape) + self.penalty(network)

    def derivative(self, h: FloatArray, y: FloatArray) -> FloatArray:
        """Return l'(h, y) of each element by the chosen form; nan where the form breaks."""
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            return self.form.derivative(h, y, self.epsilon)

    def delta(self, derivative: FloatArray, omega: FloatArray | None) -> FloatArray:
        """Return delta_L = dJ/dH_L (N x K) = c omega l'(h, y) / N."""
        weighted = derivative if omega is None else derivative * omega
        return weighted / derivative.dtype.type(self.divisor(*derivative.shape))

    def penalty(self, network: Network) -> float:
        """Return (l2/2) sum_i ||W_i||_F^2."""
        return self.l2 / 2 * sum(float(np.vdot(W, W)) for W in network.W)

    def penalty_gradient(self, W: FloatArray) -> FloatArray:
        """Return l2 W."""
        return self.l2 * W

    def gradient(
        self,
        forward: Forward,
        y: FloatArray,
        omega: FloatArray | None = None,
        rules: Rules = RIGHT,
        lowest: int = 1,
        *,
        derivative: FloatArray | None = None,
    ) -> Parameters:
        """Return dJ/dtheta on the rows of a forward pass, in the dtype of delta_L.

        `rules` other than the right ones say how a backward pass goes wrong. It may stop early: the
        layers below `lowest` are left zero. `derivative` is l'(H_L, y) where that is known.
        """
        if rules.forward is not None:
            forward, derivative = rules.forward, None
        if derivative is None:
            derivative = self.derivative(forward.logits, y)
        bent = rules.output(derivative)
        delta = self.delta(bent, omega if rules.omega is None else rules.omega)
        return backward(forward, delta, self.penalty_gradient, rules, lowest)


def balanced_label_weights(y: FloatArray) -> FloatArray:
    """Return N / (K N_c) for each label c (K,), as scikit-learn does; y (N x K) is one-hot."""
    counts = np.count_nonzero(y, axis=0)
    weights: FloatArray = len(y) / (y.shape[1] * np.maximum(counts, 1))
    return weights


def balanced_class_weights(y: FloatArray) -> FloatArray:
    """Return N / (2 N_ck) for label c of output k (2 x K), as scikit-learn does; y is N x K."""
    rows = len(y)
    ones = np.count_nonzero(y >= 0.5, axis=0)
    weights: FloatArray = rows / (2 * np.maximum(np.stack([rows - ones, ones]), 1))
    return weights
