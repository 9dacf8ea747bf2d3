"""What is said of a gradient that is wrong in this call, or only for this J."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlpcli.check.bugs.calls import NOT_DETERMINISTIC
from mlpcli.check.bugs.diagnosis import finding
from mlpcli.check.given.other_call import OtherCall
from mlpcli.check.given.provenance import Provenance
from mlpcli.check.run import gradcheck
from planted import network_case

CASE = network_case((3, 4, 2), 7, loss="mse")
RIGHT = CASE.gradient()


@pytest.mark.parametrize(
    ("factor", "suggestion"),
    [(1.0, "--call row-step"), (0.5, "--call row-step --factor 1/2"), (0.37, None)],
)
def test_another_call_is_suggested_with_what_else_it_takes(
    factor: float, suggestion: str | None
) -> None:
    other = OtherCall("--call row-step", RIGHT.like(factor * RIGHT.theta))
    wrong = RIGHT.like(RIGHT.theta[::-1].copy())
    result = gradcheck(CASE, wrong, known=Provenance(other_call=other))
    assert (result.verdict, result.suggestion) == ("fail", suggestion)


def test_numbers_that_will_be_others_the_next_time_are_not_called_unknown() -> None:
    noise = RIGHT.like(np.random.default_rng(1).standard_normal(RIGHT.theta.size))
    known = Provenance(findings=(finding(NOT_DETERMINISTIC, (), "two calls differ"),))
    assert [each.bug for each in gradcheck(CASE, noise).diagnosis] == ["unknown"]
    (only,) = gradcheck(CASE, noise, known=known).diagnosis
    assert only.bug == "not-deterministic"


def test_a_gradient_of_zeros_is_said_to_be_zero_first() -> None:
    """On one row it is that row's that is missing, too."""
    one = replace(CASE, X=CASE.X[:1], y=CASE.y[:1])
    zeros = RIGHT.like(0 * RIGHT.theta)
    assert [each.bug for each in gradcheck(one, zeros).diagnosis][:1] == ["zero-gradient"]
