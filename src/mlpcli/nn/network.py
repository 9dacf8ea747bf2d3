"""The multilayer perceptron: one flat parameter vector, forward, and backpropagation.

Symbols and shapes, rows are samples:

    n_0, .., n_L    layer sizes: n_0 inputs, n_L outputs
    X = Z_0         N x n_0
    W_i, b_i        n_i x n_{i-1}, n_i          (a saved W_i loads into torch.nn.Linear as it is)
    H_i             N x n_i     H_i = Z_{i-1} W_i^T + b_i
    Z_i             N x n_i     Z_i = sigma(H_i)
    delta_i         N x n_i     dJ/dH_i

`theta` holds W1, b1, W2, b2, .. in this order, each row by row; W_i and b_i are views of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.activations import FloatArray, sigmoid_in_place, sigmoid_pair

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.config import NetworkConfig

__all__ = ["Network", "Parameters", "Trace", "initial_network"]

_CACHE_NUMBERS = 1 << 18  # 1 MB in float32
_FEWEST_ROWS = 256  # a matrix product of fewer is slow


class Parameters:
    """A flat vector `theta` and its views `W` and `b`, index 0 being layer 1.

    Serves weights and gradients alike. Without biases `b` holds arrays of length 0.
    """

    def __init__(self, sizes: Sequence[int], bias: bool, theta: FloatArray) -> None:
        self.sizes = tuple(sizes)
        self.bias = bias
        self.theta = theta
        self.W: list[FloatArray] = []
        self.b: list[FloatArray] = []
        self.layers: list[FloatArray] = []
        start = 0
        for fan_in, width in pairwise(self.sizes):
            end = start + width * fan_in
            stop = end + (width if bias else 0)
            self.W.append(theta[start:end].reshape(width, fan_in))
            self.b.append(theta[end:stop])
            self.layers.append(theta[start:stop])
            start = stop
        if start != theta.size:
            raise ValueError(f"expected {start} parameters for sizes {sizes}, got {theta.size}")

    @staticmethod
    def count(sizes: Sequence[int], bias: bool) -> int:
        """Return how many numbers a network of these sizes has."""
        return sum(width * (fan_in + int(bias)) for fan_in, width in pairwise(sizes))

    def like(self, theta: FloatArray) -> Parameters:
        """Return parameters of the same shapes over another vector, for example a gradient."""
        return Parameters(self.sizes, self.bias, theta)

    def tensors(self) -> Iterator[tuple[str, FloatArray]]:
        """Yield ("W1", W_1), ("b1", b_1), .. ("bL", b_L); no b where there is no bias."""
        for i, (W, b) in enumerate(zip(self.W, self.b, strict=True), start=1):
            yield f"W{i}", W
            if self.bias:
                yield f"b{i}", b


@dataclass(frozen=True)
class Trace:
    """What the forward pass leaves for the backward pass.

    `Z` holds Z_0 .. Z_{L-1}, `slopes` sigma'(H_1) .. sigma'(H_{L-1}), `logits` is H_L (N x n_L).
    """

    Z: list[FloatArray]
    slopes: list[FloatArray]
    logits: FloatArray


class Network(Parameters):
    """Weights and biases that map rows X (N x n_0) to logits H_L (N x n_L).

    All arrays share the dtype of `theta`, float32 or float64.
    """

    def forward(self, X: FloatArray) -> Trace:
        """Return all activations for the rows `X`."""
        Z, slopes = [X], []
        for W, b in zip(self.W[:-1], self.b[:-1], strict=True):
            z, complement = sigmoid_pair(self._affine(Z[-1], W, b))
            Z.append(z)
            slopes.append(np.multiply(z, complement, out=complement))  # sigma(h) sigma(-h)
        return Trace(Z, slopes, self._affine(Z[-1], self.W[-1], self.b[-1]))

    def logits(self, X: FloatArray) -> FloatArray:
        """Return H_L for the rows `X` without keeping what only the backward pass needs.

        Works on some rows at a time, so many that a layer's output stays in the cache.
        """
        H: FloatArray = np.empty((len(X), self.sizes[-1]), self.theta.dtype)
        step = max(_FEWEST_ROWS, _CACHE_NUMBERS // max(self.sizes))
        for start in range(0, len(X), step):
            z = X[start : start + step]
            for W, b in zip(self.W[:-1], self.b[:-1], strict=True):
                z = self._affine(z, W, b)
                sigmoid_in_place(z)
            H[start : start + step] = self._affine(z, self.W[-1], self.b[-1])
        return H

    def backward(self, trace: Trace, delta: FloatArray, gradient: Parameters) -> None:
        """Write dJ/dW_i and dJ/db_i of every layer into `gradient`, given delta_L = dJ/dH_L.

        dJ/dW_i holds delta_i, not dJ/dW_{i+1}: it is delta that links one layer to the next.
        """
        for i in reversed(range(len(self.W))):
            np.matmul(delta.T, trace.Z[i], out=gradient.W[i])  # dJ/dW_i = delta_i^T Z_{i-1}
            if self.bias:
                delta.sum(axis=0, out=gradient.b[i])  # dJ/db_i = column sums of delta_i
            if i:
                delta = delta @ self.W[i]  # delta_{i-1} = (delta_i W_i) * sigma'(H_{i-1})
                delta *= trace.slopes[i - 1]

    def _affine(self, z: FloatArray, W: FloatArray, b: FloatArray) -> FloatArray:
        h: FloatArray = z @ W.T
        if self.bias:
            h += b
        return h


def initial_network(
    sizes: Sequence[int], config: NetworkConfig, dtype: str, rng: np.random.Generator
) -> Network:
    """Return a fresh network; biases are 0.

    `init` is glorot (uniform on +-sqrt(6 / (n_{i-1} + n_i)), Glorot and Bengio 2010, eq. 16),
    normal (standard normal) or zeros, each times `init_scale`. Draws are made in float64, so both
    dtypes start from the same weights.
    """
    network = Network(sizes, config.bias, np.zeros(Network.count(sizes, config.bias)))
    for W in network.W:
        if config.init == "glorot":
            bound = np.sqrt(6 / sum(W.shape))
            W[:] = config.init_scale * rng.uniform(-bound, bound, W.shape)
        elif config.init == "normal":
            W[:] = config.init_scale * rng.standard_normal(W.shape)
    return Network(sizes, config.bias, network.theta.astype(dtype))
