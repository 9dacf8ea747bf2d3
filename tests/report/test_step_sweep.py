"""What is said of a sweep of steps."""

from __future__ import annotations

import numpy as np
import pytest

from buggy_backprop import Plant
from mlpcli.check.numeric.step_sweep import STEPS, StepSweep
from mlpcli.report.step_sweep import sweep_of, sweep_words
from planted import CASES
from results import checked


def words(name: str, *plants: Plant) -> list[str]:
    result = checked(name, *plants)
    return list(sweep_words(sweep_of(result), result))


def test_the_best_step_of_both_and_a_usual_checker_that_passes() -> None:
    plain, form, usual = words("square")
    assert plain.startswith("Plain: best at ")
    assert form.startswith("Difference form: within ")
    assert form.endswith(" down.")
    assert usual.startswith("A usual checker (plain, h = 1e-05, tolerance 1e-06) sees an error of ")
    assert usual.endswith(", and passes.")


def test_a_wrong_gradient_fails_and_names_the_entry() -> None:
    assert words("square", Plant("zero-gradient", (2,)))[2].endswith("and fails.")
    assert " 100% in W2[" in words("square", Plant("zero-gradient", (2,)))[2]


def test_a_right_number_that_a_usual_checker_fails() -> None:
    plain, _, usual = words("saturated row")
    assert plain.startswith("Plain: no step serves every entry; at the best, ")
    assert usual.endswith("which is its own: it fails a right number.")


@pytest.mark.parametrize("name", CASES)
def test_the_difference_form_serves_every_case(name: str) -> None:
    result = checked(name)
    sweep = sweep_of(result)
    assert sweep.carried.max(axis=1).min() < 1e-12
    assert len(list(sweep_words(sweep, result))) == 3


def test_it_is_fine_from_the_largest_step_that_serves_whatever_comes_after() -> None:
    result = checked("logistic")
    count = len(STEPS)
    flat = np.full((count, 1), 1e-15)
    flat[:4] = 1.0
    flat[10] = 5e-15
    sweep = StepSweep(np.array(STEPS), np.array([0]), flat, flat, flat)
    assert list(sweep_words(sweep, result))[1] == (
        f"Difference form: within 5e-15 at every step from {STEPS[4]:.0e} down."
    )


def test_a_network_that_overflows_is_called_so() -> None:
    lost = np.full((len(STEPS), 1), np.inf)
    sweep = StepSweep(np.array(STEPS), np.array([0]), lost, lost, lost)
    plain, form, usual = sweep_words(sweep, checked("logistic"))
    assert plain.endswith("is still off by inf (no number).")
    assert form == "Difference form: no step serves it either, since this network overflows."
    assert "sees an error of inf (no number) in W1[0,0]" in usual
