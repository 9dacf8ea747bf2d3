"""Bugs in which rows count, and what hides them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mlpcli.check.bugs.blind_spots import blind_spots
from mlpcli.check.bugs.plant import planted
from mlpcli.check.bugs.search import diagnose, reproduces_a_bug
from mlpcli.check.verdict.bounds import rounding_bounds
from planted import network_case

if TYPE_CHECKING:
    from mlpcli.check.case import Case

LINEAR = network_case((3, 4, 1), 7, loss="mse", output="identity")
DONE = replace(LINEAR, y=LINEAR.forward().logits)  # a minimum: every gradient is 0


def reasons(case: Case) -> dict[str, str]:
    found = blind_spots(case, case.gradient().theta, rounding_bounds(case), 1e-6)
    return {spot.bug: spot.reason for spot in found}


def test_one_row_is_no_reason_where_there_are_several() -> None:
    assert not DONE.gradient().theta.any()
    for bug, reason in reasons(DONE).items():
        assert "there is one row" not in reason, bug
    one = reasons(network_case((3, 4, 1), 1))
    assert one["sum-instead-of-mean"] == "there is one row: its mean and its sum are the same"


def test_equal_labels_hide_those_that_are_broadcast() -> None:
    case = replace(LINEAR, y=0 * LINEAR.y + 0.25)
    assert reasons(case)["y-broadcast"] == "all labels are the same"
    assert "y-broadcast" not in reasons(LINEAR)


@pytest.mark.parametrize(
    ("bug", "settles"),
    [("row-dropped", False), ("one-row-only", False), ("sum-instead-of-mean", True),
     ("y-broadcast", True)],
)  # fmt: skip
def test_a_row_that_may_have_vanished_settles_nothing(bug: str, settles: bool) -> None:
    """In float32 all of one row's part may be 0 without any bug."""
    case = network_case((3, 4, 1), 7)
    assert reproduces_a_bug(case, planted(case, bug), 1e-6) == settles


@pytest.mark.parametrize("row", [0, -1])
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("layers", [(1,), (2,), (3,), (1, 2, 3)])
@pytest.mark.parametrize("letter", ["W", "b"])
def test_one_row_is_told_in_the_weights_or_the_biases_alone(
    row: int, whole: bool, layers: tuple[int, ...], letter: str
) -> None:
    """The other rows are overwritten: `=` in the loop over rows, beside a right `+=`."""
    case = network_case((3, 4, 5, 2), 7, reduction="sum" if whole else "mean")
    one = replace(case, X=case.X[row:][:1], y=case.y[row:][:1])
    given, alone = case.gradient(), one.gradient()
    alone.theta[:] /= 1 if whole else case.rows
    for i in layers:
        mine, its = (g.W if letter == "W" else g.b for g in (given, alone))
        mine[i - 1][:] = its[i - 1]
    found = diagnose(case, given, rounding_bounds(case), 1e-6)
    names = {each.bug: each.parameters for each in found}
    named = names["one-row-only" if letter == "W" else "bias-not-summed"]
    assert named == tuple(f"{letter}{i}" for i in layers)
    assert "unknown" not in names
