"""Counts, curves and thresholds against scikit-learn and against slow loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcli.nn.sigmoid import sigmoid
from mlpcli.training.confusion import (
    THRESHOLD_SCORES,
    Confusion,
    Ranking,
    best_threshold,
    sweep,
)


def test_counts_that_would_overflow_int64_when_multiplied() -> None:
    count = np.int64(100_000)
    many = Confusion(tn=count, fp=count, fn=count, tp=count * 3)
    assert THRESHOLD_SCORES["mcc"](many) == pytest.approx(
        (300_000e5 - 1e10) / np.sqrt(4e5 * 4e5 * 2e5 * 2e5), rel=1e-14
    )


def labelled(seed: int) -> tuple[Any, Any]:
    """Logits with ties, and classes that follow them loosely."""
    rng = np.random.default_rng(seed)
    h = np.round(rng.normal(0, 2, 300), 1)
    positive = rng.random(300) < sigmoid(h)
    assert 0.2 < positive.mean() < 0.8
    return h, positive


@pytest.mark.parametrize("seed", range(4))
def test_curves_are_those_of_scikit_learn(seed: int) -> None:
    h, positive = labelled(seed)
    found = Ranking.of(h, positive)
    fpr, tpr, cuts = sklearn.metrics.roc_curve(positive, h, drop_intermediate=False)
    np.testing.assert_allclose(found.fpr, fpr)
    np.testing.assert_allclose(found.tpr, tpr)
    np.testing.assert_array_equal(found.cuts, cuts)
    precision, recall, _ = sklearn.metrics.precision_recall_curve(positive, h)
    np.testing.assert_allclose(found.precision[::-1], precision)
    np.testing.assert_allclose(found.tpr[::-1], recall)
    assert found.roc_auc == pytest.approx(sklearn.metrics.roc_auc_score(positive, h))
    area = sklearn.metrics.average_precision_score(positive, h)
    assert found.average_precision == pytest.approx(area)


def counts_at(p: Any, positive: Any, threshold: float) -> Confusion:
    cells = [(called, true) for true in (False, True) for called in (False, True)]
    pairs = [*zip((p >= threshold).tolist(), np.asarray(positive, bool).tolist(), strict=True)]
    return Confusion(*map(pairs.count, cells))


def test_a_sweep_has_the_counts_of_every_threshold() -> None:
    h, positive = labelled(0)
    p = np.asarray(sigmoid(h), np.float64)
    thresholds = np.array([0.0, 0.3, *p[:5], 0.5, 1.0, 1.1])
    found = sweep(p, positive, thresholds)
    for k, threshold in enumerate(thresholds):
        at = Confusion(*(int(counts[k]) for counts in (found.tn, found.fp, found.fn, found.tp)))
        assert at == counts_at(p, positive, threshold)


def test_a_ranking_has_the_counts_of_every_cut() -> None:
    h, positive = labelled(1)
    found = Ranking.of(h, positive)
    cuts = found.confusion
    for k, cut in enumerate(found.cuts):
        at = Confusion(*(int(counts[k]) for counts in (cuts.tn, cuts.fp, cuts.fn, cuts.tp)))
        assert at == counts_at(h, positive, cut)


# A few distinct logits give ties; some are saturated.
LOGITS = st.one_of(
    st.sampled_from([-2.0, -0.5, 0.0, 0.5, 2.0]), st.floats(-30, 30), st.sampled_from([-40.0, 40.0])
)


@settings(max_examples=60)
@given(rows=st.lists(st.tuples(LOGITS, st.booleans()), min_size=1, max_size=20))
@pytest.mark.parametrize("score", list(THRESHOLD_SCORES))
def test_best_threshold_equals_brute_force(score: str, rows: list[tuple[float, bool]]) -> None:
    h, y = np.array([a for a, _ in rows]), np.array([float(b) for _, b in rows])
    cut = best_threshold(h, y, score)
    assert 0 <= cut <= 1
    p = sigmoid(h)
    function = THRESHOLD_SCORES[score]
    reachable = [function(counts_at(p, y, t)) for t in p]  # each way to part them, but "none"
    assert function(counts_at(p, y, cut)) == max(reachable)


def test_of_equally_good_thresholds_the_nearest_to_one_half() -> None:
    logit = [float(np.log(p / (1 - p))) for p in (0.1, 0.3, 0.8, 0.9)]
    cut = best_threshold(np.array(logit), np.array([0.0, 0.0, 1.0, 1.0]), "accuracy")
    assert cut == pytest.approx(0.55)
    cut = best_threshold(np.array(logit), np.array([0.0, 1.0, 0.0, 1.0]), "accuracy")
    assert cut == pytest.approx(0.2)  # as good as 0.85


def test_a_threshold_parts_neighbouring_probabilities() -> None:
    h = np.array([0.0, np.nextafter(4e-16, 1)])
    p = sigmoid(h)
    assert p[0] < p[1]
    cut = best_threshold(h, np.array([0.0, 1.0]), "f1")
    assert p[0] < cut <= p[1]


def test_a_threshold_for_probabilities_that_are_zero() -> None:
    h = np.array([-800.0, -800.0])
    assert best_threshold(h, np.array([0.0, 1.0]), "f1") == 0
