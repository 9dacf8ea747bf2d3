"""The dial against brute force on a fine grid, and against the formulas solved for h."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mlpcli.compare.choices import LOSS, known_forms
from mlpcli.compare.dial import DIALLED, EPSILONS, Dial, dial
from mlpcli.nn.losses import LIBRARY_EPSILON, LOSSES

FORMS = known_forms(LOSS)
FINE = np.concatenate([np.arange(0, 64, 1 / 512), np.arange(64, 800, 1 / 4)])


def brute_force(form: str, epsilon: float, dtype: str) -> list[float | None]:
    h = FINE.astype(dtype)
    with np.errstate(all="ignore"):
        got = FORMS[form].derivative(h, np.zeros_like(h), epsilon)
        kept = got / FORMS["stable"].derivative(h, np.zeros_like(h), epsilon)
    conditions = (kept <= 0.99, kept <= 0.5, got == 0, ~np.isfinite(got))
    return [float(h[found][0]) if found.any() else None for found in conditions]


def numbers(row: Dial) -> list[float | None]:
    return [row.lost_1_percent, row.lost_50_percent, row.lost_all, row.non_finite]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("form", DIALLED)
def test_brute_force_agrees(form: str, dtype: str) -> None:
    rows = dial([form], EPSILONS, [dtype])
    assert [row.epsilon for row in rows] == (
        [LIBRARY_EPSILON[form]] if form in LIBRARY_EPSILON else list(EPSILONS)
    )
    for row in rows:
        assert (row.form, row.dtype) == (form, dtype)
        for found, wanted in zip(numbers(row), brute_force(form, row.epsilon, dtype), strict=True):
            assert (found is None) == (wanted is None)
            if found is not None and wanted is not None:
                assert found <= wanted
                assert found == pytest.approx(wanted, abs=1 / 8)  # rounding may come and go before


@pytest.mark.parametrize("epsilon", EPSILONS[:-1])
def test_the_formula_of_epsilon_solved_for_h(epsilon: float) -> None:
    (row,) = dial(["epsilon"], [epsilon], ["float64"])
    for lost, kept in ((row.lost_1_percent, 0.99), (row.lost_50_percent, 0.5)):
        slope = epsilon * kept / (1 - kept)  # slope / (slope + epsilon) = kept
        p = (1 + math.sqrt(1 - 4 * slope)) / 2 if slope <= 0.25 else 0.5
        wanted = math.log(p / (slope / p))
        assert lost == pytest.approx(wanted, rel=2e-3)
    assert row.lost_all == pytest.approx(36.7368, abs=1e-4)


@pytest.mark.parametrize("epsilon", EPSILONS[:-1])
def test_the_formula_of_clamped_solved_for_h(epsilon: float) -> None:
    (row,) = dial(["clamped"], [epsilon], ["float64"])
    kept = row.lost_50_percent
    assert kept is not None
    # outside the clip the gradient is p(1-p)/eps: half of it is gone log 2 further on
    assert kept == pytest.approx(math.log(1 / epsilon) + math.log(2), abs=0.02)


@pytest.mark.parametrize("epsilon", EPSILONS[:-1])
def test_under_softmax_the_wrong_label_has_half_of_the_odds_each(epsilon: float) -> None:
    # through the Jacobian it is p q / (q + epsilon), with q = 1 / (e^h + 2) of the true label
    (row,) = dial(["epsilon"], [epsilon], ["float64"], LOSSES["cross_entropy"])
    for lost, kept in ((row.lost_1_percent, 0.99), (row.lost_50_percent, 0.5)):
        assert lost == pytest.approx(math.log((1 - kept) / kept / epsilon - 2), rel=2e-3)
    assert row.lost_all is None
    assert row.non_finite == pytest.approx(709.78, abs=0.01)
