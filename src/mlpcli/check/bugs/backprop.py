"""One backward pass by rules that can be bent: the right rules by default, a bug where one differs.

Layers count from 1 to L. Every rule is a replacement for one line of backpropagation, so rules
compose: two bugs are two replacements, and what they do together is computed, not guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mlpcli.nn.activations import FloatArray, sigmoid
from mlpcli.nn.network import Parameters

if TYPE_CHECKING:
    from mlpcli.check.case import Case

__all__ = ["RIGHT", "Array", "Forward", "Rules", "backward", "forward", "textbook"]

Array: TypeAlias = FloatArray


@dataclass(frozen=True)
class Forward:
    """All that a forward pass knows: Z_0 .. Z_L, sigma'(H_i) and W_i (index 0 unused), H_L.

    `residual` is z_L - y without cancellation, `weight` omega / N (N x K or N x 1).
    """

    case: Case
    Z: list[Array]
    slopes: list[Array]
    W: list[Array]
    H: Array
    residual: Array
    weight: Array

    @property
    def depth(self) -> int:
        """Number of layers L."""
        return len(self.W) - 1

    @property
    def rows(self) -> int:
        """Number of rows N."""
        return int(self.H.shape[0])

    @property
    def outputs(self) -> int:
        """Number of outputs K."""
        return int(self.H.shape[1])


@np.errstate(all="ignore")  # extreme weights: what comes of them is judged, not hidden
def forward(case: Case, dtype: str = "float64") -> Forward:
    """Return the forward pass of a case in `dtype`, with sigma' = sigma(h) sigma(-h) of each layer.

    In float32 saturation sets in earlier, and what a bug does with it shows only there.
    """
    network = case.network.like(case.network.theta.astype(dtype))
    unused: Array = np.empty(0)
    h = case.X.astype(dtype)
    Z, slopes = [h], [unused]
    for W, b in zip(network.W, network.b, strict=True):
        h = Z[-1] @ W.T
        if network.bias:
            h += b
        Z.append(sigmoid(h))
        slopes.append(Z[-1] * sigmoid(-h))
    residual = (1 - case.y) * Z[-1] - case.y * sigmoid(-h)
    omega = np.ones((1, 1)) if case.omega is None else case.omega
    return Forward(case, Z, slopes, [unused, *network.W], h, residual, omega / len(case.X))


Output: TypeAlias = Callable[[Forward], Array]
OnArray: TypeAlias = Callable[[Array], Array]
OnGradient: TypeAlias = Callable[[Parameters], None]


def _right_output(f: Forward) -> Array:
    """Return l'(h, y): z - y for the cross-entropy, 2 (z - y) sigma'(h) for the squared error."""
    return f.residual if f.case.kind == "bce" else 2 * f.residual * f.slopes[-1]


@dataclass(frozen=True)
class Rules:
    """The lines of backpropagation, each replaceable; what a mapping lacks is done right.

    `output` gives l'(H_L, y), `weight` what it is multiplied by (None: omega / N). `delta` changes
    delta_i for its own layer and all below, `local` for its own layer only. `slope` replaces
    sigma'(H_i), `input` Z_{i-1} in dJ/dW_i, `carry` the matrix that carries delta_i down to layer
    i-1 (a function of W_i and dJ/dW_i), `bias` the way from delta_i to dJ/db_i. `finish` holds
    changes in place to the whole gradient, in order. `decay` and `bias_decay` are the factors of W
    and b that the penalty adds (None: l2).
    """

    output: Output = _right_output
    weight: Array | None = None
    delta: Mapping[int, OnArray] = field(default_factory=dict)
    local: Mapping[int, OnArray] = field(default_factory=dict)
    slope: Mapping[int, Array] = field(default_factory=dict)
    input: Mapping[int, Array] = field(default_factory=dict)
    carry: Mapping[int, Callable[[Array, Array], Array]] = field(default_factory=dict)
    bias: Mapping[int, OnArray] = field(default_factory=dict)
    finish: tuple[OnGradient, ...] = ()
    decay: float | None = None
    bias_decay: float = 0.0

    def also(self, name: str, replacements: Mapping[int, Any]) -> Rules:
        """Return the rules with more replacements in the mapping of this name."""
        changed: dict[str, Any] = {name: {**getattr(self, name), **replacements}}
        return replace(self, **changed)


RIGHT = Rules()


def backward(f: Forward, rules: Rules = RIGHT, lowest: int = 1) -> Parameters:
    """Return the gradient that a backward pass by these rules computes, float64.

    It may stop early: the layers below `lowest` are left zero.
    """
    network = f.case.network
    gradient = Parameters(network.sizes, network.bias, np.zeros(network.theta.size))
    decay = f.case.l2 if rules.decay is None else rules.decay
    delta: Array
    with np.errstate(all="ignore"):  # a bug may well overflow, or divide 0 by 0
        delta = rules.output(f) * (f.weight if rules.weight is None else rules.weight)
        for i in range(f.depth, lowest - 1, -1):
            delta = rules.delta.get(i, _same)(delta)
            own = rules.local.get(i, _same)(delta)
            dW = own.T @ rules.input.get(i, f.Z[i - 1])
            gradient.W[i - 1][:] = dW + decay * f.W[i]
            if network.bias:
                db = rules.bias[i](own) if i in rules.bias else own.sum(axis=0)
                gradient.b[i - 1][:] = db + rules.bias_decay * network.b[i - 1]
            if i > lowest:
                W = rules.carry[i](f.W[i], gradient.W[i - 1]) if i in rules.carry else f.W[i]
                delta = (delta @ W) * rules.slope.get(i - 1, f.slopes[i - 1])
        for change in rules.finish:
            change(gradient)
    return gradient


def _same(delta: Array) -> Array:
    return delta


def textbook(f: Forward) -> Rules:
    """Return the rules of a right but textbook pass: z - y and z (1 - z) by subtraction."""
    z = f.Z[-1]
    rules = Rules(slope={k: f.Z[k] * (1 - f.Z[k]) for k in range(1, f.depth)})
    if f.case.kind == "bce":
        return replace(rules, output=lambda f: z - f.case.y)
    return replace(rules, output=lambda f: 2 * (z - f.case.y) * (z * (1 - z)))
