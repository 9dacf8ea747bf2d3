"""How somebody lays arrays out: samples, weights and biases, from our layout to theirs and back.

Ours is the default: rows are samples, W_i is n_i x n_{i-1}, b_i has shape (n_i,).

    samples   rows      X N x n_0, y N x n_L
              columns   X n_0 x N, y n_L x N
              vector    X (n_0,), y (n_L,): one sample alone
    weights   out-in    n_i x n_{i-1}
              in-out    n_{i-1} x n_i
    labels    columns   y has a column per output
              numbers   y (N,) holds the number of each label, 0 .. n_L - 1; of one output 0 or 1
    bias      vector    (n_i,)
              row       1 x n_i
              column    n_i x 1
              first     folded into the matrix as its first column, [b_i W_i] (first row, in-out)
              last      folded into the matrix as its last column, [W_i b_i] (last row, in-out)
              none      the network has none: H_i = Z_{i-1} W_i^T

A function whose biases are folded, or that has none, gets an empty list of biases.
"""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import product
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np

from mlpcli.errors import CaseError
from mlpcli.nn.network import Network, Parameters
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from mlpcli.check.case import Case
    from mlpcli.nn.sigmoid import FloatArray

    Layer: TypeAlias = tuple[NDArray[Any], NDArray[Any] | None]
    Arguments: TypeAlias = tuple[list[FloatArray], list[FloatArray], FloatArray, FloatArray]

__all__ = ["OURS", "Bias", "Labels", "Layout", "Samples", "Shape", "Weights", "has_one_label"]

Samples: TypeAlias = Literal["rows", "columns", "vector"]
Weights: TypeAlias = Literal["out-in", "in-out"]
Bias: TypeAlias = Literal["vector", "row", "column", "first", "last", "none"]
Labels: TypeAlias = Literal["columns", "numbers"]
Shape: TypeAlias = tuple[int, ...]

_SHAPE_OF_BIAS: dict[str, Callable[[int], Shape]] = {
    "vector": lambda n: (n,),
    "row": lambda n: (1, n),
    "column": lambda n: (n, 1),
}
_COLUMN_OF_BIAS = {"first": 0, "last": -1}


@dataclass(frozen=True)
class Layout:
    """Where an array's axes and a layer's bias lie; the fields are named as the options are."""

    samples: Samples = "rows"
    weights: Weights = "out-in"
    bias: Bias = "vector"
    labels: Labels = "columns"

    @property
    def folded(self) -> bool:
        """Whether the bias is a column of the matrix."""
        return self.bias in _COLUMN_OF_BIAS

    def options(self, other: Layout) -> str:
        """Return the options that turn this layout into the other: "--weights in-out"."""
        return " ".join(
            f"--{field.name} {getattr(other, field.name)}"
            for field in fields(self)
            if getattr(self, field.name) != getattr(other, field.name)
        )

    def others(self) -> Iterator[Layout]:
        """Yield all other layouts of the same labels, those of the fewest options first."""
        samples = get_args(Samples)[:-1] if self.samples != "vector" else ("vector",)
        every = product(samples, get_args(Weights), get_args(Bias), [self.labels])
        nearest = sorted((Layout(*fields) for fields in every), key=self._distance)
        yield from nearest[1:]  # the first is itself

    def _distance(self, other: Layout) -> int:
        return self.options(other).count("--")

    def of(self, case: Case) -> Case:
        """Return the case as it is checked: under `none` that of the network without its biases."""
        if self.bias != "none" or not case.network.bias:
            return case
        own = case.network
        theta = np.concatenate([W.ravel() for W in own.W])
        return replace(case, network=Network(own.sizes, False, theta, own.activation))

    def arguments(self, case: Case) -> Arguments:
        """Return weights, biases, X and y of the case as fresh arrays, laid out so.

        The list of biases is empty where they are folded or the network has none. Raises CaseError
        for `vector` on several rows, and for `numbers` where a row has not one label.
        """
        network = self.of(case).network
        weights = [self.matrix(W, b) for W, b in zip(network.W, network.b, strict=True)]
        listed = network.bias and not self.folded
        biases = [self.vector(b) for b in network.b] if listed else []
        return weights, biases, self.rows(case.X), self.targets(case.y)

    def targets(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return y (N x n_L) laid out so. Raises CaseError as `arguments`."""
        if self.labels == "columns":
            return self.rows(y)
        if not has_one_label(y):
            raise CaseError("y: --labels numbers: expected one label a row, got several or shares")
        numbers = (y[:, 0] if y.shape[1] == 1 else y.argmax(axis=1)).astype(np.int64)
        return self.rows(numbers)

    def own_targets(self, array: NDArray[Any], outputs: int) -> NDArray[Any]:
        """Return such a y as N x n_L again. Raises CaseError for what are no such numbers."""
        if self.labels == "columns":
            return self.own_rows(array)
        if array.ndim > 1 or not np.isin(array, np.arange(max(2, outputs))).all():
            raise CaseError(
                f"y: --labels numbers: expected whole numbers 0 .. {max(2, outputs) - 1}, one a row"
            )
        numbers = np.atleast_1d(array).astype(np.int64)
        return numbers[:, np.newaxis] if outputs == 1 else np.eye(outputs)[numbers]

    def rows(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return an array with a row per sample, laid out so. Raises CaseError as `arguments`."""
        if self.samples == "vector":
            if len(array) != 1:
                raise CaseError(
                    f"--samples vector: takes one sample at a time, got {len(array)}; "
                    "add --call row or --call row-step"
                )
            alone: NDArray[Any] = np.array(array[0])
            return alone
        return np.array(array.T if self.samples == "columns" else array, order="C")

    def own_rows(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return such an array with a row per sample again."""
        if self.samples == "vector" and array.ndim == 1:
            return array[np.newaxis]
        return np.transpose(array) if self.samples == "columns" else array

    def matrix(self, W: FloatArray, b: FloatArray) -> FloatArray:
        """Return W_i laid out so, with b_i in it where it is folded (b empty: there is none)."""
        if self.folded and b.size:
            parts = (b[:, np.newaxis], W) if self.bias == "first" else (W, b[:, np.newaxis])
            W = np.concatenate(parts, axis=1)
        return np.array(W if self.weights == "out-in" else W.T, order="C")

    def own_matrix(self, array: NDArray[Any], *, bias: bool = True) -> Layer:
        """Return W_i of such a matrix, and the b_i that was folded into it (None: it was not)."""
        W = array if self.weights == "out-in" else array.T
        if not (self.folded and bias):
            return W, None
        column = _COLUMN_OF_BIAS[self.bias]
        return np.delete(W, column, axis=1), W[:, column]

    def vector(self, b: FloatArray) -> FloatArray:
        """Return b_i laid out so."""
        return b.reshape(_SHAPE_OF_BIAS[self.bias](b.size)).copy()

    def shapes(self, network: Parameters) -> tuple[list[Shape], list[Shape]]:
        """Return the shapes of the matrices and of the listed biases of a network."""
        matrices = [self.shape(*W.shape, bias=network.bias) for W in network.W]
        listed = network.bias and self.bias in _SHAPE_OF_BIAS
        return matrices, [_SHAPE_OF_BIAS[self.bias](len(W)) for W in network.W] if listed else []

    def shape(self, width: int, fan_in: int, *, bias: bool = True) -> Shape:
        """Return the shape of the matrix of a layer, with or without biases."""
        shape = (width, fan_in + int(self.folded and bias))
        return shape if self.weights == "out-in" else shape[::-1]

    def parameters(
        self,
        weights: Sequence[NDArray[Any]],
        biases: Sequence[NDArray[Any]],
        network: Parameters,
    ) -> Parameters:
        """Return arrays of these shapes, a gradient or weights, in our layout; float32 is kept.

        A bias may also be a row, a column, or one number for the whole layer.
        """
        pieces: list[NDArray[Any]] = []
        for i, array in enumerate(weights):
            W, b = self.own_matrix(array, bias=network.bias)
            pieces.append(W.ravel())
            if network.bias:
                b = biases[i] if b is None else b
                pieces.append(np.broadcast_to(b.ravel(), network.b[i].shape))
        single = all(piece.dtype == np.float32 for piece in pieces)
        theta: FloatArray = np.concatenate(pieces).astype(np.float32 if single else np.float64)
        return Parameters(network.sizes, network.bias, theta)


def has_one_label(y: NDArray[Any]) -> bool:
    """Whether every row of y (N x n_L) has one label: a single 1, or of one output 0 or 1."""
    return bool(np.isin(y, (0, 1)).all() and (y.shape[1] == 1 or (y.sum(axis=1) == 1).all()))


OURS = Layout()
