"""Columns are described with as many digits as tell, and what stands for a gap is found."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.data.describe import describe, sentinels
from mlpcli.data.table import Categorical

if TYPE_CHECKING:
    from mlpcli.data.table import Column


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (np.array([1700000001.0, 1700000060.0]), "number, 1700000001 to 1700000060"),
        (np.array([1700000001.0]), "number, always 1700000001"),
        (np.array([0.1234561, 0.1234562]), "number, 0.1234561 to 0.1234562"),
        (np.array([-3.0, 2.5, math.nan]), "number, -3 to 2.5"),
        (np.array([1e300, 2.0]), "number, 2 to 1e+300"),
        (np.array([math.nan]), "no value"),
        (Categorical(np.array([0], np.int32), ("a",)), '1 text: "a"'),
        (Categorical(np.array([-1], np.int32), ()), "no value"),
    ],
)
def test_describe(column: Column, words: str) -> None:
    assert describe(column) == words


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ([-999, 20, 30], [-999]),
        ([9999, 20, 30, math.nan], [9999]),
        ([-99, 0, 99], [-99]),
        ([-9, 0, 9], []),
        ([-999, -500, 30], []),
        ([999, 998], []),
        ([-999, -999], []),
        ([], []),
    ],
)
def test_sentinels(values: list[float], codes: list[float]) -> None:
    assert sentinels(np.array(values, np.float64)) == codes
