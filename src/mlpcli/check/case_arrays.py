"""The arrays of a case in any layout: what is written, and the network and rows that are read.

A misfit is blamed on the array that is wrong, not on the first that does not fit; where all of them
fit another layout, on the options that say so.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mlpcli.check.case import Case, case_from
from mlpcli.errors import CaseError
from mlpcli.nn.network import Network
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from mlpcli.check.convention import Convention
    from mlpcli.check.given.layout import Layout
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["CaseArrays", "arrays_of", "listed", "read_case_arrays", "read_network", "read_rows"]

Arrays: TypeAlias = "Mapping[str, NDArray[Any]]"


@dataclass(frozen=True)
class CaseArrays:
    """The network and the rows of a case: X, y and, if there, omega, a row per sample."""

    network: Network
    rows: Arrays

    def case(self, convention: Convention, learning_rate: float | None = None) -> Case:
        """Return the case under this convention. Raises CaseError where that cannot be."""
        case = case_from(
            self.network,
            self.rows["X"],
            self.rows["y"],
            omega=self.rows.get("omega"),
            loss=convention.loss,
            output=convention.output,
            learning_rate=learning_rate,
        )
        return convention.applied(case)


def read_case_arrays(arrays: Arrays, layout: Layout) -> CaseArrays:
    """Return what X, y, W1, b1, .. and omega, of any real dtype and in this layout, say of a case.

    Raises CaseError for arrays that are none.
    """
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise CaseError(f"{name}: expected real numbers, got {array.dtype}")
        if array.ndim == 0 or array.size == 0:
            raise CaseError(f"{name}: expected numbers, got shape {array.shape}")
    network = read_network(arrays, layout)
    widths = {"X": network.sizes[0], "y": network.sizes[-1], "omega": network.sizes[-1]}
    rows = {
        name: read_rows(arrays, name, layout, width)
        for name, width in widths.items()
        if name in arrays
    }
    return CaseArrays(network, rows)


def arrays_of(case: Case, layout: Layout) -> dict[str, FloatArray]:
    """Return X, y, W1, b1, .. and omega of a case as a file in this layout holds them."""
    case = layout.of(case)
    weights, biases, X, y = layout.arguments(case)
    arrays = {"X": X, "y": y}
    for i, W in enumerate(weights, start=1):
        arrays[f"W{i}"] = W
        if biases:
            arrays[f"b{i}"] = biases[i - 1]
    if case.omega is not None:
        arrays["omega"] = layout.rows(case.omega)
    return arrays


def read_network(arrays: Arrays, layout: Layout) -> Network:
    """Return the network in float64. Raises CaseError for arrays that are none of this layout."""
    depth = _depth(arrays)
    wrong = [*_misfits(arrays, layout, depth)]
    if wrong:
        other = next((o for o in layout.others() if not [*_misfits(arrays, o, depth)]), None)
        if other is None:
            raise CaseError(wrong[0])
        raise CaseError(f"{wrong[0]}; the arrays fit {layout.options(other)}: add that")
    pieces = []
    for i in range(1, depth + 1):
        W, b = _layer(arrays, layout, i)
        pieces += [W.ravel(), b.ravel()]
    sizes = _sizes(arrays, layout, depth)
    theta = np.concatenate(pieces).astype(np.float64)
    return Network(sizes, theta.size != Network.count(sizes, False), theta)


def read_rows(arrays: Arrays, name: str, layout: Layout, columns: int) -> NDArray[Any]:
    """Return X, y or omega with a row per sample.

    Raises CaseError for labels by number where the layout does not say so.
    """
    array = arrays[name]
    if name == "y" and layout.labels == "numbers":
        return layout.own_targets(array, columns)
    if name == "y" and array.ndim == 1 and columns > 1 and set(array) <= set(range(columns)):
        raise CaseError(
            f"y: expected a column per output, shape ({len(array)}, {columns}), got classes by "
            f"number, shape {array.shape}; say --labels numbers, or write np.eye({columns})[y]"
        )
    return layout.own_rows(array) if array.ndim == 2 else array


def _depth(arrays: Arrays) -> int:
    """Return the number of layers, every tensor of which is there."""
    depth = sum(name[0] == "W" for name in arrays)
    bias = any(name[0] == "b" for name in arrays)
    expected = [f"{kind}{i}" for i in range(1, depth + 1) for kind in "Wb"[: 1 + bias]]
    for name in expected:
        if name not in arrays:
            raise CaseError(f'no array "{name}"; it has {listed(arrays)}')
        if name[0] == "W" and arrays[name].ndim != 2:
            raise CaseError(f"{name}: expected a matrix, got {arrays[name].shape}")
    extra = [name for name in arrays if re.fullmatch(r"[Wb]\d+", name) and name not in expected]
    if extra:
        raise CaseError(f'"{extra[0]}" belongs to no layer of a network of {depth} layers')
    return depth


def listed(arrays: Arrays) -> str:
    """Return the first names, for a message."""
    return ", ".join([*arrays][:8]) or "nothing"


def _layer(arrays: Arrays, layout: Layout, i: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return W_i, and b_i, which is empty where there is none."""
    W, b = layout.own_matrix(arrays[f"W{i}"])
    return W, arrays.get(f"b{i}", np.empty(0)) if b is None else b


def _sizes(arrays: Arrays, layout: Layout, depth: int) -> list[int]:
    """Return n_0 .. n_L as most arrays have them: n_i by b_i if there is one, else by W_i."""
    layers = [_layer(arrays, layout, i) for i in range(1, depth + 1)]
    widths = [b.size if b.size == max(b.shape) > 0 else len(W) for W, b in layers]
    first, X = layers[0][0], layout.own_rows(arrays["X"])
    inputs = first.shape[1] if len(first) == widths[0] or X.ndim != 2 else X.shape[1]
    return [inputs, *widths]


def _misfits(arrays: Arrays, layout: Layout, depth: int) -> Iterator[str]:
    """Yield a line for every array that does not fit the others, in this layout."""
    if layout.folded and "b1" in arrays:
        yield f"b1: expected none, as --bias {layout.bias} says that it is folded into W1"
        return
    sizes = _sizes(arrays, layout, depth)
    for i, (fan_in, width) in enumerate(pairwise(sizes), start=1):
        W, b = _layer(arrays, layout, i)
        if W.shape != (width, fan_in):
            want = layout.shape(width, fan_in)
            yield f"W{i}: expected shape {want}, got {arrays[f'W{i}'].shape}"
        if b.size and b.shape not in {(width,), (1, width), (width, 1)}:
            yield f"b{i}: expected shape {(width,)}, got {b.shape}"
    yield from _misfit_rows(arrays, layout, sizes)


def _misfit_rows(arrays: Arrays, layout: Layout, sizes: list[int]) -> Iterator[str]:
    """Yield a line for each of X and y that has other columns than its layer has units."""
    rows = max(layout.own_rows(arrays[name]).shape[0] for name in ("X", "y"))
    for name, columns in (("X", sizes[0]), ("y", sizes[-1])):
        if name == "y" and layout.labels == "numbers":
            continue
        own = layout.own_rows(arrays[name])
        if own.ndim == 2 and own.shape[1] != columns:
            turned = ": it is transposed" if own.shape == (columns, rows) else ""
            want = (columns, rows) if layout.samples == "columns" else (rows, columns)
            yield f"{name}: expected shape {want}, got {arrays[name].shape}{turned}"
