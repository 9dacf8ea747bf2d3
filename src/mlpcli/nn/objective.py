"""What training minimises over rows: weighted mean loss plus the L2 penalty, and its delta_L.

    J = 1/N sum_r sum_k omega_rk l(h_rk, y_rk) + (l2/2) sum_i ||W_i||_F^2

omega_rk = w_r c_{k,y}: row weights, of mean 1 over the training rows, times class weights. Biases
are not penalised and l2 is not divided by N.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.losses import Loss, loss_from

if TYPE_CHECKING:
    from mlpcli.config import LossConfig
    from mlpcli.nn.activations import FloatArray
    from mlpcli.nn.network import Network, Parameters

__all__ = ["Objective", "objective_from"]


@dataclass(frozen=True)
class Objective:
    """A loss, an L2 factor, and class weights (2 x K: of label 0, of label 1) or None."""

    loss: Loss
    l2: float = 0.0
    class_weight: FloatArray | None = None

    def cell_weights(self, y: FloatArray, weight: FloatArray | None) -> FloatArray | None:
        """Return omega (N x K, or N x 1 without class weights), or None where all are 1.

        A label between 0 and 1 gets the class weight between the two in proportion.
        """
        omega = None if weight is None else weight[:, None]
        if self.class_weight is None:
            return omega
        zero, one = self.class_weight.astype(y.dtype)
        classes: FloatArray = zero + (one - zero) * y
        return classes if omega is None else omega * classes

    def delta(self, h: FloatArray, y: FloatArray, omega: FloatArray | None) -> FloatArray:
        """Return delta_L = dJ/dH_L (N x K) by the chosen form of the derivative."""
        delta = self.loss.derivative(h, y)
        if omega is not None:
            delta *= omega
        delta /= h.shape[0]
        return delta

    def gradient(
        self, network: Network, X: FloatArray, y: FloatArray, weight: FloatArray | None = None
    ) -> Parameters:
        """Return dJ/dtheta on these rows, all layers by backpropagation."""
        gradient = network.like(np.empty_like(network.theta))
        trace = network.forward(X)
        network.backward(trace, self.delta(trace.logits, y, self.cell_weights(y, weight)), gradient)
        self.add_penalty_gradient(network, gradient)
        return gradient

    def add_penalty_gradient(self, network: Network, gradient: Parameters) -> None:
        """Add l2 W_i to dJ/dW_i of every layer."""
        if self.l2:
            for dW, W in zip(gradient.W, network.W, strict=True):
                np.add(dW, self.l2 * W, out=dW)


def objective_from(config: LossConfig, y: FloatArray) -> Objective:
    """Return the objective that the config names; `y` (N x K) are the training labels.

    `balanced` weighs label c of output k with N / (2 N_ck), as scikit-learn does.
    """
    loss = loss_from(config)
    if config.class_weight is None:
        return Objective(loss, config.l2)
    outputs = y.shape[1]
    if config.class_weight == "balanced":
        ones = np.count_nonzero(y >= 0.5, axis=0)
        counts = np.stack([y.shape[0] - ones, ones])
        weights = y.shape[0] / (2 * np.maximum(counts, 1))
    else:
        given = config.class_weight
        weights = np.array([[given.negative] * outputs, [given.positive] * outputs])
    return Objective(loss, config.l2, weights)
