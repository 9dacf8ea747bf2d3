"""The multilayer perceptron: one flat parameter vector, and the forward pass.

Symbols and shapes, rows are samples:

    n_0, .., n_L    layer sizes: n_0 inputs, n_L outputs
    X = Z_0         N x n_0
    W_i, b_i        n_i x n_{i-1}, n_i          (a saved W_i loads into torch.nn.Linear as it is)
    H_i             N x n_i     H_i = Z_{i-1} W_i^T + b_i
    Z_i             N x n_i     Z_i = f(H_i), i < L

`theta` holds W1, b1, W2, b2, .. in this order, each row by row; W_i and b_i are views of it.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.activations import Sigmoid
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlpcli.nn.activation import Activation
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["INITS", "Forward", "Network", "Parameters", "initial_network"]

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

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.sizes))
        return f"<{type(self).__name__} {sizes}, {self.theta.size} parameters>"

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


class Network(Parameters):
    """Weights and biases that map rows X (N x n_0) to logits H_L (N x n_L).

    All arrays share the dtype of `theta`, float32 or float64.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        bias: bool,
        theta: FloatArray,
        activation: Activation = Sigmoid(),  # noqa: B008  a frozen record
    ) -> None:
        super().__init__(sizes, bias, theta)
        self.activation = activation

    def with_theta(self, theta: FloatArray) -> Network:
        """Return the same network with other parameters."""
        return Network(self.sizes, self.bias, theta, self.activation)

    def forward(self, X: FloatArray) -> Forward:
        """Return Z and H of all layers for the rows `X`."""
        Z: list[FloatArray] = [X]
        H: list[FloatArray] = []
        for W, b in zip(self.W, self.b, strict=True):
            if H:
                Z.append(self.activation.value(H[-1]))
            h: FloatArray = Z[-1] @ W.T
            if self.bias:
                h += b
            H.append(h)
        return Forward(self, Z, H)

    def logits(self, X: FloatArray) -> FloatArray:
        """Return H_L (N x n_L) for the rows `X`.

        Works on some rows at a time, so many that a layer's output stays in the cache.
        """
        H: FloatArray = np.empty((len(X), self.sizes[-1]), self.theta.dtype)
        step = max(_FEWEST_ROWS, _CACHE_NUMBERS // max(self.sizes))
        for start in range(0, len(X), step):
            H[start : start + step] = self.forward(X[start : start + step]).H[-1]
        return H


@dataclass(frozen=True)
class Forward:
    """What a forward pass leaves: `Z` holds Z_0 .. Z_{L-1}, `H` holds H_1 .. H_L."""

    network: Network
    Z: list[FloatArray]
    H: list[FloatArray]

    @property
    def logits(self) -> FloatArray:
        """H_L (N x n_L)."""
        return self.H[-1]

    def up_to(self, layer: int) -> Forward:
        """Return the pass of the layers 1 .. `layer` alone; the arrays are shared."""
        whole = self.network
        sizes = whole.sizes[: layer + 1]
        theta = whole.theta[: whole.count(sizes, whole.bias)]
        network = Network(sizes, whole.bias, theta, whole.activation)
        part = Forward(network, self.Z[:layer], self.H[:layer])
        part.__dict__["slopes"] = self.slopes[: layer - 1]
        return part

    @cached_property
    def slopes(self) -> list[FloatArray]:
        """f'(H_1) .. f'(H_{L-1})."""
        slope = self.network.activation.slope
        return [slope(h, z) for h, z in zip(self.H[:-1], self.Z[1:], strict=True)]


def _glorot(shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
    bound = np.sqrt(6 / sum(shape))
    return rng.uniform(-bound, bound, shape)


def _he(shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
    draws: FloatArray = np.sqrt(2 / shape[1]) * rng.standard_normal(shape)
    return draws


INITS: dict[str, Callable[[tuple[int, ...], np.random.Generator], FloatArray]] = {
    "glorot": _glorot,  # Glorot and Bengio 2010, eq. 16
    "he": _he,  # He et al. 2015, eq. 10
    "normal": lambda shape, rng: rng.standard_normal(shape),
    "zeros": lambda shape, _rng: np.zeros(shape),
}


def initial_network(
    sizes: Sequence[int],
    rng: np.random.Generator,
    *,
    init: str = "glorot",
    scale: float = 1.0,
    bias: bool = True,
    dtype: str = "float64",
    activation: Activation | None = None,
) -> Network:
    """Return a fresh network (activation None: sigmoid); biases are 0.

    `init` is glorot (uniform on +-sqrt(6 / (n_{i-1} + n_i))), he (normal of deviation
    sqrt(2 / n_{i-1})), normal (standard normal) or zeros, each times `scale`. Draws are made in
    float64, so both dtypes start from the same weights; those that the dtype cannot hold are
    infinite.
    """
    theta = np.zeros(Network.count(sizes, bias))
    network = Network(sizes, bias, theta, activation or Sigmoid())
    with np.errstate(over="ignore"):  # by a scale beyond all sense, which the caller judges
        for W in network.W:
            W[:] = scale * INITS[init](W.shape, rng)
        return network.with_theta(network.theta.astype(dtype))
