"""A gradient that meets `mlp` only in files, as one from C++, Julia or a device would.

mlp gradcheck configs/moons.yaml --dump case.npz
python -m examples.gradient_by_file case.npz gradient.npz
mlp gradcheck --case case.npz --gradient gradient.npz

The case holds X, y, W1, b1, .. WL, bL; the gradient is to hold W1, b1, .. WL, bL of the same
shapes, in float32 or float64. In safetensors (--dump case.safetensors) the same names hold the same
arrays: a format that is read with an 8-byte length, a JSON header and plain numbers.
"""

from __future__ import annotations

import sys

import numpy as np
from examples.numpy_backprop import gradient


def main(case_file: str, gradient_file: str) -> None:
    """Read the case, compute the gradient, write it."""
    with np.load(case_file) as case:
        depth = sum(name.startswith("W") for name in case)
        weights = [case[f"W{i}"] for i in range(1, depth + 1)]
        biases = [case[f"b{i}"] for i in range(1, depth + 1)]
        d_weights, d_biases = gradient(weights, biases, case["X"], case["y"])
    named = {f"W{i}": array for i, array in enumerate(d_weights, start=1)}
    named |= {f"b{i}": array for i, array in enumerate(d_biases, start=1)}
    np.savez(gradient_file, allow_pickle=False, **named)


if __name__ == "__main__":
    main(*sys.argv[1:])
