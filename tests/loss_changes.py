"""A loss's two ways to say how it changes, behind one signature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.cubic import Cubic

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.nn.losses import Loss
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["change_between"]

U = 2.0**-30


def change_between(
    loss: Loss, h: FloatArray, y: FloatArray, omega: FloatArray, *, small: bool
) -> Callable[[FloatArray, slice, slice], FloatArray]:
    """Return `Change.between`, or where `small` the same by the loss's curve."""
    if not small:
        return loss.change(h, y, omega).between
    curve = loss.curve(h, y, omega)
    assert curve is not None

    def between(half: FloatArray, outputs: slice, rows: slice) -> FloatArray:
        up, down = (
            curve.along(_of(half[:, sign], h.shape[1], outputs), rows).at(np.full((), U))
            for sign in (0, 1)
        )
        change: FloatArray = (up - down).sum(axis=-1)
        return change

    return between


def _of(half: FloatArray, n: int, outputs: slice) -> Cubic:
    """Return what is `half` (outputs, probes, rows) at U, of all n outputs."""
    P = np.zeros((n, *half.shape[1:]))
    P[outputs] = half / U
    return Cubic(P, np.zeros_like(P), np.zeros_like(P), 4.0)
