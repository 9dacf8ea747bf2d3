"""The arithmetic of a training step in buffers that are allocated once.

`Network` says what is computed, in the letters of the derivation; this says the same with as few
NumPy calls as possible, since for a small network the time of a step is the time of its calls:

- weights and bias of a layer are one matrix A_i = [W_i b_i], and every Z has a last column of ones,
  so that the bias and its gradient come out of the matrix products;
- e = exp(h), c = 1/(1+e), z = e c give sigma(h) = z and sigma(-h) = c, both to full relative
  precision; h is held within the range where neither is subnormal, which would be slow;
- every result goes to a buffer, and delta_i overwrites what is no longer needed.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mlpcli.nn.activations import FloatArray
    from mlpcli.nn.network import Network, Parameters

__all__ = ["Folded", "Workspace", "with_ones"]


def with_ones(X: FloatArray, bias: bool) -> FloatArray:
    """Return [X 1] (N x n_0+1) for a network with biases, else X."""
    if not bias:
        return np.ascontiguousarray(X)
    folded = np.ones((X.shape[0], X.shape[1] + 1), X.dtype)
    folded[:, :-1] = X
    return folded


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
    """Buffers for the rows of a batch, or of a thread's share of one, up to `rows`.

    `theta` is shared by all workspaces of a network, `gradient` is this one's own.
    """

    def __init__(self, network: Network, theta: Folded, rows: int) -> None:
        self.theta = theta
        self.gradient = Folded(network)
        self._transposed = [A.T for A in theta.A]
        self._W = [A[:, :fan_in] for A, fan_in in zip(theta.A, network.sizes[:-1], strict=True)]
        dtype = network.theta.dtype
        info = np.finfo(dtype)
        self._high = dtype.type(np.floor(-np.log(float(info.tiny))))
        self._low = -self._high
        hidden = network.sizes[1:-1]
        self._Z = [np.ones((rows, width + network.bias), dtype) for width in hidden]
        self._e = [np.empty((rows, width), dtype) for width in hidden]
        self._c = [np.empty((rows, width), dtype) for width in hidden]
        self._views = self._cut(rows)
        self._short: tuple[int, _Views] | None = None

    def _cut(self, rows: int) -> _Views:
        Z = [z[:rows] for z in self._Z]
        widths = [e.shape[1] for e in self._e]
        return _Views(
            Z=Z,
            z=[z[:, :width] for z, width in zip(Z, widths, strict=True)],
            e=[e[:rows] for e in self._e],
            c=[c[:rows] for c in self._c],
        )

    def _sized(self, rows: int) -> _Views:
        """Return the buffers cut to a number of rows; that of the last batch is remembered."""
        if rows == len(self._Z[0]) if self._Z else True:
            return self._views
        if self._short is None or self._short[0] != rows:
            self._short = (rows, self._cut(rows))
        return self._short[1]

    def forward(self, X: FloatArray, logits: FloatArray) -> None:
        """Write H_L (N x K) for the rows [X 1] into `logits`; keep what `backward` needs."""
        views = self._sized(X.shape[0])
        Z = X
        for i, e in enumerate(views.e):
            c = views.c[i]
            np.matmul(Z, self._transposed[i], out=e)
            np.minimum(e, self._high, out=e)
            np.maximum(e, self._low, out=e)
            np.exp(e, out=e)
            np.add(e, 1, out=c)
            np.reciprocal(c, out=c)
            np.multiply(e, c, out=views.z[i])
            Z = views.Z[i]
        np.matmul(Z, self._transposed[-1], out=logits)

    def backward(self, X: FloatArray, delta: FloatArray) -> None:
        """Write dJ/dA_i of every layer into `gradient`, given delta_L (N x K) for the rows [X 1].

        Overwrites what `forward` kept.
        """
        views = self._sized(X.shape[0])
        for i in range(len(views.e), 0, -1):
            np.matmul(delta.T, views.Z[i - 1], out=self.gradient.A[i])
            c = views.c[i - 1]
            np.multiply(c, views.z[i - 1], out=c)  # sigma'(H_i) = sigma(h) sigma(-h)
            delta = np.matmul(delta, self._W[i], out=views.e[i - 1])
            np.multiply(delta, c, out=delta)
        np.matmul(delta.T, X, out=self.gradient.A[0])


class _Views:
    """The buffers of the hidden layers, cut to the rows at hand."""

    def __init__(
        self,
        Z: list[FloatArray],
        z: list[FloatArray],
        e: list[FloatArray],
        c: list[FloatArray],
    ) -> None:
        self.Z, self.z, self.e, self.c = Z, z, e, c
