"""Bugs made in dJ/dW_i: delta is right, the product with the layer's input is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.record import Bug, Mutant, at, done, one_or_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["BUGS"]

_PRODUCT = "it is dJ/dW_i = $product"
_LOOKS = "every b is right, and W is wrong"


def _inputs(scene: Scene, wrong: Mapping[int, FloatArray]) -> Iterator[Mutant]:
    """Yield these in the place of Z_{i-1}, at one or all layers where that makes a difference."""
    differ = [i for i, Z in wrong.items() if (scene.Z[i - 1] != Z).any()]
    for layers in one_or_all(differ):
        yield Mutant(layers, at("input", {i: wrong[i] for i in layers}), "W")


def _transposed(scene: Scene) -> Iterator[Mutant]:
    """Yield dW_i^T for dW_i, without the penalty and with it."""
    for layers in one_or_all([i for i in scene.layers if scene.square(i)]):
        yield Mutant(layers, at("product", dict.fromkeys(layers, np.transpose)), "W")
        if scene.case.objective.l2:
            finished = done([f"W{i}" for i in layers], lambda dW: dW.T.copy())
            yield Mutant(layers, finished, "W")


def _reshaped(scene: Scene) -> Iterator[Mutant]:
    """Yield Z_{i-1}^T delta_i read row by row into the shape of W_i."""
    narrow = [i for i in scene.layers if min(scene.W[i].shape) == 1]  # there it is right
    for layers in one_or_all([i for i in scene.layers if i not in narrow]):
        yield Mutant(layers, at("product", dict.fromkeys(layers, _read_in_order)), "W")


def _read_in_order(dW: FloatArray) -> FloatArray:
    return np.ascontiguousarray(dW.T).reshape(dW.shape)


def _own_output(scene: Scene) -> Iterator[Mutant]:
    """Yield Z_i for Z_{i-1} in dJ/dW_i."""
    square = [i for i in scene.layers if scene.W[i].shape[0] == scene.W[i].shape[1]]
    yield from _inputs(scene, {i: scene.Z[i] for i in square})


def _preactivation(scene: Scene) -> Iterator[Mutant]:
    """Yield H_{i-1} for Z_{i-1}."""
    yield from _inputs(scene, {i: scene.H[i - 1] for i in scene.layers[1:]})


def _first_input(scene: Scene) -> Iterator[Mutant]:
    """Yield X for Z_{i-1}."""
    X = scene.Z[0]
    fit = [i for i in scene.layers[1:] if scene.W[i].shape[1] == X.shape[1]]
    yield from _inputs(scene, dict.fromkeys(fit, X))


def _without_input(scene: Scene) -> Iterator[Mutant]:
    """Yield 1 for Z_{i-1}, which makes each column of dW_i what db_i is."""
    yield from _inputs(scene, {i: np.ones_like(scene.Z[i - 1]) for i in scene.layers})


BUGS: Sequence[Bug] = (
    Bug(
        "gradient-transposed",
        "dJ/dW_i is transposed",
        "dJ/dW_i is $product, of the shape of W_i",
        "every b is right, and W holds the right numbers in wrong places",
        _transposed,
    ),
    Bug(
        "gradient-reshaped",
        "Z_{i-1}^T delta_i is brought into the shape of W_i by reshape, which keeps the order of "
        "the numbers and so mixes rows with columns",
        "transpose it, or compute $product",
        "every b is right, and W holds the right numbers in wrong places",
        _reshaped,
    ),
    Bug(
        "wrong-input-activation",
        "dJ/dW_i is made with the layer's output Z_i where its input belongs",
        "use Z_{i-1}: dJ/dW_i = $product",
        _LOOKS,
        _own_output,
    ),
    Bug(
        "preactivation-as-input",
        "dJ/dW_i is made with H_{i-1}, the input of the layer before its activation",
        "use Z_{i-1}: dJ/dW_i = $product",
        "W1 and every b is right, each other W is wrong",
        _preactivation,
    ),
    Bug(
        "network-input-everywhere",
        "dJ/dW_i is made with X, the input of the network and not of the layer",
        "use Z_{i-1}: dJ/dW_i = $product",
        "W1 and every b is right, each other W is wrong",
        _first_input,
    ),
    Bug(
        "input-missing",
        "dJ/dW_i lacks its input: each of its columns is dJ/db_i",
        _PRODUCT,
        "every b is right, and all columns of W are the same",
        _without_input,
    ),
)
