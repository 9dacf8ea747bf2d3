"""Backpropagation in the letters of `network.py`: one line per rule, each can be replaced.

    delta_L = dJ/dH_L                                   the objective's
    dJ/dW_i = delta_i^T Z_{i-1}                         n_i x n_{i-1}
    dJ/db_i = column sums of delta_i                    n_i
    delta_i = (delta_{i+1} W_{i+1}) * f'(H_i)           N x n_i

It is delta that links one layer to the next: dJ/dW_i holds delta_i, not dJ/dW_{i+1}.

A bug is a rule bent: the right pass is the one without replacements. As every rule is one line, two
bugs are two replacements, and what they do together is computed, not guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mlpcli.nn.sigmoid import FloatArray

if TYPE_CHECKING:
    from mlpcli.nn.network import Forward, Parameters

__all__ = ["RIGHT", "OnArray", "Rules", "backward"]

OnArray: TypeAlias = Callable[[FloatArray], FloatArray]


def _as_it_is(array: FloatArray) -> FloatArray:
    return array


@dataclass(frozen=True)
class Rules:
    """Replacements for lines of backpropagation, by layer from 1; what a mapping lacks is right.

    `output` changes l'(H_L, y), `omega` takes the place of the case's (None: that). `delta` changes
    delta_i for its own layer and all below, `local` for its own layer only. `slope`
    replaces f'(H_i), `input` Z_{i-1} in dJ/dW_i, `carry` the matrix that carries delta_i down to
    layer i-1 (a function of W_i and dJ/dW_i), `bias` the way from delta_i to dJ/db_i. The penalty's
    gradient is taken `penalty` times of W, and `bias_penalty` times of b. `finish` holds changes in
    place to the whole gradient, in order.
    """

    output: OnArray = _as_it_is
    omega: FloatArray | None = None
    delta: Mapping[int, OnArray] = field(default_factory=dict)
    local: Mapping[int, OnArray] = field(default_factory=dict)
    slope: Mapping[int, FloatArray] = field(default_factory=dict)
    input: Mapping[int, FloatArray] = field(default_factory=dict)
    carry: Mapping[int, Callable[[FloatArray, FloatArray], FloatArray]] = field(
        default_factory=dict
    )
    bias: Mapping[int, OnArray] = field(default_factory=dict)
    penalty: float = 1.0
    bias_penalty: float = 0.0
    finish: tuple[Callable[[Parameters], None], ...] = ()

    def also(self, name: str, replacements: Mapping[int, Any]) -> Rules:
        """Return the rules with more replacements in the mapping of this name."""
        changed: dict[str, Any] = {name: {**getattr(self, name), **replacements}}
        return replace(self, **changed)


RIGHT = Rules()


def backward(
    f: Forward,
    delta: FloatArray,
    penalty_gradient: OnArray,
    rules: Rules = RIGHT,
    lowest: int = 1,
) -> Parameters:
    """Return dJ/dtheta given delta_L (N x n_L), in its dtype, by these rules.

    `penalty_gradient` gives what the penalty adds to dJ/dW. It may stop early: the layers below
    `lowest` are left zero.
    """
    network = f.network
    gradient = network.like(np.zeros(network.theta.size, delta.dtype))
    with np.errstate(all="ignore"):  # extreme weights, or a bug, may overflow or divide 0 by 0
        for i in range(len(network.W), lowest - 1, -1):
            W, b, dW, db = network.W[i - 1], network.b[i - 1], gradient.W[i - 1], gradient.b[i - 1]
            delta = rules.delta.get(i, _as_it_is)(delta)
            own = rules.local.get(i, _as_it_is)(delta)
            dW[:] = own.T @ rules.input.get(i, f.Z[i - 1])
            dW += rules.penalty * penalty_gradient(W)
            if network.bias:
                db[:] = rules.bias.get(i, _column_sums)(own)
                db += rules.bias_penalty * penalty_gradient(b)
            if i > lowest:
                carried = delta @ rules.carry.get(i, _right_matrix)(W, dW)
                delta = carried * rules.slope.get(i - 1, f.slopes[i - 2])
        for change in rules.finish:
            change(gradient)
    return gradient


def _column_sums(delta: FloatArray) -> FloatArray:
    sums: FloatArray = delta.sum(axis=0)
    return sums


def _right_matrix(W: FloatArray, _dW: FloatArray) -> FloatArray:
    return W
