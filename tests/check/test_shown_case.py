"""A bug that is named is one that every case shows: code is the same on all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from buggy_backprop import logistic
from mlpcli.check.bugs.candidates import made
from mlpcli.check.bugs.plant import planted
from mlpcli.check.bugs.registry import PLACES
from mlpcli.check.bugs.scene import scene_of
from mlpcli.check.built_in import FORMS_CASE, built_in_cases
from mlpcli.check.convention import Convention
from mlpcli.check.found import Found
from mlpcli.check.run import examine, gradcheck_each
from mlpcli.nn.backprop import RIGHT

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.check.case import Case
    from mlpcli.check.result import GradcheckResult
    from mlpcli.nn.network import Parameters

CASES = built_in_cases(Convention())
SCENES = {name: scene_of(case) for name, case in CASES.items()}


def shown(gradients: dict[str, Parameters]) -> GradcheckResult:
    """Return what is shown of these gradients, right ones where there is none."""
    by_case = {id(case): gradients.get(name, case.gradient()) for name, case in CASES.items()}
    return gradcheck_each(CASES, lambda case: examine(Found(case, by_case[id(case)])))


def named(result: GradcheckResult) -> list[str]:
    return [each.bug for each in result.diagnosis]


def of_all(function: Callable[[Case], Parameters]) -> dict[str, Parameters]:
    return {name: function(case) for name, case in CASES.items()}


@pytest.mark.parametrize("place", PLACES)
def test_a_bug_that_is_made_on_every_case_is_named(place: str) -> None:
    for bug in PLACES[place]:
        mutants = {name: [m for kind in made(s, bug) for m in kind] for name, s in SCENES.items()}
        wrong = {
            name: SCENES[name].gradient(last.bend(RIGHT))
            for name, (*_, last) in ((n, m) for n, m in mutants.items() if m)
        }
        result = shown(wrong)
        if result.verdict == "fail" and result.suggestion is None:
            assert bug.name in named(result)


def test_a_bug_that_another_case_does_not_show_is_not_named() -> None:
    """It computes the numbers of C; those of A it does not."""
    other = CASES["A"].gradient()
    other.theta[:] += 0.1 * np.random.default_rng(0).standard_normal(other.theta.size)
    result = shown({"C": planted(CASES["C"], "label-missing", 3), "A": other})
    assert (result.name, named(result)) == ("A", ["unknown"])


def test_one_clipped_entry_is_a_clip_where_another_case_has_several() -> None:
    """On A one entry is beyond 0.3, and none on C: it might be one wrong entry."""

    def clipped(case: Case) -> Parameters:
        right = case.gradient()
        return right.like(np.clip(right.theta, -0.3, 0.3))

    wrong = of_all(clipped)
    beyond = {name: (abs(CASES[name].gradient().theta) > 0.3).sum() for name in CASES}
    assert (beyond["C"], beyond["A"]) == (0, 1)
    assert beyond[FORMS_CASE] > 1
    assert named(shown(wrong)) == ["clipped"]


def test_the_case_is_shown_on_which_nothing_is_by_accident() -> None:
    """A sigmoid layer that all share keeps its last output; on C b1 is c times something known."""

    def shared(case: Case) -> Parameters:
        Z, gradient = [case.X], case.gradient()
        for W, b in zip(case.network.W, case.network.b, strict=True):
            Z.append(logistic(Z[-1] @ W.T + b))
        delta = (Z[-1] - case.y) / case.rows
        for i in reversed(range(len(case.network.W))):
            gradient.W[i][:], gradient.b[i][:] = delta.T @ Z[i], delta.sum(axis=0)
            delta = delta @ case.network.W[i]
            delta = delta * (Z[-1] * (1 - Z[-1])) if i else delta
        return gradient

    result = shown(of_all(shared))
    assert result.name == "A"
    assert named(result) == ["sigma-prime-wrong-layer", "slope-of-next-output", "unknown"]


def test_nan_far_out_hides_no_bug_that_the_other_cases_show() -> None:
    wrong = of_all(lambda case: planted(case, "missing-sigma-prime", 1))
    wrong[FORMS_CASE].theta[:] = np.nan
    result = shown(wrong)
    assert "missing-sigma-prime" in named(result)
    assert result.name == "C"


def test_what_only_one_case_shows_is_named_if_nothing_else_is() -> None:
    result = shown({"A": planted(CASES["A"], "missing-sigma-prime", 1)})
    assert result.name == "A"
    assert "missing-sigma-prime" in named(result)
