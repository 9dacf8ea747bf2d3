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
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mlpcli.nn.sigmoid import FloatArray

if TYPE_CHECKING:
    from mlpcli.nn.network import Forward, Parameters

__all__ = ["RIGHT", "OnArray", "Rules", "backward"]

OnArray: TypeAlias = Callable[[FloatArray], FloatArray]
_Three: TypeAlias = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]


def _as_it_is(array: FloatArray) -> FloatArray:
    return array


@dataclass(frozen=True)
class Rules:
    """Replacements for lines of backpropagation, by layer from 1; what a mapping lacks is right.

    `forward` takes the place of the forward pass (None: the right one), `omega` of the case's
    weights (None: those), and `output` changes l'(H_L, y). `delta` changes delta_i for its own
    layer and all below, `local` for its own layer only. `slope` replaces f'(H_i), `input` Z_{i-1}
    in dJ/dW_i; `product` changes delta_i^T Z_{i-1}. `bias` makes dJ/db_i of (delta_i, delta_i^T
    Z_{i-1}, delta_{i+1} W_{i+1}), `carry` makes delta_i W_i of (delta_i, W_i, dJ/dW_i). `penalty`
    is what is added to dJ/dW, a function of W (None: the right gradient), and `bias_penalty` to
    dJ/db, a function of b (None: nothing); all but these is multiplied by `factor`. `done` changes
    a finished tensor, by its name, and `finish` holds changes in place to the whole gradient.
    """

    forward: Forward | None = None
    output: OnArray = _as_it_is
    omega: FloatArray | None = None
    delta: Mapping[int, OnArray] = field(default_factory=dict)
    local: Mapping[int, OnArray] = field(default_factory=dict)
    slope: Mapping[int, FloatArray] = field(default_factory=dict)
    input: Mapping[int, FloatArray] = field(default_factory=dict)
    product: Mapping[int, OnArray] = field(default_factory=dict)
    bias: Mapping[int, _Three] = field(default_factory=dict)
    carry: Mapping[int, _Three] = field(default_factory=dict)
    penalty: OnArray | None = None
    bias_penalty: OnArray | None = None
    factor: float = 1.0
    done: Mapping[str, OnArray] = field(default_factory=dict)
    finish: tuple[Callable[[Parameters], None], ...] = ()

    def also(self, name: str, replacements: Mapping[Any, Any]) -> Rules:
        """Return the rules with more replacements in the mapping of this name."""
        return self.but(**{name: {**getattr(self, name), **replacements}})

    def but(self, **changes: Any) -> Rules:
        """Return the rules with other fields, as `replace` does, in a fifth of its time."""
        rules, kept = object.__new__(Rules), vars(self)
        vars(rules).update((name, kept[name]) for name in Rules.__dataclass_fields__)
        vars(rules).update(changes)
        return rules

    @cached_property
    def highest(self) -> float:
        """The highest layer that they change: those above are right; inf if they change J's end."""
        whole = (self.forward, self.omega, self.penalty, self.bias_penalty)
        if any(change is not None for change in whole) or self.output is not _as_it_is:
            return inf
        if self.finish or self.factor != 1:
            return inf
        return max([*self._own, *self._carried], default=0)

    @cached_property
    def lowest(self) -> int:
        """The lowest layer that they change: 1 if what they change is carried down."""
        return 1 if self.highest == inf or self._carried else min(self._own, default=1)

    @property
    def _own(self) -> list[int]:
        """The layers of which only their own gradient is changed."""
        names = (int(name[1:]) for name in self.done)
        return [*self.local, *self.input, *self.product, *self.bias, *names]

    @property
    def _carried(self) -> list[int]:
        """The layers of which delta is changed, and so all that is below."""
        return [*self.delta, *self.slope, *(i - 1 for i in self.carry)]


RIGHT = Rules()


def backward(
    f: Forward,
    delta: FloatArray,
    penalty_gradient: OnArray,
    rules: Rules = RIGHT,
    lowest: int = 1,
    *,
    right: FloatArray | None = None,
) -> Parameters:
    """Return dJ/dtheta given delta_L (N x n_L), in its dtype, by these rules.

    `penalty_gradient` gives what the penalty adds to dJ/dW. It may stop early: the layers below
    `lowest` are left zero, or as they are in the `right` gradient where that is known. Then those
    above what the rules change are taken from it, too.
    """
    network = f.network
    gradient = network.like(np.zeros(network.theta.size, delta.dtype) if right is None else right)
    penalty = rules.penalty or penalty_gradient
    error = delta
    highest = inf if right is None else rules.highest
    with np.errstate(all="ignore"):  # extreme weights, or a bug, may overflow or divide 0 by 0
        for i in range(len(network.W), lowest - 1, -1):
            W, b, dW, db = network.W[i - 1], network.b[i - 1], gradient.W[i - 1], gradient.b[i - 1]
            delta = rules.delta.get(i, _as_it_is)(delta)
            if i <= highest:
                own = rules.local.get(i, _as_it_is)(delta)
                dW[:] = rules.product.get(i, _as_it_is)(own.T @ rules.input.get(i, f.Z[i - 1]))
                if network.bias:
                    db[:] = rules.bias.get(i, _column_sums)(own, dW, error)
                    db *= rules.factor
                    if rules.bias_penalty is not None:
                        db += rules.bias_penalty(b)
                dW *= rules.factor
                dW += penalty(W)
            if i > lowest:
                error = rules.carry.get(i, _by_the_matrix)(delta, W, dW)
                delta = error * rules.slope.get(i - 1, f.slopes[i - 2])
            if rules.done:
                dW[:] = rules.done.get(f"W{i}", _as_it_is)(dW)
                db[:] = rules.done.get(f"b{i}", _as_it_is)(db)
        for change in rules.finish:
            change(gradient)
    return gradient


def _column_sums(delta: FloatArray, _product: FloatArray, _error: FloatArray) -> FloatArray:
    sums: FloatArray = delta.sum(axis=0)
    return sums


def _by_the_matrix(delta: FloatArray, W: FloatArray, _dW: FloatArray) -> FloatArray:
    carried: FloatArray = delta @ W
    return carried
