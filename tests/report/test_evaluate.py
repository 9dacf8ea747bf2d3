"""The measurement of a model: its table, its document, and its curves against scikit-learn."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn import metrics

import mlpcli
from mlp_runs import strict_json, write_inputs
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.sigmoid import sigmoid
from mlpcli.report.evaluate import (
    GRID,
    curves,
    evaluation_chart,
    evaluation_document,
    evaluation_tables,
)
from mlpcli.training.metrics import measure
from results import evaluation, rows

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcli.training.result import TrainingResult


@pytest.mark.parametrize("seed", range(4))
def test_curves_are_those_of_scikit_learn(seed: int) -> None:
    scored = evaluation(*rows(seed=seed))
    assert scored.rows is not None
    h, y = scored.rows.logits[:, 0], scored.rows.labels[:, 0]
    (found,) = curves(scored)
    ranking = found.ranking
    fpr, tpr, _ = metrics.roc_curve(y, h, drop_intermediate=False)
    np.testing.assert_allclose(ranking.fpr, fpr)
    np.testing.assert_allclose(ranking.tpr, tpr)
    precision, recall, _ = metrics.precision_recall_curve(y, h)
    np.testing.assert_allclose(ranking.precision[::-1], precision)
    np.testing.assert_allclose(ranking.tpr[::-1], recall)
    assert ranking.roc_auc == pytest.approx(metrics.roc_auc_score(y, h))
    assert ranking.average_precision == pytest.approx(metrics.average_precision_score(y, h))
    np.testing.assert_array_equal(found.positive, y == 1)
    np.testing.assert_allclose(found.p, sigmoid(h))


@pytest.mark.parametrize("score", ["precision", "recall", "f1", "balanced_accuracy", "mcc"])
def test_the_sweep_is_the_metric_at_every_threshold(score: str) -> None:
    h, y = rows(count=60)
    (found,) = curves(evaluation(h, y))
    for threshold, value in zip(GRID, found.sweep[score], strict=True):
        at = measure(h, y, LOSSES["bce"], (float(threshold),), names=("y",))
        assert value == pytest.approx(getattr(at, score))


def test_a_score_that_does_not_exist_is_a_dash(tmp_path: Path, result: TrainingResult) -> None:
    (tmp_path / "one.csv").write_text("x,c,y\n1,red,no\n2,red,no\n")
    (table,) = evaluation_tables(mlpcli.evaluate(result.model, tmp_path / "one.csv"), "title")
    values = {row[0]: row[1] for row in table.rows}
    assert (values["roc_auc"], values["rows"]) == ("-", "2")


def test_intervals(tmp_path: Path, result: TrainingResult) -> None:
    write_inputs(tmp_path)
    found = mlpcli.evaluate(result.model, tmp_path / "points.csv", bootstrap=10)
    (table,) = evaluation_tables(found, "title")
    assert table.header == ("metric", "value", "95 % interval")
    values = {row[0]: row[2] for row in table.rows}
    assert values["rows"] == values["threshold"] == ""
    assert found.intervals is not None
    low, high = found.intervals["loss"]
    assert values["loss"] == f"{low:.4f} .. {high:.4f}"


def test_the_document(tmp_path: Path, result: TrainingResult) -> None:
    write_inputs(tmp_path)
    document = evaluation_document(mlpcli.evaluate(result.model, tmp_path / "points.csv"), "m", "d")
    assert "intervals" not in document
    assert strict_json(json.dumps(document)) == document
    assert document["data_digest"] == result.model.data_digest


def test_the_chart_in_text() -> None:
    one = evaluation_chart(evaluation(*rows())).splitlines()
    assert [line.split()[0] for line in one] == ["ROC", "f1"]
    two = evaluation_chart(evaluation(*rows(2), ("first", "second"))).splitlines()
    assert [line.split()[:2] for line in two] == [
        ["first", "ROC"], ["first", "f1"], ["second", "ROC"], ["second", "f1"],
    ]  # fmt: skip
    assert all(len(line) <= 80 for line in (*one, *two))
