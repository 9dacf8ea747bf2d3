"""A call that a function's numbers are right for is tried before it is proposed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from mlpcli.check.given.function import run_function
from mlpcli.check.given.hosting import hosted
from mlpcli.check.given.layout import OURS
from mlpcli.check.given.other_call import OtherCall
from mlpcli.check.given.trial import with_trial
from mlpcli.check.run import gradcheck
from planted import network_case

GUESTS = Path(__file__).parent / "guests.py"
CASE = network_case((4, 5, 3), 7)


def found_of(function: str, call: str) -> OtherCall:
    opened = partial(hosted, f"{GUESTS}:{function}", in_process=True)
    with opened(call=call) as host:
        other = run_function(host, CASE, call=call).known.other_call
    assert other is not None
    return with_trial(other, opened, CASE, OURS)


@pytest.mark.parametrize(
    ("function", "call", "other", "taken"),
    [
        ("gradient", "step", "batch", True),
        ("gradient", "row-step", "row", True),
        ("step_of_its_own", "batch", "step", True),
        ("online", "step", "row-step", True),
        ("online_half", "step", "row-step", True),
        ("gradient_that_needs_a_rate", "step", "batch", False),
        ("gradient_that_needs_a_rate", "row-step", "row", False),
    ],
)
def test_a_call_is_taken_where_the_function_is_right_in_it(
    function: str, call: str, other: str, taken: bool
) -> None:
    found = found_of(function, call)
    assert (found.call, found.taken) == (other, taken)
    assert found.option == f"--call {other}"


def test_what_the_function_makes_in_it_must_be_what_was_told() -> None:
    opened = partial(hosted, f"{GUESTS}:gradient", in_process=True)
    right = CASE.gradient()
    told = OtherCall("--call batch", right.like(2 * right.theta))
    assert not with_trial(told, opened, CASE, OURS).taken


def test_a_call_that_is_not_taken_is_told_with_what_would_mend_it() -> None:
    name = f"{GUESTS}:gradient_that_needs_a_rate"
    with hosted(name, call="step", in_process=True) as host:
        run = run_function(host, CASE, call="step")
    known = replace(run.known, other_call=found_of("gradient_that_needs_a_rate", "step"))
    result = gradcheck(CASE, run.gradient, known=known)
    assert result.suggestion is None
    (found,) = result.diagnosis
    assert found.fix.endswith("a default, then add --call batch")
