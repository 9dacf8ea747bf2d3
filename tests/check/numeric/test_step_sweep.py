"""The sweep of steps against the definition, and what is known of both kinds of error."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.check.numeric.step_sweep import (
    STEPS,
    USUAL_STEP,
    relative_error,
    some_entries,
    sweep_steps,
)
from planted import CASES

if TYPE_CHECKING:
    from mlpcli.check.case import Case

SMOOTH = [name for name, case in CASES.items() if not case.network.activation.jump]


def value(case: Case, place: int, change: float) -> float:
    theta = case.network.theta.copy()
    theta[place] += change
    return replace(case, network=case.network.with_theta(theta)).value()


def test_the_usual_step_is_among_them() -> None:
    assert np.isclose(STEPS, USUAL_STEP, rtol=1e-12).sum() == 1


@pytest.mark.parametrize("name", CASES)
def test_the_plain_difference_is_two_losses(name: str) -> None:
    case = CASES[name]
    gradient = case.gradient()
    sweep = sweep_steps(case, gradient, some_entries(case), (1e-2, 1e-4))
    rounding = 1e-13 * abs(case.value())
    for s, h in enumerate(sweep.steps):
        for k, place in enumerate(sweep.entries.tolist()):
            difference = (value(case, place, h) - value(case, place, -h)) / (2 * h)
            A = gradient.theta[place]
            size = max(abs(A), abs(difference)) or 1.0
            assert sweep.seen[s, k] == pytest.approx(
                abs(A - difference) / size, abs=rounding / h / size + 1e-9
            )


@pytest.mark.parametrize("name", SMOOTH)
def test_truncation_falls_by_the_square_of_the_step_and_rounding_only_in_one(name: str) -> None:
    case = CASES[name]
    sweep = sweep_steps(case, case.gradient(), some_entries(case))
    middle = np.median(sweep.carried, axis=1)
    at = {h: int(np.abs(np.log(sweep.steps / h)).argmin()) for h in (1e-2, 1e-4, 1e-12)}
    assert middle[at[1e-2]] / middle[at[1e-4]] == pytest.approx(1e4, rel=0.2)
    assert sweep.carried[at[1e-12]].max() < 1e-11
    assert np.median(sweep.plain[at[1e-12]]) > 1e-6


def test_some_entries_of_every_tensor_and_the_worst() -> None:
    case = CASES["square"]
    for worst in range(case.network.theta.size):
        assert some_entries(case, worst)[worst]
    mask, start = some_entries(case), 0
    for _, tensor in case.network.tensors():
        assert mask[start : start + tensor.size].sum() == min(tensor.size, 8)  # 48 of 6 tensors
        start += tensor.size
    assert (mask == some_entries(case)).all()


def test_errors_of_zeros_and_of_what_is_no_number() -> None:
    a, b = np.array([0.0, 1.0, np.nan, np.inf, 2.0]), np.array([0.0, 0.0, 1.0, 1.0, -2.0])
    with np.errstate(all="ignore"):
        assert relative_error(a, b).tolist() == [0, 1, np.inf, np.inf, 2]
