"""A cubic is what exact polynomials are, but for powers above the third."""

from __future__ import annotations

import numpy as np

from mlpcli.nn.cubic import Cubic

RNG = np.random.default_rng(0)
U = 2.0**-26 * RNG.uniform(-1, 1, 9)


def cubic(*shape: int, size: float = 1.0) -> Cubic:
    P, Q, R = size * RNG.normal(size=(3, *shape))
    return Cubic(P, Q, R, 2.0 ** np.ceil(np.log2(size)))


def test_at() -> None:
    c = cubic(9)
    x = c.scale * U
    np.testing.assert_allclose(c.at(U), U * (c.P + c.Q * x + c.R * x * x), rtol=1e-15)


def test_through_a_function_of_any_size() -> None:
    for size in (1.0, 1e3, 1e200):
        c, (a, b, d) = cubic(9, size=size), RNG.normal(size=(3, 9))
        D = c.at(U / size)
        want = a * D + b * D * D + d * D * D * D
        np.testing.assert_allclose(c.through(a, b, d).at(U / size), want, rtol=1e-14)


def test_products_sums_and_differences() -> None:
    c, other, W = cubic(4, 3, 9), cubic(4, 3, 9), RNG.normal(size=(2, 4))
    np.testing.assert_allclose(c.mixed(W).at(U), np.tensordot(W, c.at(U), 1), rtol=1e-12)
    np.testing.assert_allclose(c.summed().at(U), c.at(U).sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(c.less(other).at(U), c.at(U) - other.at(U), rtol=1e-6, atol=1e-20)
    index = RNG.integers(0, 4, (1, 3, 9))
    picked = np.take_along_axis(c.at(U), index, axis=0)
    np.testing.assert_array_equal(c.picked(index).at(U), picked)
