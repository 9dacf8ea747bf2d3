"""What a call cannot show is said: by rows N = 1, and with a fitted rate any factor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.check.bugs.scene import scene_of
from mlpcli.check.given.function import FunctionRun, run_function
from mlpcli.check.given.hidden import _equal
from mlpcli.check.given.hosting import hosted
from planted import network_case

if TYPE_CHECKING:
    from mlpcli.check.case import Case

GUESTS = Path(__file__).parent / "guests.py"
CASE = network_case((4, 5, 3), 7)


def run(function: str, call: str = "batch", case: Case = CASE) -> FunctionRun:
    with hosted(f"{GUESTS}:{function}", call=call, in_process=True) as host:
        return run_function(host, case, call=call)


def test_a_fitted_rate_hides_every_factor() -> None:
    hidden = {spot.bug: spot for spot in run("of_its_own_rate", "step").known.hidden}
    assert {"sum-instead-of-mean", "mean-twice", "mean-over-outputs", "scaled"} <= hidden.keys()
    assert "last-layer-closed-form" not in hidden
    assert "--learning-rate" in hidden["scaled"].reason


def test_one_row_hides_what_many_show() -> None:
    assert run("gradient").known.hidden == run("step", "step").known.hidden == ()
    hidden = {spot.bug for spot in run("gradient", "row").known.hidden}
    known = {"sum-instead-of-mean", "mean-twice", "bias-averaged", "bias-not-summed"}
    assert hidden == {*known, "one-row-only"}
    assert hidden == {spot.bug for spot in run("step", "row-step").known.hidden}


def test_what_some_row_shows_is_not_hidden_by_another() -> None:
    """A label that is 0 hides that labels are missing, and one that is 1 shows it."""
    rng = np.random.default_rng(1)
    for labels in ([0, 1, 0, 1, 1], [0] * 40 + [1] * 40):
        case = network_case((3, 2, 1), len(labels))
        y = np.array(labels, np.float64)[:, np.newaxis]
        case = replace(case, X=rng.normal(size=(len(labels), 3)), y=y)
        assert "label-missing" not in {
            spot.bug for spot in run("gradient", "row", case).known.hidden
        }


def test_one_row_hides_what_several_rows_are_needed_for() -> None:
    """Labels (N,) against outputs (N, 1) meet one by one where N = 1."""
    case = network_case((3, 2, 1), 7)
    hidden = {spot.bug: spot for spot in run("gradient", "row", case).known.hidden}
    assert "N = 1" in hidden["y-broadcast"].reason
    assert "y-broadcast" not in {spot.bug for spot in run("gradient", "batch", case).known.hidden}


def test_a_penalty_shows_a_factor_of_the_data_term() -> None:
    case = network_case((4, 5, 3), 7, l2=0.1)
    found = run("of_its_own_rate", "step", case)
    assert {spot.bug for spot in found.known.hidden} == {"scaled"}


@pytest.mark.parametrize("fit", [False, True])
def test_a_bug_that_overflows_is_not_hidden(fit: bool) -> None:
    """Warnings are errors here."""
    scene = scene_of(CASE)
    right = scene.gradient().theta
    assert _equal(right, scene, fit=fit)
    assert _equal(1.5 * right, scene, fit=fit) == fit
    for size in (1e308, np.inf, np.nan):
        assert not _equal(np.where(np.arange(right.size) % 2, size, -size), scene, fit=fit)
