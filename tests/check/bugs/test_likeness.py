"""Two gradients are the same within T and what rounding can do to either; distances are norms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.check.bugs.likeness import Likeness, distance, relative_distance
from mlpcli.check.verdict.bounds import Bounds
from mlpcli.nn.network import Parameters

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from mlpcli.nn.sigmoid import FloatArray

T = 1e-6
SLACK = 1e-3  # 4 u K* of each entry
SIZES = (2, 2)


def layer(W: ArrayLike, b: ArrayLike = (1.5, 0.7)) -> Parameters:
    return Parameters(SIZES, True, np.append(np.ravel(W), b))


def same(given: Parameters, computed: Parameters, K: FloatArray | None = None) -> list[bool]:
    """Return whether b and W agree; the right ones are about 1."""
    reach = np.full(6, SLACK / 4 / 2.0**-53) if K is None else K
    bounds = Bounds(np.zeros(6), reach, np.zeros(6))
    right = layer([[1.0, 0.9], [0.8, 0.7]], [1.0, 1.0])
    return [*Likeness(given, right, bounds, T).each(computed)]


W = np.array([[1 / 3, 0.21], [0.1, 2 / 7]])
ONE = np.array([[1, 0], [0, 0]])


@pytest.mark.parametrize(("share", "agrees"), [(0.9, True), (1.1, False)])
def test_entries_agree_within_what_rounding_can_do(share: float, agrees: bool) -> None:
    assert same(layer(W + share * SLACK * ONE), layer(W)) == [True, agrees]


@pytest.mark.parametrize(("share", "agrees"), [(90.0, True), (110.0, False)])
def test_a_bug_that_makes_a_gradient_larger_makes_its_rounding_larger(
    share: float, agrees: bool
) -> None:
    large = W * 300  # 100 times the largest entry of the right tensor
    assert same(layer(large + share * SLACK * ONE), layer(large)) == [True, agrees]


@pytest.mark.parametrize(("share", "agrees"), [(0.9, True), (1.1, False)])
def test_one_that_makes_it_smaller_leaves_it(share: float, agrees: bool) -> None:
    """Also where another entry is nan in both."""
    small = np.array([[1e-3, 2e-3], [np.nan, 3e-3]])
    assert same(layer(small + share * SLACK * ONE), layer(small)) == [True, agrees]


def test_nan_is_like_nan_and_inf_like_the_same_inf() -> None:
    broken = np.array([[np.nan, np.inf], [-np.inf, 1 / 3]])
    assert same(layer(broken), layer(broken)) == [True, True]
    for k, other in ((0, 1.0), (1, -np.inf), (1, 1.0), (2, 1e300)):
        changed = broken.copy()
        changed.flat[k] = other
        assert same(layer(changed), layer(broken)) == [True, False]
        assert same(layer(broken), layer(changed)) == [True, False]


def test_what_comes_of_overflow_in_one_is_not_all_that_may_be_in_the_other() -> None:
    assert same(layer(W), layer([[np.inf, 5.0], [6.0, 7.0]])) == [True, False]
    assert same(layer([[np.inf, 5.0], [6.0, 7.0]]), layer(W)) == [True, False]


def test_a_square_matrix_is_given_the_rounding_of_its_transpose() -> None:
    K = np.array([0.0, 1.0, 0.0, 0.0, 1.0, 1.0]) * SLACK / 4 / 2.0**-53
    for k, agrees in enumerate((False, True, True, False)):
        off = np.zeros(4)
        off[k] = 0.9 * SLACK
        assert same(layer(W + off.reshape(2, 2)), layer(W), K) == [True, agrees]


def test_the_distance_is_that_of_the_farthest_tensor() -> None:
    a = layer([[3.0, 0.0], [0.0, 4.0]], [1.0, 0.0])
    b = layer([[3.0, 0.0], [0.0, 4.1]], [1.0, 0.5])
    assert relative_distance(a.W[0], b.W[0]) == pytest.approx(0.1 / np.hypot(3, 4.1))
    assert distance(a, b) == pytest.approx(0.5 / np.hypot(1, 0.5))
    assert distance(a, a) == 0.0
    zeros = layer(np.zeros((2, 2)), [0.0, 0.0])
    assert distance(zeros, zeros) == 0.0
    assert distance(zeros, a) == 1.0


def test_the_distance_of_what_is_not_finite() -> None:
    a = np.array([1.0, np.nan, np.inf])
    assert relative_distance(a, a) == 0.0
    assert relative_distance(a, np.array([1.0, np.nan, -np.inf])) == np.inf
    assert relative_distance(a, np.array([1.0, 0.0, np.inf])) == np.inf
    assert relative_distance(np.array([1e-46]), np.array([2e-46], np.float64)) == 0.5


def test_what_overflowed_nearly_is_like_nothing() -> None:
    """Growth of 1e309 is inf, and what rounding could do to it would be all."""
    small = layer(1e-3 * W, [1e-3, 1e-3])
    bounds = Bounds(np.zeros(6), np.full(6, 1e3), np.zeros(6))
    likeness = Likeness(small, small, bounds, T)
    assert [*likeness.each(layer(1e308 * W, [1e308, 0.0]))] == [False, False]


def test_a_doubt_is_allowed_beside_rounding() -> None:
    bounds, q = Bounds(np.zeros(6), np.zeros(6), np.zeros(6)), np.full(6, 0.01)
    for share, agrees in ((0.9, True), (1.1, False)):
        given = layer(W + share * 0.01 * ONE)
        assert [*Likeness(given, layer(W), bounds, T, q).each(layer(W))] == [True, agrees]
        assert Likeness(given, layer(W), bounds, T, q).is_near(layer(W)) == (share < 2.5)
