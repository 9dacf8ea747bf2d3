"""A gradient in C, called through ctypes.

cc -O2 -shared -fPIC -o examples/c/backprop.so examples/c/backprop.c -lm
mlp gradcheck --gradient examples.c_gradient:gradient

What is given to C are pointers to the numbers, row by row; W_i is n_i x n_{i-1}.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

LIBRARY = ctypes.CDLL(str(Path(__file__).parent / "c" / "backprop.so"))


def gradient(
    weights: list[Array], biases: list[Array], X: Array, y: Array
) -> tuple[list[Array], list[Array]]:
    """Return dJ/dW_i and dJ/db_i as the library writes them."""
    sizes = [X.shape[1], *(len(W) for W in weights)]
    d_weights = [np.empty(W.shape) for W in weights]
    d_biases = [np.empty(b.shape) for b in biases]
    LIBRARY.gradient(
        len(weights), (ctypes.c_int * len(sizes))(*sizes), len(X), pointers(weights),
        pointers(biases), pointer(X), pointer(y), pointers(d_weights), pointers(d_biases),
    )  # fmt: skip
    return d_weights, d_biases


def pointer(array: Array) -> Any:
    """Return the address of an array that lies row by row."""
    assert array.flags.c_contiguous
    assert array.dtype == np.float64
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_double))


def pointers(arrays: list[Array]) -> Any:
    """Return the addresses of arrays as an array of C."""
    return (ctypes.POINTER(ctypes.c_double) * len(arrays))(*map(pointer, arrays))
