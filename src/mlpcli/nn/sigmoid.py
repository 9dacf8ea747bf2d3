"""The logistic sigmoid and what is made of it, without 1 - z, log(0) or an overflow.

sigma(-h) = 1 - sigma(h) on paper; in floating point the difference has no correct digit left once
h passes 37. All functions return the shape and dtype of h.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FloatArray",
    "Numbers",
    "probability",
    "sigmoid",
    "sigmoid_of_any",
    "sigmoid_pair",
    "softplus",
]

FloatArray: TypeAlias = NDArray[np.floating[Any]]
Numbers: TypeAlias = NDArray[np.inexact[Any]]


def sigmoid(h: FloatArray) -> FloatArray:
    """Return sigma(h) = 1 / (1 + exp(-h)), same shape and dtype as `h`.

    Full relative precision in both tails, down to the subnormals; neither overflows nor warns.
    sigma(-h) is how to get 1 - z: the difference has no correct digit left once h passes 37.
    """
    e = np.exp(-np.abs(h))
    z: FloatArray = np.where(h >= 0, 1, e) / (1 + e)
    return z


def sigmoid_pair(h: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (sigma(h), sigma(-h)), same shape and dtype as `h`, fast enough for every layer.

    Both are exact to a few ulp for h above the log of the smallest normal number (-708.4 in
    float64, -87.3 in float32) and stay at their value there for h below it: a subnormal would make
    every later operation many times slower, and no sum over rows would notice the difference.
    """
    t = np.maximum(h, np.log(np.finfo(h.dtype).tiny))
    np.negative(t, out=t)
    np.exp(t, out=t)
    z = t + 1
    np.reciprocal(z, out=z)
    t *= z
    return z, t


def sigmoid_of_any(h: Numbers) -> Numbers:
    """Return sigma(h) of real or complex numbers; Re h tells the side on which exp is small."""
    right = h.real >= 0
    e = np.exp(np.where(right, -h, h))
    z: Numbers = np.where(right, 1, e) / (1 + e)
    return z


def probability(h: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-h)) as a textbook does, in the dtype of h.

    It rounds to 1 from h = 36.7369 (float64) or 16.6356 (float32).
    """
    p: FloatArray = 1 / (1 + np.exp(-h))
    return p


def softplus(h: FloatArray) -> FloatArray:
    """Return log(1 + exp(h)) without overflow: max(h, 0) + log1p(exp(-abs(h)))."""
    return np.maximum(h, 0) + np.log1p(np.exp(-np.abs(h)))
