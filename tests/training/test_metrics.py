"""Every score against scikit-learn, and calibration against a slow loop."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest
import sklearn.calibration
import sklearn.metrics
from hypothesis import event, given, settings
from hypothesis import strategies as st

from mlpcli.nn.losses import LOSSES
from mlpcli.nn.sigmoid import sigmoid
from mlpcli.training.confusion import THRESHOLD_SCORES
from mlpcli.training.metrics import (
    SCORES,
    Calibration,
    Metrics,
    measure,
)

BCE = LOSSES["bce"]


def measured(h: Any, y: Any, threshold: float = 0.5, **options: Any) -> Metrics:
    columns = np.array(h, float)[:, None], np.array(y, float)[:, None]
    return measure(*columns, BCE, [threshold], names=["y"], **options)


# A few distinct logits give ties, many rows share a probability; some are saturated.
LOGITS = st.one_of(
    st.sampled_from([-2.0, -0.5, 0.0, 0.5, 2.0]), st.floats(-30, 30), st.sampled_from([-40.0, 40.0])
)
ROWS = st.lists(st.tuples(LOGITS, st.booleans()), min_size=1, max_size=60)


def sklearn_scores(h: Any, y: Any, threshold: float) -> dict[str, float]:
    m = sklearn.metrics
    p = sigmoid(h)
    guess = (p >= threshold).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # classes that do not occur
        scores = {
            "accuracy": m.accuracy_score(y, guess),
            "balanced_accuracy": m.balanced_accuracy_score(y, guess),
            "precision": m.precision_score(y, guess, zero_division=0),
            "recall": m.recall_score(y, guess, zero_division=0),
            "f1": m.f1_score(y, guess, zero_division=0),
            "mcc": m.matthews_corrcoef(y, guess),
            "brier": m.brier_score_loss(y, p, pos_label=1),
        }
    if len(set(y.tolist())) == 2:
        scores["roc_auc"] = m.roc_auc_score(y, h)
        scores["pr_auc"] = m.average_precision_score(y, h)
    return scores


@settings(max_examples=80)
@given(rows=ROWS, threshold=st.sampled_from([0.5, 0.1, 0.9, 0.3775406687981454]))
def test_scores_equal_scikit_learn(rows: list[tuple[float, bool]], threshold: float) -> None:
    h = np.array([logit for logit, _ in rows])
    y = np.array([label for _, label in rows]).astype(int)
    event("one class" if len(set(y.tolist())) == 1 else "two classes")
    event("ties" if len(set(h.tolist())) < h.size else "no ties")
    got = measured(h, y, threshold)
    expected = sklearn_scores(h, y, threshold)
    for name, value in expected.items():
        assert getattr(got, name) == pytest.approx(value, abs=1e-12, rel=1e-12), name
    if "roc_auc" not in expected:
        assert (got.roc_auc, got.pr_auc) == (None, None)
        assert got.reason == "roc_auc and pr_auc need rows of both classes"
    else:
        assert got.reason is None
    matrix = sklearn.metrics.confusion_matrix(y, sigmoid(h) >= threshold, labels=[0, 1])
    c = got.confusion
    assert [[c.tn, c.fp], [c.fn, c.tp]] == matrix.tolist()
    assert (got.rows, got.threshold) == (len(rows), threshold)


@given(rows=ROWS)
def test_loss_is_log_loss_without_its_clipping(rows: list[tuple[float, bool]]) -> None:
    with mpmath.workdps(50):
        each = [mpmath.log(1 + mpmath.exp(-h if y else h)) for h, y in rows]
        exact = float(sum(each) / len(each))
    got = measured([h for h, _ in rows], [y for _, y in rows])
    assert got.loss == pytest.approx(exact, rel=1e-12)
    if max(abs(h) for h, _ in rows) < 20:
        y = [int(label) for _, label in rows]
        p = sigmoid(np.array([h for h, _ in rows]))
        assert got.loss == pytest.approx(sklearn.metrics.log_loss(y, p, labels=[0, 1]), rel=1e-7)


@given(rows=st.lists(st.tuples(LOGITS, st.floats(0, 1)), min_size=1, max_size=60))
def test_ece_equals_a_slow_loop(rows: list[tuple[float, float]]) -> None:
    p = sigmoid(np.array([h for h, _ in rows]))
    y = np.array([label for _, label in rows])
    total = 0.0
    for i in range(10):
        inside = [j for j in range(len(p)) if i == min(int(p[j] * 10), 9)]
        if inside:
            gap = abs(y[inside].mean() - p[inside].mean())
            total += len(inside) / len(p) * gap
    assert measured([h for h, _ in rows], y).ece == pytest.approx(total, rel=1e-12, abs=1e-14)


def test_calibration_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    p = rng.random(200) ** 2
    y = (rng.random(200) < p).astype(float)
    p[:2] = y[:2] = 0, 1  # no gap at either end
    got = Calibration.of(p, y)
    share, mean = sklearn.calibration.calibration_curve(y, p, n_bins=10)
    np.testing.assert_allclose(got.share, share)
    np.testing.assert_allclose(got.mean, mean)
    assert got.rows.sum() == 200
    gaps = got.rows / 200 * np.abs(got.share - got.mean)
    inner = slice(2, None)  # logits of 0 and 1 are not finite
    h = np.log(p[inner]) - np.log1p(-p[inner])
    assert measured(h, y[inner]).ece == pytest.approx(gaps.sum() * 200 / 198, abs=1e-9)


def test_empty_bins_are_left_out() -> None:
    got = Calibration.of(np.array([0.05, 0.07, 0.95]), np.array([0.2, 0.0, 1.0]))
    assert got.rows.tolist() == [2, 1]
    np.testing.assert_allclose(got.mean, [0.06, 0.95])
    np.testing.assert_allclose(got.share, [0.1, 1.0])


def test_soft_labels_count_as_given_or_as_the_nearer_class() -> None:
    h, y = [-1.0, 0.3, 2.0, 0.0], [0.2, 0.5, 0.9, 0.4]
    got = measured(h, y)
    p = 1 / (1 + np.exp(-np.array(h)))
    soft = np.array(y)
    assert got.brier == pytest.approx(((p - soft) ** 2).mean(), rel=1e-14)
    assert got.loss == pytest.approx(
        -(soft * np.log(p) + (1 - soft) * np.log(1 - p)).mean(), rel=1e-14
    )
    hard = measured(h, [0, 1, 1, 0])
    for name in (*THRESHOLD_SCORES, "roc_auc", "pr_auc", "confusion"):
        assert getattr(got, name) == getattr(hard, name)


def test_row_weights_enter_the_loss_alone() -> None:
    h, y = [-1.0, 0.3, 2.0, -0.5], [0, 1, 0, 1]
    plain, weighted = measured(h, y), measured(h, y, weight=np.array([1.0, 0.0, 3.0, 0.0]))
    each = [float(np.log1p(np.exp(-1.0))), float(np.log1p(np.exp(2.0)))]
    assert weighted.loss == pytest.approx((each[0] + 3 * each[1]) / 4, rel=1e-14)
    for name in SCORES[1:]:
        assert getattr(plain, name) == getattr(weighted, name)


@given(ROWS, st.booleans(), st.integers(1, 70))
def test_pieces_are_of_no_consequence(
    rows: list[tuple[float, bool]], weighted: bool, piece: int
) -> None:
    h, y = zip(*rows, strict=True)
    weight = 0.5 + np.arange(len(rows)) % 3 if weighted else None
    whole = measured(h, y, 0.4, weight=weight).to_document()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mlpcli.training.metrics._PIECE", piece)
        parts = measured(h, y, 0.4, weight=weight).to_document()
    assert parts == whole | {
        name: pytest.approx(whole[name], rel=1e-12, abs=1e-15) for name in ("loss", "brier", "ece")
    }


def test_loss_follows_its_kind() -> None:
    h, y = np.array([[0.0], [0.0]]), np.array([[0.0], [1.0]])
    assert measure(h, y, LOSSES["mse"], [0.5], names=["y"]).loss == 0.25


def test_probabilities_that_round_to_one_are_still_ranked() -> None:
    """By probability these would tie: roc_auc 0.5."""
    assert sigmoid(np.array([40.0])) == sigmoid(np.array([50.0])) == 1
    assert measured([40.0, 50.0], [0, 1]).roc_auc == 1


def three_targets() -> tuple[Metrics, list[Metrics]]:
    rng = np.random.default_rng(2)
    h = rng.normal(size=(30, 3))
    y = (rng.random((30, 3)) < 0.5).astype(float)
    y[:, 2] = 1
    names, cuts = ["u", "v", "w"], [0.5, 0.4, 0.5]
    whole = measure(h, y, BCE, cuts, names=names)
    parts = [
        measure(h[:, [k]], y[:, [k]], BCE, [cuts[k]], names=[names[k]]) for k in range(len(names))
    ]
    return whole, parts


def test_several_targets_give_means_and_each_its_own() -> None:
    whole, parts = three_targets()
    assert whole.per_target is not None
    assert list(whole.per_target) == ["u", "v", "w"]
    for got, part in zip(whole.per_target.values(), parts, strict=True):
        assert got.loss == pytest.approx(part.loss, rel=1e-14)  # summed in another order
        assert replace(got, loss=0.0) == replace(part, loss=0.0)
    for name in set(SCORES) - {"loss", "roc_auc", "pr_auc"}:
        mean = np.mean([getattr(part, name) for part in parts])
        assert getattr(whole, name) == pytest.approx(mean, rel=1e-14)
    assert whole.loss == pytest.approx(sum(part.loss or 0 for part in parts), rel=1e-14)
    for name in ("roc_auc", "pr_auc"):  # the third target has one class only
        mean = np.mean([getattr(part, name) for part in parts[:2]])
        assert getattr(whole, name) == pytest.approx(mean, rel=1e-14)
    assert whole.reason == "w: roc_auc and pr_auc need rows of both classes"
    for cell in ("tn", "fp", "fn", "tp"):
        cells = [getattr(part.confusion, cell) for part in parts]
        assert getattr(whole.confusion, cell) == sum(cells)
    assert (whole.rows, whole.threshold) == (30, None)


def test_no_target_has_a_score() -> None:
    y = np.ones((4, 2))
    whole = measure(np.zeros((4, 2)), y, BCE, [0.5, 0.5], names=["u", "v"])
    assert whole.roc_auc is None
    assert whole.reason == "u, v: roc_auc and pr_auc need rows of both classes"
    assert whole.threshold == 0.5


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_output_that_is_not_finite_has_no_score_and_says_so(bad: float) -> None:
    got = measured([0.0, bad, 1.0], [0, 1, 1])
    assert all(getattr(got, name) is None for name in SCORES)
    assert got.reason == "the network's output is not finite for 1 of 3 rows"
    assert json.dumps(got.to_document(), allow_nan=False)
    h = np.array([[0.0, bad], [1.0, 0.0]])
    whole = measure(h, np.eye(2), BCE, [0.5, 0.5], names=["u", "v"])
    assert whole.loss is None
    assert whole.accuracy == 0.5  # of the target that has one
    assert whole.reason is not None
    assert whole.reason.startswith("v: the network's output")


def test_document_has_the_fixed_keys() -> None:
    document = measured([0.3, -0.2], [1, 0]).to_document()
    assert list(document) == ["rows", *SCORES, "confusion", "threshold"]
    assert document["confusion"] == {"tn": 1, "fp": 0, "fn": 0, "tp": 1}
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    whole, _ = three_targets()
    document = whole.to_document()
    assert whole.per_target is not None
    assert document["per_target"] == {k: m.to_document() for k, m in whole.per_target.items()}
    assert "reason" in document
    assert json.dumps(document, allow_nan=False)
