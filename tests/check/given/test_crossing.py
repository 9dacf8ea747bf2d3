"""What meets all labels is noted; all else is as with plain arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli.check.given.crossing import watched

if TYPE_CHECKING:
    from collections.abc import Callable

Y = np.arange(5.0).reshape(5, 1)
Z = Y + 0.5


@pytest.mark.parametrize(
    "use",
    [
        lambda y: Z - y[:, 0],
        lambda y: Z - y.ravel(),
        lambda y: Z.ravel() * y,
        lambda y: np.subtract(Z, y.reshape(-1)),
        lambda y: Z - np.squeeze(y) * 1.0,
        lambda y: (Z > 0.5) == y[:, 0],
        lambda y: np.log(Z) - (1 - y.flatten()),
    ],
)
def test_a_column_that_meets_numbers_without_an_axis_is_seen(use: Callable[[Any], Any]) -> None:
    y = watched(Y)
    np.testing.assert_array_equal(use(y), use(Y))
    assert {*y.seen} <= {((5, 1), (5,)), ((5,), (5, 1))}
    assert y.seen


@pytest.mark.parametrize(
    "use",
    [
        lambda y: Z - y,
        lambda y: (Z - y).T @ Z,
        lambda y: Z.T - y.T,
        lambda y: Z.ravel() - y[:, 0],
        lambda y: np.array([1.0, 2.0]) * y,
        lambda y: y[:1] - y[:1, 0],
        lambda y: np.where(y > 1, 1.0, 0.0).sum(axis=0),
        lambda y: np.outer(y, y),
        np.add.reduce,
    ],
)
def test_nothing_else_is(use: Callable[[Any], Any]) -> None:
    y = watched(Y)
    np.testing.assert_array_equal(use(y), use(Y))
    assert y.seen == []


def test_what_is_written_into_another_array_stays_that_array() -> None:
    into, y = Z.copy(), watched(Y)
    result = into
    result -= y
    assert result is into
    assert type(into) is np.ndarray
    np.testing.assert_array_equal(into, Z - Y)
    parts = np.empty_like(Y), np.empty_like(Y)
    assert np.divmod(y, 2.0, out=parts) is not None
    np.testing.assert_array_equal(parts[1], Y % 2)
    assert np.array_equal(watched(Y), Y)
