"""Metrics of encoded rows, and those of the base rate, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.data.rows import Rows
from mlpcli.training.part_metrics import baseline_metrics
from results import of_two

if TYPE_CHECKING:
    from training_workshop import Workshop


def test_baseline_predicts_the_base_rate(workshop: Workshop) -> None:
    result = workshop.train("data.validation=0.25")
    baseline = of_two(result.baseline["validation"])
    assert result.baseline["test"] is None
    data = np.genfromtxt(workshop.path / "table.csv", delimiter=",", names=True)
    train = of_two(result.metrics["train"])
    ones = train.confusion.tp + train.confusion.fn
    rate = ones / train.rows
    held_out = (data["y"].sum() - ones) / baseline.rows
    expected = -(held_out * np.log(rate) + (1 - held_out) * np.log(1 - rate))
    assert baseline.loss == pytest.approx(expected, rel=1e-6)
    assert baseline.roc_auc == 0.5
    assert baseline.accuracy == pytest.approx(held_out if rate >= 0.5 else 1 - held_out)
    assert (baseline.mcc, baseline.threshold) == (0, 0.5)


def test_baseline_weighs_rows(workshop: Workshop) -> None:
    model = workshop.model()
    y = np.array([[0.0], [1.0]])
    rows = Rows(np.zeros((2, 2)), y, np.array([0.5, 1.5]))
    baseline = baseline_metrics(model, rows, {"train": rows, "test": None})
    assert baseline["train"] is not None
    assert baseline["train"].loss == pytest.approx(-0.25 * np.log(0.25) - 0.75 * np.log(0.75))
    assert baseline["train"].brier == pytest.approx((0.75**2 + 0.25**2) / 2)


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_baseline_of_a_target_with_one_class_stays_finite(workshop: Workshop, label: float) -> None:
    rows = Rows(np.zeros((3, 2)), np.full((3, 1), label))
    baseline = baseline_metrics(workshop.model(), rows, {"train": rows})["train"]
    assert baseline is not None
    assert baseline.accuracy == 1
    assert baseline.loss == pytest.approx(0, abs=1e-300)
