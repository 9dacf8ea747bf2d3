"""Two gradients agree up to rounding, and the place is told where they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.check.given.agreement import contradicts, equal, slack_of, where_apart
from mlpcli.check.given.caller import Made
from mlpcli.nn.network import Parameters
from planted import network_case

if TYPE_CHECKING:
    from mlpcli.nn.sigmoid import FloatArray

CASE = network_case((4, 5, 3), 7)
RIGHT = CASE.gradient()


def made(theta: FloatArray) -> Made:
    return Made(RIGHT.like(theta), np.zeros(theta.size))


@pytest.mark.parametrize(("share", "same"), [(0.9, True), (1.2, False)])
def test_two_gradients_are_equal_up_to_the_rounding_of_both(share: float, same: bool) -> None:
    first = made(RIGHT.theta)
    slack = slack_of(CASE, first)
    off = RIGHT.theta.copy()
    off[3] += share * (slack[3] + 1e-9 * abs(RIGHT.theta[3]))
    assert equal(first, made(off), slack) is same


def test_nan_is_equal_to_nan() -> None:
    theta = np.where(np.arange(RIGHT.theta.size) == 2, np.nan, RIGHT.theta)
    assert equal(made(theta), made(theta.copy()), np.zeros(theta.size))


@pytest.mark.parametrize(("factor", "wrong"), [(1 + 1e-7, False), (1 + 1e-5, True), (np.nan, True)])
def test_what_is_beyond_the_tolerance_contradicts(factor: float, wrong: bool) -> None:
    assert contradicts(made(factor * RIGHT.theta), CASE) is wrong


def test_the_entry_that_is_farthest_apart_is_told() -> None:
    a, b = (Parameters((2, 2), True, np.arange(6.0)) for _ in range(2))
    b.W[0][1, 0] = 7
    assert where_apart(a, b) == "W1[1, 0] was 2, then 7"
