"""The answer key of a case: every array between the input and the gradient, as teachers post it."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from mlpcli.check.array_files import write_array_file
from mlpcli.check.given.intermediates import intermediates
from mlpcli.check.given.layout import OURS, Layout

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["answers", "write_answers"]


def answers(case: Case, layout: Layout = OURS) -> dict[str, FloatArray]:
    """Return loss, H1, Z1, .., deltaL, .., dX, and dW1, db1, .. of our gradient in this layout.

    Where biases are folded, db_i is in dW_i, and Z_i has no column of ones.
    """
    case = layout.of(case)
    arrays = {
        name: layout.rows(array) if array.ndim else array
        for name, array in intermediates(case).items()
    }
    gradient = case.gradient()
    listed = layout.shapes(gradient)[1]
    for i, (W, b) in enumerate(zip(gradient.W, gradient.b, strict=True), start=1):
        arrays[f"dW{i}"] = layout.matrix(W, b)
        if listed:
            arrays[f"db{i}"] = layout.vector(b)
    return arrays


def write_answers(case: Case, file: IO[bytes], suffix: str, layout: Layout = OURS) -> None:
    """Write the answers to an open file, .npz, .safetensors or .json."""
    write_array_file(file, suffix, answers(case, layout))
