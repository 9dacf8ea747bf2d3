"""Other cases keep what a function may rely on, and change what it may have kept."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from mlpcli.check.case import case_from
from mlpcli.check.given.other_cases import (
    MANY,
    fewer_rows,
    many_rows,
    other_numbers,
    other_weights,
)
from mlpcli.nn.losses import LOSSES, OTHER_OUTPUTS, Loss
from planted import network_case

CASE = network_case((4, 5, 3), 7)
EACH = [*LOSSES.values(), *OTHER_OUTPUTS.values()]


def test_no_two_of_many_rows_are_alike_and_none_is_larger() -> None:
    many = many_rows(CASE)
    assert many is not None
    assert many.rows == MANY == len(np.unique(many.X, axis=0))
    assert np.abs(many.X).max() <= np.abs(CASE.X).max()
    assert all(MANY % size for size in range(2, MANY))


def test_rows_that_are_many_or_weighted_are_left_as_they_are() -> None:
    assert many_rows(network_case((4, 5, 3), MANY)) is None
    assert many_rows(replace(CASE, omega=np.ones((7, 3)))) is None


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_other_numbers_have_the_same_shapes(rows: int) -> None:
    case = network_case((4, 5, 3), rows)
    other = other_numbers(case)
    assert (other.X.shape, other.y.shape) == (case.X.shape, case.y.shape)
    assert not (other.X == case.X).all(axis=1).any()
    theta = [one.network.theta for one in (case, other_weights(case), other)]
    assert all((abs(b) < abs(a))[a != 0].all() for a, b in pairwise(theta))


@pytest.mark.parametrize("loss", EACH, ids=[f"{loss.name} of {loss.output}" for loss in EACH])
@pytest.mark.parametrize("rows", [1, 7])
def test_other_labels_are_labels_of_the_loss(loss: Loss, rows: int) -> None:
    y = loss.drawn_labels(np.random.default_rng(1), rows, 3)
    base = network_case((4, 5, 3), rows)
    case = case_from(base.network, base.X, y, loss=loss.name, output=loss.output)
    other = other_numbers(case)  # a Case refuses labels that are none
    if rows > 1:
        assert not np.array_equal(other.y, case.y)


def test_a_single_row_has_fewer_of_its_features() -> None:
    one = network_case((4, 5, 3), 1)
    assert np.array_equal(fewer_rows(one).X, one.X / 2)
    assert fewer_rows(CASE).rows == 3
