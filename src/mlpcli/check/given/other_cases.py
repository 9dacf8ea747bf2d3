"""Other cases for a function that was called on one: fewer rows, many, other numbers in its shapes.

What is kept from call to call by the shape of a batch or of weights, or once for all, is met with
other numbers of the same shapes; batches that a function makes of its rows, with many of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["MANY", "fewer_rows", "many_rows", "other_numbers", "other_weights"]

MANY = 307  # rows: more than one batch of 256, and no multiple of a usual batch
_LESS = 0.75  # of numbers that were the case's own: nothing comes nearer to overflow
_LEAST = 0.5  # of the last of many rows


def fewer_rows(case: Case) -> Case:
    """Return the first half of the rows; of a single row, half of its features."""
    rows = slice(0, max(1, len(case.X) // 2))
    omega = None if case.omega is None else case.omega[rows]
    X = case.X[rows] if len(case.X) > 1 else case.X / 2
    return replace(case, X=X, y=case.y[rows], omega=omega)


def many_rows(case: Case) -> Case | None:
    """Return a case of many rows, no two alike: those of the case in turn, smaller and smaller.

    None where it has as many, where rows are weighted, or where one lies on a kink.
    """
    if case.rows >= MANY or case.omega is not None:
        return None
    turn = np.arange(MANY) % case.rows
    scale = np.linspace(1, _LEAST, MANY)[:, np.newaxis]
    many = replace(case, X=case.X[turn] * scale, y=case.y[turn])
    return None if many.on_a_kink else many


def other_weights(case: Case) -> Case:
    """Return the case with smaller weights and biases."""
    network = case.network
    return replace(case, network=network.with_theta(_LESS * network.theta))


def other_numbers(case: Case) -> Case:
    """Return as many rows of other numbers, other labels, and weights smaller again."""
    X = _LESS * case.X[::-1]
    y = case.y if case.omega is not None else _other_labels(case)  # whose weights labels may make
    return replace(other_weights(other_weights(case)), X=X, y=y)


def _other_labels(case: Case) -> FloatArray:
    """Return the labels of the rows before; where all are the same, those that the loss draws."""
    turned = np.roll(case.y, 1, axis=0)
    if not np.array_equal(turned, case.y):
        return turned
    return case.objective.loss.drawn_labels(np.random.default_rng(0), *case.y.shape)
