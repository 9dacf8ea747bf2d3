"""The arithmetic of a training step in buffers that are allocated once.

`Network` says what is computed, in the letters of the derivation; this says the same with as few
NumPy calls as possible, since for a small network the time of a step is the time of its calls:

- samples are columns here, so that the matrix products need fewest transposes;
- weights and bias of a layer are one matrix A_i = [W_i b_i], and every Z has a last row of ones,
  so that the bias and its gradient come out of the matrix products;
- what an activation keeps for its slope takes the place of what it no longer needs;
- every result goes to a buffer, and delta_i overwrites what is no longer needed. `a.dot(b, out)`
  is taken for the products: for small matrices `matmul` spends longer on its way to the BLAS.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from mlpcli.nn.network import Network, Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Batch", "Folded", "Prepared", "Share", "Workspace"]

_CHUNK = 40_000  # numbers: three such arrays of float32 fit into the cache of one core
_Chunks: TypeAlias = "list[tuple[FloatArray, FloatArray, FloatArray]]"


class Folded:
    """A flat vector over A_1, .., A_L, and its views `A`; serves parameters and gradients alike."""

    def __init__(self, like: Parameters) -> None:
        self.bias = like.bias
        self.flat = np.empty_like(like.theta)
        self.A: list[FloatArray] = []
        self.starts: list[int] = []
        start = 0
        for fan_in, width in pairwise(like.sizes):
            columns = fan_in + like.bias
            stop = start + width * columns
            self.A.append(self.flat[start:stop].reshape(width, columns))
            self.starts.append(start)
            start = stop

    def fold(self, parameters: Parameters) -> None:
        """Copy W_i and b_i into A_i."""
        for A, W, b in zip(self.A, parameters.W, parameters.b, strict=True):
            A[:, : W.shape[1]] = W
            if self.bias:
                A[:, -1] = b

    def unfold(self, parameters: Parameters) -> None:
        """Copy A_i into W_i and b_i."""
        for A, W, b in zip(self.A, parameters.W, parameters.b, strict=True):
            W[:] = A[:, : W.shape[1]]
            if self.bias:
                b[:] = A[:, -1]


class Workspace:
    """Buffers for a number of rows: a batch, or a thread's share of one.

    `theta` is shared by all workspaces of a network; those of one thread share a `gradient`.
    `delta` and `spare` (K x N) are for the caller to work on delta_L.
    """

    def __init__(
        self, network: Network, theta: Folded, rows: int, gradient: Folded | None = None
    ) -> None:
        self.gradient = gradient = gradient or Folded(network)
        sizes, dtype = network.sizes, network.theta.dtype
        self._step_up = network.activation.step_up
        self._step_down = network.activation.step_down
        self.delta, self.spare = (np.empty((sizes[-1], rows), dtype) for _ in range(2))
        self._up: list[tuple[FloatArray, FloatArray, FloatArray, _Chunks]] = []
        self._down: list[tuple[FloatArray, ...]] = []
        for i, width in enumerate(sizes[1:-1]):
            shape = width + network.bias, rows
            Z, E = np.ones(shape, dtype), np.empty(shape, dtype)
            z, h, keep = Z[:width], E[:width], np.empty((width, rows), dtype)
            chunk = max(1, _CHUNK // rows)  # rows of h whose operations stay within the cache
            cuts = [slice(start, start + chunk) for start in range(0, width, chunk)]
            self._up.append((theta.A[i], h, Z, [(h[cut], keep[cut], z[cut]) for cut in cuts]))
            self._down.insert(0, (gradient.A[i + 1], Z.T, theta.A[i + 1].T, E, h, keep, z))
        self._last, self._first = theta.A[-1], gradient.A[0]

    def forward(self, Z: FloatArray, logits: FloatArray) -> None:
        """Write H_L^T (K x N) into `logits` for Z = [X 1]^T; keep what `backward` needs."""
        for A, h, folded, chunks in self._up:
            A.dot(Z, h)
            for chunk in chunks:
                self._step_up(*chunk)
            Z = folded
        self._last.dot(Z, logits)

    def backward(self, X: FloatArray, delta: FloatArray) -> None:
        """Write dJ/dA_i of every layer into `gradient`, given delta_L^T (K x N) for the rows [X 1].

        Overwrites what `forward` kept.
        """
        for dA, Z, A, E, below, keep, z in self._down:
            delta.dot(Z, dA)
            A.dot(delta, E)  # the last row, of the bias, is of no use, but to skip it copies W
            delta = below
            self._step_down(delta, keep, z)
        delta.dot(X, self._first)


class Share(NamedTuple):
    """A member's rows of a batch where it works on them: [X 1], its transpose, and K x N each."""

    rows: slice
    X: FloatArray
    Z: FloatArray
    labels: FloatArray
    factor: FloatArray
    logits: FloatArray
    space: Workspace


class Batch(NamedTuple):
    """The rows of a step; it leaves H_L in `logits`, flat, and in the `logits` of its shares."""

    rows: slice
    logits: FloatArray
    shares: tuple[Share, ...]


class Prepared:
    """Buffers for the rows of a block, and the views of them that its steps use.

    `labels` are y, or 1 - 2y where the engine is hard; `factor` is what each l'(h, y) is multiplied
    by. Like `logits` they hold the K x N matrices of the shares, one after the other.
    """

    def __init__(self, rows: int, columns: int, outputs: int, dtype: np.dtype[Any]) -> None:
        self.X = np.ones((rows, columns), dtype)
        self.scale = np.empty((rows, outputs), dtype)  # 1/N of the batch that a row belongs to
        self.flat = [np.empty(rows * outputs, dtype) for _ in range(3)]
        self.batches: list[Batch] = []

    def add(self, batch: slice, spaces: list[Workspace]) -> None:
        """Add a batch, whose rows the workspaces share in order."""
        shares, start = [], batch.start
        for space in spaces:
            outputs, size = space.delta.shape
            rows = slice(start, start + size)
            cut = slice(rows.start * outputs, rows.stop * outputs)
            labels, factor, logits = (array[cut].reshape(outputs, size) for array in self.flat)
            X = self.X[rows]
            shares.append(Share(rows, X, X.T, labels, factor, logits, space))
            start += size
        self.scale[batch] = 1 / (batch.stop - batch.start)
        logits = self.flat[2][batch.start * outputs : batch.stop * outputs]
        self.batches.append(Batch(batch, logits, tuple(shares)))

    def fill(self, X: FloatArray, labels: FloatArray, factor: FloatArray) -> None:
        """Copy rows X (N x n_0), labels and factor (N x K) to where the steps want them."""
        self.X[:, : X.shape[1]] = X
        if labels.shape[1] == 1:
            self.flat[0][:], self.flat[1][:] = labels[:, 0], factor[:, 0]
            return
        for share in self._shares():
            share.labels[:], share.factor[:] = labels[share.rows].T, factor[share.rows].T

    def logits(self) -> FloatArray:
        """Return H_L (N x K) of all rows whose steps have been taken, and rubbish of others."""
        if self.scale.shape[1] == 1:
            return self.flat[2][:, np.newaxis]
        return np.concatenate([share.logits.T for share in self._shares()])

    def _shares(self) -> list[Share]:
        return [share for batch in self.batches for share in batch.shares]
