"""Which answers of a network are right, by its logits h and the labels y, both N x K."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from mlpcli.nn.sigmoid import sigmoid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Answers", "each_output", "likeliest"]

Answers: TypeAlias = Callable[["FloatArray", "FloatArray"], "NDArray[np.bool_]"]


def each_output(h: FloatArray, y: FloatArray) -> NDArray[np.bool_]:
    """Return which outputs (N x K) are on the right side of 1/2."""
    right: NDArray[np.bool_] = (sigmoid(h) >= 0.5) == (y >= 0.5)
    return right


def likeliest(h: FloatArray, y: FloatArray) -> NDArray[np.bool_]:
    """Return in which rows (N,) the largest of the logits is that of the row's label."""
    right: NDArray[np.bool_] = h.argmax(axis=1) == y.argmax(axis=1)
    return right
