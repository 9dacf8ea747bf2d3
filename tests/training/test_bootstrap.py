"""Intervals by resampling, against a slow loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.training.evaluate import evaluate
from mlpcli.training.metrics import SCORES
from training_workshop import soft_and_weighted

if TYPE_CHECKING:
    from training_workshop import Workshop


def test_bootstrap_is_seeded_and_contains_the_value(workshop: Workshop) -> None:
    workshop.table(rows=150)
    model = workshop.train("training.epochs=5").model
    first, again = (evaluate(model, workshop.path / "table.csv", bootstrap=200) for _ in range(2))
    assert first.intervals == again.intervals
    assert first.intervals is not None
    assert list(first.intervals) == list(SCORES)
    for name, (low, high) in first.intervals.items():
        assert low < high
        if name != "ece":  # biased upwards: a resample is calibrated less well than its rows
            assert low <= getattr(first.metrics, name) <= high


def test_bootstrap_quantiles_against_a_slow_loop(workshop: Workshop) -> None:
    model = workshop.train().model
    got = evaluate(model, workshop.path / "table.csv", bootstrap=30)
    rng = np.random.default_rng(model.seed)
    data = np.genfromtxt(workshop.path / "table.csv", delimiter=",", names=True)
    X, _ = model.encoder.encode({"a": data["a"], "b": data["b"]}, "float32")
    guess = model.logits(X)[:, 0] >= 0
    drawn = [rng.integers(0, 40, 40) for _ in range(30)]
    values = [np.mean(guess[rows] == data["y"][rows]) for rows in drawn]
    assert got.intervals is not None
    assert got.intervals["accuracy"] == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])))


def test_bootstrap_of_one_class_has_no_interval_for_what_needs_two(workshop: Workshop) -> None:
    model = workshop.train().model
    path = workshop.path / "ones.csv"
    path.write_text("a,b,y\n1,2,1\n0.5,0,1\n")
    evaluation = evaluate(model, path, bootstrap=5)
    assert evaluation.metrics.roc_auc is None
    assert evaluation.intervals is not None
    assert set(SCORES) - set(evaluation.intervals) == {"roc_auc", "pr_auc"}


def test_resamples_without_weight_do_not_count(workshop: Workshop) -> None:
    model = workshop.train(*soft_and_weighted(workshop)).model
    path = workshop.path / "light.csv"
    path.write_text("a,b,chance,flag,w\n1,2,0.5,yes,0\n0.5,0,0.1,no,1\n")
    evaluation = evaluate(model, path, bootstrap=40)
    assert evaluation.intervals is not None
    low, high = evaluation.intervals["loss"]
    assert low == pytest.approx(high)  # only the second row ever counts
    assert low == pytest.approx(evaluation.metrics.loss)
