"""A number is fitted to many entries, and to one only if people multiply by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.check.bugs.fit import linear, nearest_exponent, recognised
from mlpcli.check.bugs.record import at
from mlpcli.check.bugs.scene import scene_of
from mlpcli.nn.backprop import RIGHT
from planted import network_case

if TYPE_CHECKING:
    from mlpcli.check.bugs.record import Bend

SINGLE = scene_of(network_case((1, 1), 5, bias=False))
MANY = scene_of(network_case((3, 4, 3), 11))
N, K = 11, 3


def times(c: float) -> Bend:
    return at("delta", {1: lambda delta: c * delta})


@pytest.mark.parametrize(("c", "found"), [(0.37, False), (2.0, True), (0.2, True), (-5.0, True)])
def test_a_single_entry_tells_a_usual_number_alone(c: float, found: bool) -> None:
    """With five rows 0.2 is 1/N, -5 is -N."""
    given = SINGLE.gradient().like(c * SINGLE.gradient().theta)
    number = linear(SINGLE, RIGHT, given, 1, times)
    assert number == (pytest.approx(c) if found else None)


def test_several_entries_tell_any_number_and_nan_tells_none() -> None:
    right = MANY.gradient()
    given = right.like(0.37 * right.theta)
    assert linear(MANY, RIGHT, given, 1, times) == pytest.approx(0.37)
    given.theta[0] = np.nan
    assert linear(MANY, RIGHT, given, 1, times) is None


NAMES = {
    "2": 2,
    "1/2": 1 / 2,
    "the learning rate": 0.01,
    "N, the number of rows": N,
    "1/N, N the number of rows": 1 / N,
    "N/2, N the number of rows": N / 2,
    "1/(2N), N the number of rows": 1 / (2 * N),
    "2N, N the number of rows": 2 * N,
    "2/N, N the number of rows": 2 / N,
    "K, the number of outputs": K,
    "1/K, K the number of outputs": 1 / K,
    "1/(2K), K the number of outputs": 1 / (2 * K),
    "N/K, N rows and K outputs": N / K,
    "N/(2K), N rows and K outputs": N / (2 * K),
    "1/(N K), N rows and K outputs": 1 / (N * K),
}


@pytest.mark.parametrize(("name", "value"), NAMES.items())
def test_a_factor_that_people_use_has_its_name(name: str, value: float) -> None:
    assert recognised(MANY, value) == [name]
    assert recognised(MANY, -value) == [f"-{name}"]
    assert recognised(MANY, value * (1 + 1e-6)) == [name]
    assert recognised(MANY, value * (1 + 1e-4)) == []


def test_of_one_output_there_is_no_K() -> None:
    assert recognised(SINGLE, 1.0) == []
    assert recognised(SINGLE, 5.0) == ["N, the number of rows"]


@pytest.mark.parametrize("exponent", [-1.3, -6.77, -11.123, -15.5])
def test_the_nearest_exponent_is_found(exponent: float) -> None:
    assert nearest_exponent(lambda x: abs(x - exponent)) == pytest.approx(exponent, abs=1e-5)
