"""Mean and deviation of a column do not depend on how it is cut, nor on its unit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.data.rules import mean_and_deviation, median

NUMBER = st.floats(-1e6, 1e6, allow_subnormal=False)
NUMBERS = st.lists(NUMBER | st.just(math.nan), min_size=1, max_size=60)


@given(NUMBERS, st.integers(1, 20))
def test_pieces_give_what_the_whole_gives(numbers: list[float], size: int) -> None:
    values = np.array(numbers)
    present = values[~np.isnan(values)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mlpcli.data.rules._PIECE", size)
        found = mean_and_deviation(values)
    if not present.size:
        assert found is None
        return
    assert found is not None
    largest = np.abs(present).max()
    deviation = (present / (largest or 1)).std() * largest  # squares of 1e-200 are 0 to numpy, too
    assert found[0] == pytest.approx(present.mean(), rel=1e-12, abs=1e-12 * largest)
    assert found[1] == pytest.approx(deviation, rel=1e-9, abs=1e-9 * largest)
    assert median(values) == pytest.approx(np.median(present), rel=1e-12, abs=1e-12 * largest)


@pytest.mark.parametrize("unit", [1e-200, 1.0, 1e200])
def test_pieces_that_are_constant_each(unit: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a sorted column: all of the deviation is between the pieces."""
    monkeypatch.setattr("mlpcli.data.rules._PIECE", 3)
    found = mean_and_deviation(unit * np.repeat([0.0, 4.0], 3))
    assert found == pytest.approx((2 * unit, 2 * unit), rel=1e-12, abs=0)


@pytest.mark.parametrize("unit", [1e-300, 1.0, 1e300])
def test_squares_stay_finite(unit: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlpcli.data.rules._PIECE", 3)
    found = mean_and_deviation(unit * np.arange(10.0))
    assert found == pytest.approx((4.5 * unit, math.sqrt(8.25) * unit), rel=1e-12, abs=0)
