"""What remains unexplained is said beside what is explained."""

from __future__ import annotations

import numpy as np

from mlpcli.check.bugs.plant import planted
from mlpcli.check.bugs.search import diagnose
from mlpcli.check.verdict.bounds import rounding_bounds
from planted import network_case

CASE = network_case((3, 4, 4, 2), 7, activation="tanh")


def bugs(theta: np.ndarray) -> dict[str, tuple[int, ...]]:
    given = CASE.network.like(theta)
    return {d.bug: d.layers for d in diagnose(CASE, given, rounding_bounds(CASE), 1e-6)}


def test_a_bug_above_what_no_bug_explains_is_named_and_so_is_what_is_unknown() -> None:
    given = planted(CASE, "missing-sigma-prime", 2)
    given.W[0][:] += np.random.default_rng(1).standard_normal(given.W[0].shape)
    assert bugs(given.theta) == {"missing-sigma-prime": (2,), "unknown": (1,)}


def test_nan_is_enough_of_an_explanation_where_all_else_is_right() -> None:
    given = CASE.gradient()
    given.b[1][2] = np.nan
    assert bugs(given.theta) == {"non-finite": (2,)}
