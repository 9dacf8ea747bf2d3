"""Bugs made in dJ/db_i: delta is right, the way from it to the biases is not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.record import Bug, Mutant, at, done, one_or_all
from mlpcli.check.bugs.rows import ONE_ROW
from mlpcli.nn.activations import Sigmoid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from mlpcli.check.bugs.record import Bend
    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.backprop import Rules
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

    _Way: TypeAlias = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]

__all__ = ["BUGS"]

_SUM = "sum delta_i over the rows"
_LOOKS = "every W is right, and b is wrong"
_LOGISTIC = Sigmoid()


def _biases(scene: Scene, *ways: _Way) -> Iterator[Mutant]:
    """Yield db_i made in these ways, at one or all layers."""
    for layers in one_or_all(scene.layers) if scene.bias else ():
        for way in ways:
            yield Mutant(layers, at("bias", dict.fromkeys(layers, way)), "b")


def _one_row(row: int, factor: float = 1) -> _Way:
    return lambda delta, _product, _error: delta[row] * factor


def _mean(delta: FloatArray, _product: FloatArray, _error: FloatArray) -> FloatArray:
    mean: FloatArray = delta.mean(axis=0)
    return mean


def _row_sums(_delta: FloatArray, product: FloatArray, _error: FloatArray) -> FloatArray:
    sums: FloatArray = product.sum(axis=1)
    return sums


def _row_means(_delta: FloatArray, product: FloatArray, _error: FloatArray) -> FloatArray:
    means: FloatArray = product.mean(axis=1)
    return means


def _whole_row(scene: Scene) -> Iterator[Mutant]:
    """Yield the first or the last row's delta without 1/N."""
    if scene.rows > 1:
        yield from _biases(scene, *(_one_row(row, scene.rows) for row in (0, -1)))


def _nearest_row(scene: Scene, rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield the bias gradient as delta of the one row that comes nearest to it."""
    if not scene.bias:
        return
    seen: list[FloatArray] = []

    def remember(delta: FloatArray, _product: FloatArray, _error: FloatArray) -> FloatArray:
        seen.append(delta)
        total: FloatArray = delta.sum(axis=0)
        return total

    scene.gradient(rules.also("bias", {layer: remember}), lowest=layer)
    with np.errstate(all="ignore"):
        row = int(np.argmin(np.abs(seen[0] - given.b[layer - 1]).sum(axis=1)))
    for layers in ((layer,), scene.layers):
        yield Mutant(layers, at("bias", dict.fromkeys(layers, _one_row(row))), "b")


def _scalar(scene: Scene) -> Iterator[Mutant]:
    """Yield one number for all biases of a layer; with one unit it is right."""
    wide = [i for i in scene.layers if scene.bias and scene.W[i].shape[0] > 1]
    ways: tuple[_Way, ...] = (
        lambda delta, _product, _error: delta.sum(),
        lambda delta, _product, _error: delta.mean(),
        lambda delta, _product, _error: delta.sum(axis=0).mean(),
    )
    sets = [*one_or_all(wide), *([scene.layers] if 0 < len(wide) < scene.depth else [])]
    for layers in sets:
        for way in ways if scene.rows > 1 else ways[:2]:
            yield Mutant(layers, at("bias", dict.fromkeys(layers, way)), "b")


def _errors(scene: Scene) -> Iterator[Mutant]:
    """Yield sums of the error before it is multiplied by f'."""
    if not scene.bias:
        return
    ways: dict[int, _Way] = {
        k: lambda _delta, _product, error: error.sum(axis=0)
        for k in scene.hidden
        if (scene.s[k] != 1).any()
    }
    top = scene.loss.by_output(scene.logits, scene.case.y)
    has_slope = scene.loss.with_output_slope(scene.logits, scene.case.y, scene.s[-1]) is not None
    if has_slope and not scene.linear_output:
        sums = (top * scene.case.shares).sum(axis=0)
        ways[scene.depth] = lambda _delta, _product, _error: sums
    for layers in one_or_all([*ways]):
        yield Mutant(layers, at("bias", {i: ways[i] for i in layers}), "b")


def _multiplied(factors: Mapping[int, FloatArray]) -> Iterator[Mutant]:
    """Yield db_i times these, at one or all layers where that makes a difference."""
    for layers in one_or_all([i for i, factor in factors.items() if (factor != 1).any()]):
        yield Mutant(layers, _by(factors, layers), "b")


def _by(factors: Mapping[int, FloatArray], layers: Sequence[int]) -> Bend:
    def bend(rules: Rules) -> Rules:
        for i in layers:
            rules = done([f"b{i}"], partial(np.multiply, factors[i]))(rules)
        return rules

    return bend


def _own_slope(scene: Scene) -> Iterator[Mutant]:
    """Yield db times f'(b) as people write it of z: b (1 - b), or 1 - b^2."""
    if not scene.bias:
        return
    own = {i: scene.written_slope(i, scene.b[i], scene.b[i]) for i in scene.layers}
    logistic = {i: _LOGISTIC.textbook_slope(b, b) for i, b in enumerate(scene.b[1:], 1)}
    yield from _multiplied(own)
    if any((own[i] != logistic[i]).any() for i in scene.layers):
        yield from _multiplied(logistic)


def _times_bias(scene: Scene) -> Iterator[Mutant]:
    if scene.bias:
        yield from _multiplied({i: scene.b[i] for i in scene.layers})


BUGS: Sequence[Bug] = (
    Bug(
        "bias-not-summed",
        "dJ/db_i is delta of one row",
        _SUM + ": in a loop with +=, from zeros",
        _LOOKS,
        lambda scene: _biases(scene, _one_row(0), _one_row(-1)),
        fit=_nearest_row,
        ways=_whole_row,
        hidden_by=(ONE_ROW,),
    ),
    Bug(
        "bias-averaged",
        "dJ/db_i is the mean of delta over rows, and not their sum",
        _SUM,
        "every W is right, and b is N times too small",
        lambda scene: _biases(scene, _mean),
        hidden_by=(ONE_ROW,),
    ),
    Bug(
        "bias-times-own-slope",
        "dJ/db_i is multiplied by a derivative of the bias itself, such as b (1 - b)",
        _SUM + ": the slope is in delta_i already",
        _LOOKS,
        _own_slope,
    ),
    Bug(
        "bias-times-bias",
        "dJ/db_i is multiplied by b_i",
        _SUM + ": the input of a bias is 1",
        _LOOKS + "; where a bias starts at 0 it stays there",
        _times_bias,
    ),
    Bug(
        "bias-from-weights",
        "dJ/db_i is made of the rows of dJ/dW_i, by their sums or means",
        _SUM,
        _LOOKS,
        lambda scene: _biases(scene, _row_sums, _row_means),
    ),
    Bug(
        "bias-one-scalar",
        "dJ/db_i is one number, the same for all units: the sum or mean of all of delta_i",
        _SUM + " alone: $rows",
        "every W is right, and all entries of b are the same",
        _scalar,
    ),
    Bug(
        "bias-without-slope",
        "dJ/db_i is made of the error before it is multiplied by the derivative",
        _SUM + "; delta_i has the derivative in it",
        "every W is right, and b is too large",
        _errors,
    ),
)
