"""What is not known to be right: the wrong, the undecided, and what is nothing but zeros."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mlpcli.check.verify import check
from planted import network_case


def test_tensors_that_are_not_proven() -> None:
    case = network_case((3, 4, 2), 7)
    assert check(case, case.gradient()).unproven == frozenset()
    wrong = case.gradient()
    wrong.W[0][:] *= 2
    assert check(case, wrong).unproven == {"W1"}


def test_where_the_right_gradient_is_zero_nothing_is_proven() -> None:
    case = network_case((3, 4, 2), 7)
    dead = replace(case, X=np.zeros_like(case.X))
    result = check(dead, dead.gradient())
    assert result.verdict == "pass"
    assert result.unproven == {"W1"}
