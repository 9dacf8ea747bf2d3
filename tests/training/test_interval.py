"""Quantiles are SciPy's, and the interval is wider than that of independent scores."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mlpcli.training.interval import Interval, fold_interval, t_quantile


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 9, 24, 49, 200, 999])
@pytest.mark.parametrize("probability", [0.5, 0.6, 0.9, 0.975, 0.995])
def test_quantiles(freedom: int, probability: float) -> None:
    expected = float(stats.t.ppf(probability, freedom))
    assert t_quantile(probability, freedom) == pytest.approx(expected, rel=1e-11, abs=1e-14)


@pytest.mark.parametrize(("folds", "seeds"), [(2, 1), (5, 1), (10, 3)])
def test_the_correction_of_nadeau_and_bengio(folds: int, seeds: int) -> None:
    values = np.random.default_rng(folds).uniform(0.45, 0.55, folds * seeds)
    found = fold_interval("accuracy", values.tolist(), folds)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.mean == pytest.approx(values.mean())
    spread = math.sqrt((1 / values.size + 1 / (folds - 1)) * values.var(ddof=1))
    low, high = stats.t.interval(0.95, values.size - 1, values.mean(), spread)
    assert (found.low, found.high) == pytest.approx((max(low, 0), min(high, 1)))
    plain = stats.sem(values) * stats.t.ppf(0.975, values.size - 1)
    assert found.high - found.mean > min(plain, 1 - found.mean)


@pytest.mark.parametrize(
    ("score", "values", "ends"),
    [
        ("roc_auc", [0.9, 1.0], (0.0, 1.0)),
        ("mcc", [-0.9, 0.9], (-1.0, 1.0)),
        ("loss", [0.1, 3.0], (0.0, None)),
        ("brier", [0.1, 1.5], (0.0, None)),
    ],
)
def test_ends_are_cut_off_where_the_score_ends(
    score: str, values: list[float], ends: tuple[float, float | None]
) -> None:
    found = fold_interval(score, values, 2)
    assert found is not None
    assert found.low == ends[0]
    assert found.high is not None
    assert found.high == ends[1] if ends[1] is not None else found.high > 3


def test_one_score_has_no_interval_and_none_no_mean() -> None:
    assert fold_interval("f1", [0.5], 5) == Interval(0.5, None, None)
    assert fold_interval("f1", [], 5) is None


def test_equal_scores_are_sure() -> None:
    assert fold_interval("f1", [0.5] * 5, 5) == Interval(0.5, 0.5, 0.5)
