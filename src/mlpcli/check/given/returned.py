"""What a function takes and returns, as arrays of our layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.exchange import parameters_from
from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.check.given.tree import Tree
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["arguments", "read"]


def arguments(case: Case) -> tuple[list[FloatArray], list[FloatArray], FloatArray, FloatArray]:
    """Return weights, biases (empty where the network has none), X and y of the case."""
    network = case.network
    return network.W, network.b if network.bias else [], case.X, case.y


def read(tree: Tree, case: Case, source: str) -> Parameters:
    """Return (d_weights, d_biases), or (weights, biases), as one vector.

    Raises CaseError, which begins with `source`, where it is something else.
    """
    lists = (list, tuple)
    bias = case.network.bias
    pair = isinstance(tree, lists) and len(tree) == 2
    if not pair or not all(isinstance(part, lists) for part in (tree if bias else tree[:1])):
        raise CaseError(
            f"{source}: expected two lists of arrays, (d_weights, d_biases), got {_kind(tree)}"
        )
    arrays = {f"W{i}": np.asarray(array) for i, array in enumerate(tree[0], start=1)}
    if bias:
        arrays |= {f"b{i}": np.asarray(array) for i, array in enumerate(tree[1], start=1)}
    return parameters_from(arrays, case, source)


def _kind(tree: Tree) -> str:
    """Return what somebody returned instead of a pair of lists."""
    if isinstance(tree, (list, tuple)) and tree:
        return f"a {type(tree).__name__} of {', '.join(type(node).__name__ for node in tree[:4])}"
    return tree if isinstance(tree, str) else type(tree).__name__
