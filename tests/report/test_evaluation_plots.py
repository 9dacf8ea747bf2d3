"""The picture of an evaluation, and its numbers against scikit-learn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import calibration, metrics

from mlpcli.nn.activations import sigmoid
from mlpcli.nn.losses import BCE_FORMS
from mlpcli.report.evaluation_curves import curves_of
from mlpcli.report.evaluation_plots import evaluation_chart, evaluation_figure
from mlpcli.report.plots import to_bytes
from mlpcli.training.evaluate import Evaluation, ScoredRows
from mlpcli.training.metrics import measure

pytest.importorskip("matplotlib")


def rows(targets: int = 1, count: int = 300, seed: int = 0) -> tuple[Any, Any]:
    """Logits with ties, none at the edge of a bin, and labels that follow them loosely."""
    rng = np.random.default_rng(seed)
    h = np.round(rng.normal(0, 2, (count, targets)), 1) + 0.01
    y = (rng.uniform(size=h.shape) < sigmoid(h)).astype(np.float64)
    assert 0.2 < y.mean() < 0.8
    return h, y


def evaluation(
    h: Any, y: Any, names: tuple[str, ...] = ("y",), threshold: float = 0.4
) -> Evaluation:
    thresholds = (threshold,) * len(names)
    scores = measure(h, y, BCE_FORMS["stable"], thresholds, names=names)
    return Evaluation(scores, "", (), None, ScoredRows(h, y, names, thresholds))


def drawn(found: Evaluation, title: str = "model on data") -> Any:
    figure = evaluation_figure(found, title)
    assert to_bytes(figure, Path("x.png")).startswith(b"\x89PNG")
    return figure


@pytest.mark.parametrize("seed", range(4))
def test_curves_are_those_of_scikit_learn(seed: int) -> None:
    h, y = (array[:, 0] for array in rows(seed=seed))
    found = curves_of("y", h, y, 0.4)
    fpr, tpr, _ = metrics.roc_curve(y, h, drop_intermediate=False)
    np.testing.assert_allclose(found.fpr, fpr)
    np.testing.assert_allclose(found.tpr, tpr)
    precision, recall, _ = metrics.precision_recall_curve(y, h)
    np.testing.assert_allclose(found.precision[::-1], precision)
    np.testing.assert_allclose(found.tpr[::-1], recall)
    assert found.roc_auc == pytest.approx(metrics.roc_auc_score(y, h))
    assert found.pr_auc == pytest.approx(metrics.average_precision_score(y, h))
    share, mean = calibration.calibration_curve(y, found.p, n_bins=10)
    np.testing.assert_allclose(found.bins.share, share)
    np.testing.assert_allclose(found.bins.mean, mean)
    assert found.confusion == tuple(metrics.confusion_matrix(y, found.p >= 0.4).ravel())


@pytest.mark.parametrize("score", ["precision", "recall", "f1", "balanced_accuracy", "mcc"])
def test_the_sweep_is_the_metric_at_every_threshold(score: str) -> None:
    h, y = rows(count=60)
    found = curves_of("y", h[:, 0], y[:, 0], 0.5)
    for threshold, value in zip(found.grid, found.sweep(score), strict=True):
        at = measure(h, y, BCE_FORMS["stable"], (float(threshold),), names=("y",))
        assert value == pytest.approx(getattr(at, score))


def test_the_intervals_of_the_bins_are_wilsons() -> None:
    stats = pytest.importorskip("scipy.stats")
    h, y = (array[:, 0] for array in rows())
    found = curves_of("y", h, y, 0.5)
    which = np.minimum((found.p * 10).astype(int), 9)
    for k, b in enumerate(np.unique(which)):
        inside = found.positive[which == b]
        wanted = stats.binomtest(int(inside.sum()), inside.size).proportion_ci(method="wilson")
        got = (found.bins.low[k], found.bins.high[k])
        assert got == pytest.approx((wanted.low, wanted.high), abs=1e-6)


def test_six_panels_of_one_target() -> None:
    h, y = rows()
    figure = drawn(evaluation(h, y))
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == [
        "ROC", "precision and recall (dotted: base rate)", "calibration (bars: 95 %)",
        "scores by threshold", "confusion at threshold 0.4", "probabilities given",
    ]  # fmt: skip
    area = figure.axes[0].get_legend().get_texts()[0].get_text()
    assert area == f"y: area {metrics.roc_auc_score(y[:, 0], h[:, 0]):.4f}"
    cells = [text.get_text() for text in figure.axes[4].texts]
    counts = metrics.confusion_matrix(y[:, 0], sigmoid(h[:, 0]) >= 0.4).ravel()
    assert [cell.split("\n")[0] for cell in cells] == [str(count) for count in counts]


def test_several_targets_share_a_legend_and_many_are_cut() -> None:
    names = tuple(f"t{k} $" for k in range(10))
    figure = drawn(evaluation(*rows(10), names))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        rf"t{k} \$" for k in range(8)
    ]
    assert figure.get_suptitle() == "model on data (the first 8 of 10 targets)"
    assert len(figure.axes[0].lines) == 9


def test_one_class_and_outputs_that_are_not_finite() -> None:
    h, y = rows()
    one = drawn(evaluation(h, np.ones_like(y)))
    assert one.axes[0].texts[0].get_text() == "needs rows of both classes"
    assert one.axes[1].texts[0].get_text() == "needs rows of both classes"
    h[3] = np.nan
    none = evaluation(h, y)
    assert not drawn(none).axes
    assert "not finite" in evaluation_chart(none)
    assert evaluation_chart(Evaluation(none.metrics, "", ())) == none.metrics.reason


def test_the_same_bytes_twice() -> None:
    found = evaluation(*rows(2), ("a", "b"))
    for suffix in ("png", "svg"):
        path = Path(f"x.{suffix}")
        first, second = (to_bytes(drawn(found), path) for _ in range(2))
        assert first == second


def test_the_chart_in_text() -> None:
    one = evaluation_chart(evaluation(*rows())).splitlines()
    assert [line.split()[0] for line in one] == ["ROC", "f1"]
    two = evaluation_chart(evaluation(*rows(2), ("first", "second"))).splitlines()
    assert [line.split()[:2] for line in two] == [
        ["first", "ROC"], ["first", "f1"], ["second", "ROC"], ["second", "f1"],
    ]  # fmt: skip
    assert all(len(line) <= 80 for line in (*one, *two))
