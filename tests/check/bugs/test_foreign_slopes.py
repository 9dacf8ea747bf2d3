"""The derivative of another activation is called so, however it is written and wherever it is."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from buggy_backprop import SLOPES, VALUES
from mlpcli.check.bugs.search import diagnose
from mlpcli.check.built_in import built_in_cases
from mlpcli.check.convention import Convention
from mlpcli.check.verdict.bounds import rounding_bounds
from more_bugs import program

if TYPE_CHECKING:
    from mlpcli.check.case import Case

NAMED = ("sigmoid", "tanh", "relu")
PAIRS = [*permutations((*NAMED, "leaky_relu", "identity"), 2)]
OF_H, OF_Z = "g_slope(H[i], g(H[i]))", "g_slope(Z[i], g(Z[i]))"
WRITTEN, FED_WITH_H = "g_slope(H[i], Z[i])", "g_slope(H[i], H[i])"
ONE_LAYER = "({} if i == 1 else slope(H[i], Z[i]))"
# The slope of leaky_relu below 0 is fitted to all hidden layers.
PLACES = [(*pair, where) for pair in PAIRS for where in ("{}", ONE_LAYER)
          if (pair[1], where) != ("leaky_relu", ONE_LAYER)]  # fmt: skip


def case_of(activation: str, **said: Any) -> Case:
    return built_in_cases(Convention(activation, **said))["C"]


def names(case: Case, other: str, *words: tuple[str, str]) -> list[str]:
    """Return what is named in the program with these words, g and g_slope of the other."""
    had = {"g": VALUES[other], "g_slope": SLOPES[other]}
    given = program(case, words, **had)
    right = case.gradient().theta
    if np.allclose(given.theta, right, rtol=1e-9, atol=1e-12):
        return []
    return [found.bug for found in diagnose(case, given, rounding_bounds(case), 1e-6)]


def expected(other: str, hidden: str) -> set[str]:
    """Return the names that may be meant; that of a piecewise slope taken of Z is 1 where Z > 0."""
    if other in {"sigmoid", "tanh"}:
        return {f"{other}-slope"}
    if other == "identity":
        return {"missing-sigma-prime"}
    leaky = {"leaky-alpha"} if "relu" in hidden else {"relu-slope"}
    own = {"relu-slope", "step-of-output"} if other == "relu" else leaky
    return own | {"missing-sigma-prime"}


@pytest.mark.parametrize("reading", [WRITTEN, OF_H, OF_Z, FED_WITH_H])
@pytest.mark.parametrize(("hidden", "other", "where"), PLACES)
def test_the_slope_of_another_activation_is_named(
    hidden: str, other: str, reading: str, where: str
) -> None:
    found = names(case_of(hidden), other, ("slope(H[i], Z[i])", where.format(reading)))
    if not found:
        assert {hidden, other} <= {"relu", "leaky_relu", "identity"}
        return
    assert "unknown" not in found
    assert expected(other, hidden) & {*found}


@pytest.mark.parametrize("other", NAMED)
@pytest.mark.parametrize("said", [
    {"loss": "mse", "output": "identity"}, {"loss": "bce"}, {"loss": "cross_entropy"},
])  # fmt: skip
@pytest.mark.parametrize("reading", ["g(h)", "h", "p"])
def test_a_slope_that_is_kept_at_the_output_is_named(
    other: str, said: dict[str, str], reading: str
) -> None:
    case = case_of(other, **said)
    last = "g_slope(h, g(h))" if reading == "g(h)" else f"g_slope(h, {reading})"
    old = "(2 * (p - y)) / N" if said["loss"] == "mse" else "(p - y) / N"
    found = names(case, other, (f"d = {old}", f"d = {old} * {last}"))
    assert "output-sigma-prime-kept" in found


@pytest.mark.parametrize("other", ["tanh", "relu"])
@pytest.mark.parametrize("hidden", NAMED)
def test_another_slope_at_a_sigmoid_output_is_named(hidden: str, other: str) -> None:
    case = case_of(hidden, loss="mse")
    found = names(case, other, ("(2 * (p - y) * p * (1 - p))", "(2 * (p - y) * g_slope(h, p))"))
    assert f"{other}-slope" in found


def test_it_is_said_of_what_the_slope_is_taken() -> None:
    case = case_of("tanh")
    given = program(case, [("slope(H[i], Z[i])", OF_H)], g=VALUES["sigmoid"],
                    g_slope=SLOPES["sigmoid"])  # fmt: skip
    (found,) = diagnose(case, given, rounding_bounds(case), 1e-6)
    assert found.explanation.endswith(
        "which is not the activation here (taken of H_i; layers 1, 2)"
    )
    assert found.fix == "multiply (delta_{i+1} W_{i+1}) by (1 - Z_i^2), elementwise"


def test_a_factor_on_top_is_told_too() -> None:
    case = replace(case_of("tanh"), learning_rate=None)
    found = names(case, "sigmoid", ("slope(H[i], Z[i])", OF_H), ("(p - y) / N", "(p - y) / N / 2"))
    assert {"sigmoid-slope", "scaled"} <= {*found}
