"""A factor on top of one bug: which of two readings is told, and that the others are not."""

from __future__ import annotations

import pytest

from mlpcli.check.bugs.plant import planted
from mlpcli.check.bugs.search import diagnose
from mlpcli.check.verdict.bounds import rounding_bounds
from planted import network_case

CASE = network_case((3, 4, 3), 11)


def diagnosed(bug: str, factor: float) -> dict[str, float | None]:
    gradient = planted(CASE, bug)
    gradient.theta[:] *= factor
    found = diagnose(CASE, gradient, rounding_bounds(CASE), 1e-6)
    return {each.bug: each.factor for each in found}


@pytest.mark.parametrize("factor", [1 / 2, -3.0])
def test_a_factor_and_a_bug_are_both_told(factor: float) -> None:
    found = diagnosed("missing-sigma-prime", factor)
    assert {"missing-sigma-prime", "scaled"} <= {*found}
    assert found["scaled"] == pytest.approx(factor)


def test_of_two_readings_that_with_a_factor_that_people_use_comes_first() -> None:
    """The slope kept, four times, is the squared error twice."""
    found = diagnosed("output-sigma-prime-kept", 4.0)
    assert {*found} >= {"squared-error-loss", "scaled"}
    assert "output-sigma-prime-kept" not in found
    assert found["scaled"] == pytest.approx(2.0)


def test_bugs_that_take_another_factor_are_not_told_beside_it() -> None:
    found = diagnosed("output-sigma-prime-kept", 0.74)
    factor = {"output-sigma-prime-kept": 0.74, "squared-error-loss": 0.37}
    named = {*found} & {*factor}
    assert len(named) == 1
    assert found["scaled"] == pytest.approx(factor[named.pop()])


@pytest.mark.parametrize("factor", [1 - 3e-6])
def test_a_factor_so_near_to_one_is_none(factor: float) -> None:
    assert "scaled" not in diagnosed("missing-sigma-prime", factor)
