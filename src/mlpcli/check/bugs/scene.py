"""A case as the bugs see it: its forward pass, and the gradients that bent rules make of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.activations import ACTIVATIONS, Identity, Sigmoid
from mlpcli.nn.backprop import RIGHT, backward
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.nn.activation import Activation
    from mlpcli.nn.backprop import Rules
    from mlpcli.nn.losses import Loss
    from mlpcli.nn.network import Forward, Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Scene", "scene_of"]


@dataclass(frozen=True)
class Scene:
    """A case and its forward pass; layers count from 1, so that index 0 of W, H and s is unused."""

    case: Case
    forward: Forward

    @property
    def depth(self) -> int:
        """The number of layers L."""
        return len(self.forward.H)

    @property
    def layers(self) -> tuple[int, ...]:
        """1 .. L."""
        return tuple(range(1, self.depth + 1))

    @property
    def hidden(self) -> tuple[int, ...]:
        """1 .. L-1."""
        return self.layers[:-1]

    @property
    def rows(self) -> int:
        """The number of rows N."""
        return self.case.rows

    @property
    def outputs(self) -> int:
        """The number of outputs K."""
        return int(self.case.y.shape[1])

    @property
    def mean_over_rows(self) -> bool:
        """Whether J divides by N."""
        divisor = self.case.objective.divisor
        return divisor(2, 1) != divisor(1, 1)

    @property
    def mean_over_outputs(self) -> bool:
        """Whether J divides by K."""
        divisor = self.case.objective.divisor
        return divisor(1, 2) != divisor(1, 1)

    @property
    def bias(self) -> bool:
        """Whether the network has biases."""
        return self.case.network.bias

    @property
    def loss(self) -> Loss:
        """The loss of the case."""
        return self.case.objective.loss

    @property
    def logits(self) -> FloatArray:
        """H_L (N x K)."""
        return self.forward.logits

    @cached_property
    def H(self) -> list[FloatArray]:
        """H_1 .. H_L."""
        return [self.forward.Z[0], *self.forward.H]

    @cached_property
    def Z(self) -> list[FloatArray]:
        """Z_0 .. Z_L, the output among them."""
        return [*self.forward.Z, self.loss.predict(self.logits)]

    def activation_at(self, layer: int) -> Activation:
        """Return a layer's activation; of an output that is none, the sigmoid, whose slope it has.

        That is softmax: p (1 - p) is the diagonal of its Jacobian.
        """
        if layer < self.depth:
            return self.case.network.activation
        return ACTIVATIONS.get(self.loss.output, Sigmoid)()

    @property
    def linear_output(self) -> bool:
        """Whether the output is the logit itself."""
        return isinstance(self.activation_at(self.depth), Identity)

    def slope_at(self, layer: int, h: FloatArray) -> FloatArray:
        """Return f' of a layer's activation, or of the output, at any h."""
        act = self.activation_at(layer)
        return act.slope(h, act.value(h))

    def written_slope(self, layer: int, h: FloatArray, z: FloatArray) -> FloatArray:
        """Return a layer's f' as people write it, of any h and z."""
        return self.activation_at(layer).textbook_slope(h, z)

    @cached_property
    def s(self) -> list[FloatArray]:
        """f'(H_1) .. f'(H_L), that of the output last."""
        output = self.loss.output_slope(self.logits)
        return [self.forward.Z[0], *self.forward.slopes, output]

    @property
    def W(self) -> list[FloatArray]:
        """W_1 .. W_L."""
        return [self.forward.Z[0], *self.forward.network.W]

    @property
    def b(self) -> list[FloatArray]:
        """b_1 .. b_L."""
        return [self.forward.Z[0], *self.forward.network.b]

    def square(self, layer: int) -> bool:
        """Whether W_i is square, and more than a number."""
        rows, columns = self.W[layer].shape
        return bool(rows == columns > 1)

    def derivative(self, y: FloatArray) -> FloatArray:
        """Return l'(H_L, y) for any labels."""
        return self.loss.truth.derivative(self.logits, y, 0.0)

    @property
    def residual(self) -> FloatArray:
        """z_L - y without cancellation (N x K)."""
        return self.loss.residual(self.logits, self.case.y)

    def gradient(self, rules: Rules = RIGHT, lowest: int = 1) -> Parameters:
        """Return the gradient that a backward pass by these rules computes, down to `lowest`."""
        return self._right.like(self.theta(rules, lowest))

    @np.errstate(all="ignore")  # a bug may well overflow, or divide 0 by 0
    def theta(self, rules: Rules, lowest: int = 1) -> FloatArray:
        """Return the same as a vector.

        What it holds below `lowest` means nothing. The pass begins above the highest layer that the
        rules change, with the delta of the right pass: a bug deep down costs little.
        """
        top = rules.highest + 1  # is right itself, but what it hands down may not be
        if top > self.depth + 1:
            return self._whole(rules, lowest).theta
        theta, f = self._right.theta.copy(), self._up_to(int(min(top, self.depth)))
        below, delta = theta[: f.network.theta.size], self.deltas[len(f.H)]
        penalty = self.case.objective.penalty_gradient
        backward(f, delta, penalty, rules, lowest, right=below)
        return theta

    def _whole(self, rules: Rules, lowest: int = 1) -> Parameters:
        """Return the gradient of a backward pass from the output on."""
        case = self.case
        return case.objective.gradient(
            self.forward, case.y, case.omega, rules, lowest, derivative=self._derivative
        )

    @cached_property
    def _right(self) -> Parameters:
        """The gradient by the right rules."""
        return self._whole(RIGHT)

    @cached_property
    def deltas(self) -> list[FloatArray]:
        """delta_1 .. delta_L of the right pass, index 0 unused."""
        objective, W, s = self.case.objective, self.W, self.s
        deltas = [objective.delta(self._derivative, self.case.omega)]
        for i in range(self.depth, 1, -1):
            deltas.append(deltas[-1] @ W[i] * s[i - 1])
        return [self.Z[0], *deltas[::-1]]

    def _up_to(self, layer: int) -> Forward:
        if layer not in self._passes:
            self._passes[layer] = self.forward.up_to(layer)
        return self._passes[layer]

    @cached_property
    def _passes(self) -> dict[int, Forward]:
        """The forward passes of the layers up to one, as far as they have been asked for."""
        return {}

    @cached_property
    def _derivative(self) -> FloatArray:
        """l'(H_L, y), by the form of the objective."""
        return self.case.objective.derivative(self.logits, self.case.y)


def scene_of(case: Case, dtype: str = "float64") -> Scene:
    """Return the case with its forward pass in `dtype`; the backward pass stays in float64."""
    return Scene(case, case.forward(dtype))
