"""Every score of three and more labels against scikit-learn, labels that never occur included."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as m
from hypothesis import event, given, settings
from hypothesis import strategies as st

from mlpcli.nn.losses import LOSSES
from mlpcli.training.label_metrics import LabelMetrics, measure_labels
from mlpcli.training.metrics import SCORES

SOFTMAX = LOSSES["cross_entropy"]
EACH = ("precision", "recall", "f1")


@st.composite
def tables(draw: st.DrawFn) -> tuple[Any, Any, int]:
    """Logits with ties, and labels of which some never occur."""
    K, N = draw(st.integers(3, 6)), draw(st.integers(1, 40))
    some = draw(st.lists(st.integers(0, K - 1), min_size=1, max_size=K))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    h = np.round(rng.normal(0, draw(st.sampled_from([0.5, 3.0])), (N, K)), 1)
    return h, rng.choice(some, N), K


def measured(h: Any, labels: Any, K: int, loss: str = "cross_entropy", **more: Any) -> LabelMetrics:
    return measure_labels(h, np.eye(K)[labels], LOSSES[loss], [f"l{c}" for c in range(K)], **more)


@settings(max_examples=150)
@given(table=tables(), loss=st.sampled_from(["cross_entropy", "bce"]))
def test_scores_equal_scikit_learn(table: tuple[Any, Any, int], loss: str) -> None:
    h, y, K = table
    event(f"{K - len(set(y.tolist()))} labels do not occur")
    got = measured(h, y, K, loss)
    p, guess = LOSSES[loss].predict(h), h.argmax(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # labels that do not occur
        ratios = m.precision_recall_fscore_support(y, guess, average="macro", zero_division=0)
        expected = {
            "accuracy": m.accuracy_score(y, guess),
            "balanced_accuracy": m.balanced_accuracy_score(y, guess),
            **dict(zip(EACH, ratios[:3], strict=True)),
            "mcc": m.matthews_corrcoef(y, guess),
            "brier": ((p - np.eye(K)[y]) ** 2).sum(axis=1).mean(),
        }
    for name, value in expected.items():
        assert getattr(got, name) == pytest.approx(value, abs=1e-12, rel=1e-12), name
    labels = range(K)
    assert list(map(list, got.confusion)) == m.confusion_matrix(y, guess, labels=labels).tolist()
    assert list(got.per_label) == list(got.labels) == [f"l{c}" for c in labels]
    each = m.precision_recall_fscore_support(y, guess, labels=labels, zero_division=0)
    for c, scores in enumerate(got.per_label.values()):
        assert (scores.rows, scores.predicted) == (np.sum(y == c), np.sum(guess == c))
        for name, values in zip(EACH, each[:3], strict=True):
            assert getattr(scores, name) == pytest.approx(values[c], abs=1e-12)
        assert scores.brier == pytest.approx(((p[:, c] - (y == c)) ** 2).mean(), abs=1e-12)


@settings(max_examples=100)
@given(table=tables())
def test_areas_are_the_means_over_labels_that_can_have_one(table: tuple[Any, Any, int]) -> None:
    h, y, K = table
    got, p = measured(h, y, K), SOFTMAX.predict(h)
    some = [c for c in range(K) if 0 < np.sum(y == c) < len(y)]
    for name, area in (("roc_auc", m.roc_auc_score), ("pr_auc", m.average_precision_score)):
        areas = {c: area(y == c, p[:, c]) for c in some}
        for c, scores in enumerate(got.per_label.values()):
            expected = areas.get(c)
            assert getattr(scores, name) == (expected and pytest.approx(expected, abs=1e-12))
        mean = getattr(got, name)
        assert mean is None if not some else mean == pytest.approx(np.mean([*areas.values()]))
    assert (got.reason is None) == (len(some) == K)
    if len(some) == K:
        macro = m.roc_auc_score(y, p, multi_class="ovr", average="macro")
        assert got.roc_auc == pytest.approx(macro, abs=1e-12)
        assert got.brier == pytest.approx(m.brier_score_loss(y, p), abs=1e-12)
        assert got.loss == pytest.approx(m.log_loss(y, p), rel=1e-9)


@pytest.mark.parametrize("loss", ["cross_entropy", "bce"])
def test_areas_do_not_tie_where_probabilities_round_to_one_or_zero(loss: str) -> None:
    rng = np.random.default_rng(3)
    scale = np.repeat([[40.0], [300.0], [900.0]], 40, axis=0)
    h, y = rng.normal(size=(120, 3)) * scale, rng.integers(0, 3, 120)
    h += scale * np.eye(3)[y]
    got, p = measured(h, y, 3, loss), LOSSES[loss].predict(h)
    assert (p == 1).sum() > 40
    for c, scores in enumerate(got.per_label.values()):
        others = np.delete(h, c, axis=1)
        odds = h[:, c] - (np.logaddexp(*others.T) if loss == "cross_entropy" else 0)
        assert scores.roc_auc == pytest.approx(m.roc_auc_score(y == c, odds), abs=1e-12)
        assert scores.pr_auc == pytest.approx(m.average_precision_score(y == c, odds), abs=1e-12)
        assert abs((scores.roc_auc or 0) - m.roc_auc_score(y == c, p[:, c])) > 1e-4


def test_each_label_has_a_calibration_error_of_its_own() -> None:
    p = np.array([[0.71, 0.19, 0.1], [0.1, 0.73, 0.17], [0.31, 0.28, 0.41]])
    each = measured(np.log(p), [0, 2, 2], 3).per_label
    assert each["l0"].ece == pytest.approx((0.29 + 0.1 + 0.31) / 3)
    assert each["l2"].ece == pytest.approx((abs(1 - 0.1 - 0.17) + 0.59) / 3)


def test_row_weights_enter_the_loss_alone() -> None:
    rng = np.random.default_rng(0)
    h, y, w = rng.normal(size=(30, 4)), rng.integers(0, 4, 30), rng.uniform(0, 2, 30)
    plain, weighted = measured(h, y, 4), measured(h, y, 4, weight=w)
    expected = m.log_loss(y, SOFTMAX.predict(h), sample_weight=w)
    assert weighted.loss == pytest.approx(expected, rel=1e-12)
    assert all(getattr(plain, name) == getattr(weighted, name) for name in SCORES[1:])


def test_ece_compares_confidence_with_how_often_it_is_right() -> None:
    p = np.array([[0.71, 0.19, 0.1], [0.1, 0.73, 0.17], [0.3, 0.3, 0.4]])
    got = measured(np.log(p), [0, 2, 2], 3)
    assert got.ece == pytest.approx(2 / 3 * abs(0.5 - 0.72) + 1 / 3 * abs(1 - 0.4))


def test_pieces_are_of_no_consequence(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    h, y = rng.normal(size=(50, 3)), rng.integers(0, 3, 50)
    whole = measured(h, y, 3)
    monkeypatch.setattr("mlpcli.training.label_metrics._PIECE", 7)
    for name in SCORES:
        assert getattr(measured(h, y, 3), name) == pytest.approx(getattr(whole, name), rel=1e-12)


def test_an_output_that_is_not_finite_has_no_score_and_says_so() -> None:
    h = np.zeros((4, 3))
    h[1, 2] = np.nan
    got = measured(h, [0, 1, 2, 0], 3)
    assert all(getattr(got, name) is None for name in SCORES)
    assert got.reason == "the network's output is not finite for 1 of 4 rows"
    assert json.dumps(got.to_document(), allow_nan=False)


def test_the_document() -> None:
    document = measured(np.eye(3), [0, 1, 1], 3).to_document()
    assert list(document) == ["rows", *SCORES, "labels", "confusion", "reason", "per_label"]
    assert document["labels"] == ["l0", "l1", "l2"]
    assert document["confusion"] == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]
    assert document["reason"] == "l2: roc_auc and pr_auc need rows with and without the label"
    assert document["per_label"]["l2"]["roc_auc"] is None
    assert json.loads(json.dumps(document, allow_nan=False)) == document
