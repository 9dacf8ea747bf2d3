"""The arithmetic of a training step in buffers that are allocated once.

`Network` says what is computed, in the letters of the derivation; this says the same with as few
NumPy calls as possible, since for a small network the time of a step is the time of its calls:

- samples are columns here, so that the matrix products need fewest transposes;
- weights and bias of a layer are one matrix A_i = [W_i b_i], and every Z has a last row of ones,
  so that the bias and its gradient come out of the matrix products;
- e = exp(h), t = 1 + e, z = e/t, sigma'(h) = z/t give sigma(h) and its slope to full relative
  precision in both tails; h is held within the range where neither is subnormal, which is slow;
- every result goes to a buffer, and delta_i overwrites what is no longer needed. `a.dot(b, out)`
  is taken for the products: for small matrices `matmul` spends longer on its way to the BLAS.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy._core import umath

if TYPE_CHECKING:
    from mlpcli.nn.activations import FloatArray
    from mlpcli.nn.network import Network, Parameters

__all__ = ["Folded", "Workspace", "clip", "sigmoid_range", "with_ones"]


# np.clip, which exists in every release, takes longer to reach this than it takes.
clip = getattr(umath, "clip", np.clip)


def with_ones(X: FloatArray, bias: bool) -> FloatArray:
    """Return [X 1] (N x n_0+1) for a network with biases, else X."""
    if not bias:
        return np.ascontiguousarray(X)
    folded = np.ones((X.shape[0], X.shape[1] + 1), X.dtype)
    folded[:, :-1] = X
    return folded


def sigmoid_range(dtype: np.dtype[Any]) -> tuple[FloatArray, FloatArray]:
    """Return the ends of the range of h in which sigma(h) and sigma(-h) are not subnormal."""
    high = np.floor(-np.log(float(np.finfo(dtype).tiny)))
    return np.array(-high, dtype), np.array(high, dtype)


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
        self._low, self._high = sigmoid_range(dtype)
        self._one = np.ones((), dtype)
        self.delta, self.spare = (np.empty((sizes[-1], rows), dtype) for _ in range(2))
        self._up: list[tuple[FloatArray, ...]] = []
        self._down: list[tuple[FloatArray, ...]] = []
        for i, width in enumerate(sizes[1:-1]):
            shape = width + network.bias, rows
            Z, E, t = np.ones(shape, dtype), np.empty(shape, dtype), np.empty((width, rows), dtype)
            z, e = Z[:width], E[:width]
            self._up.append((theta.A[i], e, t, z, Z))
            self._down.insert(0, (gradient.A[i + 1], Z.T, theta.A[i + 1].T, E, e, t, z))
        self._last, self._first = theta.A[-1], gradient.A[0]

    def forward(self, Z: FloatArray, logits: FloatArray) -> None:
        """Write H_L^T (K x N) into `logits` for Z = [X 1]^T; keep what `backward` needs."""
        one, low, high = self._one, self._low, self._high
        for A, e, t, z, folded in self._up:
            A.dot(Z, e)
            clip(e, low, high, e)
            np.exp(e, e)
            np.add(e, one, t)
            np.divide(e, t, z)
            Z = folded
        self._last.dot(Z, logits)

    def backward(self, X: FloatArray, delta: FloatArray) -> None:
        """Write dJ/dA_i of every layer into `gradient`, given delta_L^T (K x N) for the rows [X 1].

        Overwrites what `forward` kept.
        """
        for dA, Z, A, E, e, t, z in self._down:
            delta.dot(Z, dA)
            A.dot(
                delta, E
            )  # its last row, of the bias, is of no use; `dot` would copy W to skip it
            delta = np.multiply(e, z, e)
            np.divide(delta, t, delta)  # sigma'(H_i) = sigma(h) sigma(-h) = z/t
        delta.dot(X, self._first)
