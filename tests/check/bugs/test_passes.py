"""Right passes are what other people's right code computes, in its digits."""

from __future__ import annotations

import numpy as np
import pytest

from buggy_backprop import buggy
from mlpcli.check.bugs.passes import right_passes
from planted import CASES, network_case


@pytest.mark.parametrize("name", ["outputs", "mse", "tanh, softmax", "relu", "leaky relu, linear"])
@pytest.mark.parametrize(("dtype", "digits"), [("float64", 1e-12), ("float32", 1e-4)])
def test_each_is_the_gradient(name: str, dtype: str, digits: float) -> None:
    case = CASES[name]
    right = case.gradient().theta
    scale = np.abs(right).max()
    passes = right_passes(case, dtype)
    assert len(passes) == 2
    for each in passes:
        np.testing.assert_allclose(each.theta, right, rtol=0, atol=digits * scale)


def test_a_textbook_loses_what_it_subtracts() -> None:
    """Where z is 1 but for one part in 1e16, 1 - z is one unit or two of its last place."""
    case = network_case((3, 2, 1), 6)
    case.network.b[0][:] = 36.3
    stable, textbook = (each.W[0] for each in right_passes(case))
    assert (np.abs(textbook - stable) > 0.01 * np.abs(stable)).all()
    np.testing.assert_allclose(textbook, buggy(case, ()).W[0], rtol=1e-9)
