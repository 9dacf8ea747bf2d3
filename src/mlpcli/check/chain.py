"""How dJ/dW_i is made from the layer above: the question that this package was written for.

delta links the layers, not dJ/dW. But dJ/dW_{i+1} = delta_{i+1}^T Z_i and dJ/db_{i+1} = its column
sums can be solved for delta_{i+1} exactly when [Z_i 1] has rank N:

    delta_{i+1}^T = [dJ/dW_{i+1}  dJ/db_{i+1}] pinv([Z_i 1])
    dJ/dW_i = ((delta_{i+1} W_{i+1}) * sigma'(H_i))^T Z_{i-1}

With one row that always holds: delta_{i+1} = dJ/db_{i+1}. With more rows than the rank, many deltas
give the same gradient above and different gradients below: no formula can connect the two.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mlpcli.check.bugs.letters import delta_in_letters
from mlpcli.check.bugs.scene import Scene, scene_of
from mlpcli.nn.backprop import RIGHT
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.nn.activation import Activation
    from mlpcli.nn.losses import Loss
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Chain", "ChainLayer", "ChainView", "chain"]


@dataclass(frozen=True)
class ChainLayer:
    """One layer; `layer` counts from 1, `shape` is that of W_i. Norms are Frobenius norms.

    `gradient_norm` is that of dJ/dW_i, `delta_norm` that of delta_i, `amplification` ||delta_i|| /
    ||delta_{i+1}||. `closed_form_error` is the relative error of (Z_i - Y)^T Z_{i-1} / N as
    dJ/dW_i, None where the shapes do not allow it. `rank` is that of [Z_i 1] ([Z_i] without
    biases), `recoverable` whether it is the number of rows, `recovery_error` the relative error of
    dJ/dW_i rebuilt from the gradient above, `max_relative_error` the same for the worst entry.
    What needs a layer above is None at L.
    """

    layer: int
    shape: tuple[int, int]
    delta_norm: float
    gradient_norm: float
    amplification: float | None
    closed_form_error: float | None
    rank: int | None
    recoverable: bool | None
    recovery_error: float | None
    max_relative_error: float | None


@dataclass(frozen=True)
class ChainView:
    """The layers 1 .. L as the first `rows` rows show them."""

    rows: int
    layers: tuple[ChainLayer, ...]


@dataclass(frozen=True)
class Chain:
    """Three views: of one row, of as many as make every layer recoverable, and of all.

    `bias` says whether the network has biases, whose gradient is then of use, `loss` and
    `activation` in which words to tell it, and `delta` what delta_L is in letters.
    """

    one_row: ChainView
    full_rank: ChainView
    all_rows: ChainView
    bias: bool
    loss: Loss
    activation: Activation
    delta: str


Deltas: TypeAlias = "dict[int, FloatArray]"


@np.errstate(all="ignore")  # extreme weights: what overflows is reported as inf or nan
def chain(case: Case) -> Chain:
    """Return the three views of a case."""
    rows = _full_rank_rows(scene_of(case))
    one, full, every = (_view(_first_rows(case, n)) for n in (1, rows, len(case.X)))
    loss, activation = case.objective.loss, case.network.activation
    return Chain(one, full, every, case.network.bias, loss, activation, delta_in_letters(case))


def _first_rows(case: Case, rows: int) -> Case:
    omega = None if case.omega is None else case.omega[:rows]
    return replace(case, X=case.X[:rows], y=case.y[:rows], omega=omega)


def _full_rank_rows(scene: Scene) -> int:
    """Return the largest n at which [Z_i 1] of the first n rows has rank n for every i < L."""
    inputs = [_inputs(scene, i) for i in range(1, scene.depth)]
    # rows that are independent stay so when there are fewer of them, so halving finds the end
    low, high = 1, min([scene.rows, *(matrix.shape[1] for matrix in inputs)])
    while low < high:
        n = (low + high + 1) // 2
        if all(_rank(matrix[:n]) == n for matrix in inputs):
            low = n
        else:
            high = n - 1
    return low


def _inputs(scene: Scene, i: int) -> FloatArray:
    """Return [Z_i 1], or [Z_i] in a network without biases."""
    ones = np.ones((scene.rows, int(scene.bias)))
    return np.hstack([scene.Z[i], ones])


def _rank(matrix: FloatArray) -> int:
    return int(np.linalg.matrix_rank(matrix)) if np.isfinite(matrix).all() else 0


def _norm(array: FloatArray) -> float:
    """Return the Frobenius norm, with squares that neither overflow nor vanish."""
    unit = float(np.abs(array).max())
    return unit * float(np.linalg.norm(array / unit)) if unit and np.isfinite(unit) else unit


def _view(case: Case) -> ChainView:
    scene = scene_of(case)
    deltas: Deltas = {}

    def keep(i: int) -> object:
        return lambda delta: deltas.setdefault(i, delta)

    gradient = scene.gradient(RIGHT.also("local", {i: keep(i) for i in scene.layers}))
    layers = tuple(_layer(scene, gradient, deltas, i) for i in scene.layers)
    return ChainView(scene.rows, layers)


def _layer(scene: Scene, gradient: Parameters, deltas: Deltas, i: int) -> ChainLayer:
    penalty = scene.case.objective.penalty_gradient
    W, dW = scene.W[i], gradient.W[i - 1] - penalty(scene.W[i])
    norm = _norm(deltas[i])
    closed = None
    if scene.outputs in {1, W.shape[0]}:
        closed = _relative(((scene.Z[i] - scene.case.y) * scene.case.shares).T @ scene.Z[i - 1], dW)
    here = ChainLayer(
        layer=i,
        shape=(W.shape[0], W.shape[1]),
        delta_norm=norm,
        gradient_norm=_norm(gradient.W[i - 1]),
        amplification=None,
        closed_form_error=closed,
        rank=None,
        recoverable=None,
        recovery_error=None,
        max_relative_error=None,
    )
    if i == scene.depth:
        return here
    above = _norm(deltas[i + 1])
    rank = _rank(_inputs(scene, i))
    rebuilt = _rebuild(scene, gradient, i)
    each = np.abs(rebuilt - dW) / np.maximum(np.abs(rebuilt), np.abs(dW))
    return replace(
        here,
        amplification=norm / above if above else None,
        rank=rank,
        recoverable=rank == scene.rows,
        recovery_error=_relative(rebuilt, dW),
        max_relative_error=float(np.where(rebuilt == dW, 0, each).max()),  # 0/0 = 0
    )


def _rebuild(scene: Scene, gradient: Parameters, i: int) -> FloatArray:
    """Return dJ/dW_i, without penalty, from the gradient of layer i+1 and the activations alone."""
    penalty = scene.case.objective.penalty_gradient
    above: list[FloatArray] = [gradient.W[i] - penalty(scene.W[i + 1])]
    if scene.bias:
        above.append(gradient.b[i][:, np.newaxis])
    inputs = _inputs(scene, i)
    if not np.isfinite(inputs).all():
        return np.full_like(scene.W[i], np.nan)
    delta_above = (np.hstack(above) @ np.linalg.pinv(inputs)).T
    delta = (delta_above @ scene.W[i + 1]) * scene.s[i]
    rebuilt: FloatArray = delta.T @ scene.Z[i - 1]
    return rebuilt


def _relative(rebuilt: FloatArray, right: FloatArray) -> float | None:
    """Return ||rebuilt - right|| / ||right||, None where the right gradient is zero."""
    norm = _norm(right)
    return _norm(rebuilt - right) / norm if norm else None
