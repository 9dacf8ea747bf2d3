"""The gradient by PyTorch, in float64 and in float32, and by the loss that needs no logits.

mlp gradcheck configs/moons.yaml --gradient examples.pytorch_gradient:gradient

It needs `pip install torch`. W_i loads into torch.nn.Linear as it is.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import torch
from torch import nn

Gradient: TypeAlias = tuple[list[Any], list[Any]]


def gradient(weights: list[Any], biases: list[Any], X: Any, y: Any) -> Gradient:
    """Return the gradient of BCEWithLogitsLoss, in the dtype of the arrays."""
    return backward(nn.BCEWithLogitsLoss(reduction="sum"), weights, biases, X, y)


def gradient_float32(weights: list[Any], biases: list[Any], X: Any, y: Any) -> Gradient:
    """Return the same in float32, the default of most networks."""
    narrow_weights = [W.astype("float32") for W in weights]
    narrow_biases = [b.astype("float32") for b in biases]
    return gradient(narrow_weights, narrow_biases, X.astype("float32"), y.astype("float32"))


def gradient_bceloss(weights: list[Any], biases: list[Any], X: Any, y: Any) -> Gradient:
    """Return the gradient of BCELoss, which is given sigma(H) and has lost H."""
    bce = nn.BCELoss(reduction="sum")
    return backward(lambda H, target: bce(H.sigmoid(), target), weights, biases, X, y)


def backward(loss: Any, weights: list[Any], biases: list[Any], X: Any, y: Any) -> Gradient:
    """Build the network of these arrays, run it forwards and backwards."""
    layers = []
    for W, b in zip(weights, biases, strict=True):
        linear = nn.Linear(*W.shape[::-1])
        linear.weight = nn.Parameter(torch.tensor(W))
        linear.bias = nn.Parameter(torch.tensor(b))
        layers += [linear, nn.Sigmoid()]
    network = nn.Sequential(*layers[:-1])  # the last sigma is part of the loss
    (loss(network(torch.tensor(X)), torch.tensor(y)) / len(X)).backward()
    linears = layers[::2]
    return ([layer.weight.grad.numpy() for layer in linears],
            [layer.bias.grad.numpy() for layer in linears])  # fmt: skip
