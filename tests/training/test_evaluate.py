"""A model measured on a table, against its own training report and against slow definitions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.data.rows import Rows
from mlpcli.errors import DataError
from mlpcli.training.evaluate import evaluate
from mlpcli.training.metrics import SCORES
from mlpcli.training.part_metrics import part_metrics
from results import of_two
from told import Told
from training_workshop import soft_and_weighted

if TYPE_CHECKING:
    from pathlib import Path

    from training_workshop import Workshop


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["bce", "mse"])
def test_evaluation_equals_the_training_report(workshop: Workshop, dtype: str, kind: str) -> None:
    result = workshop.train(f"training.dtype={dtype}", f"loss.kind={kind}", "loss.l2=0.1")
    evaluation = evaluate(result.model, workshop.path / "table.csv")
    assert evaluation.metrics == result.metrics["train"]
    assert evaluation.digest == result.model.data_digest
    assert (evaluation.notes, evaluation.intervals) == ((), None)


def test_soft_labels_row_weights_and_several_targets(workshop: Workshop) -> None:
    overrides = soft_and_weighted(workshop)
    result = workshop.train(*overrides, "training.dtype=float64")
    report = result.metrics["train"]
    evaluation = evaluate(result.model, [workshop.path / "table.csv"])
    assert report is not None
    for name in SCORES:
        expected = getattr(report, name)
        assert getattr(evaluation.metrics, name) == pytest.approx(expected, rel=1e-12)
    assert list(of_two(evaluation.metrics).per_target or ()) == ["chance", "flag"]


def test_blocks_are_put_together(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    result = workshop.train(*soft_and_weighted(workshop, rows=50))
    whole = evaluate(result.model, workshop.path / "table.csv")
    monkeypatch.setattr("mlpcli.data.table.scan._BLOCK_ROWS", 7)
    parts = evaluate(result.model, workshop.path / "table.csv")
    for name in SCORES:
        assert getattr(parts.metrics, name) == pytest.approx(
            getattr(whole.metrics, name), rel=1e-5, abs=1e-5
        )
    assert parts.metrics.rows == 50


def test_blocks_of_which_no_row_is_left(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = workshop.train(*soft_and_weighted(workshop), "data.missing=drop").model
    path = workshop.path / "table.csv"
    lines = path.read_text().splitlines()
    for k in (3, 4, 30):
        lines[k] = lines[k][lines[k].index(",") :]
    path.write_text("\n".join(lines))
    whole = evaluate(model, path)
    assert whole.notes == ("3 rows with a missing value are left out",)
    monkeypatch.setattr("mlpcli.data.table.scan._BLOCK_ROWS", 1)
    parts = evaluate(model, path)
    assert parts.metrics.rows == 37
    assert parts.notes == whole.notes
    assert parts.metrics.loss == pytest.approx(whole.metrics.loss, rel=1e-6)


def test_threshold_overrides_the_models_own(workshop: Workshop) -> None:
    model = workshop.train().model
    for threshold in (0.0, 1.0):
        table = workshop.path / "table.csv"
        metrics = of_two(evaluate(model, table, threshold=threshold).metrics)
        assert metrics.threshold == threshold
        assert metrics.recall == 1 - threshold
        assert metrics.confusion.tp + metrics.confusion.fp == 40 * (1 - threshold)


def test_what_takes_long_is_counted_to_its_end(workshop: Workshop) -> None:
    model, told = workshop.train().model, Told()
    evaluate(model, workshop.path / "table.csv", bootstrap=7, importance=True, counting=told)
    assert told.totals == {"row read": 40, "shuffle": 40, "resample": 7}
    assert told.done == told.totals


def test_no_weight_at_all_is_refused(workshop: Workshop) -> None:
    model = workshop.train(*soft_and_weighted(workshop)).model
    path = workshop.path / "none.csv"
    path.write_text("a,b,chance,flag,w\n1,2,0.5,yes,0\n0.5,0,0.1,no,0\n")
    with pytest.raises(DataError, match=r'none\.csv: column "w": every weight is 0'):
        evaluate(model, path)


def holes(workshop: Workshop, name: str = "holes.csv") -> Path:
    path = workshop.path / name
    path.write_text("y,z,b,a\n1,9,,0.5\n0,9,1,-1\n1,9,2,\n0,9,0.5,0\n")
    return path


def test_missing_values_are_dropped_and_noted(workshop: Workshop) -> None:
    model = workshop.train("data.missing=drop").model
    evaluation = evaluate(model, holes(workshop))
    assert evaluation.metrics.rows == 2
    assert evaluation.notes == ("2 rows with a missing value are left out",)


def test_missing_values_are_filled(workshop: Workshop) -> None:
    model = workshop.train("data.missing=mean").model
    evaluation = evaluate(model, holes(workshop))
    assert evaluation.metrics.rows == 4
    assert evaluation.notes == ()


def test_missing_values_are_refused(workshop: Workshop) -> None:
    model = workshop.train().model
    with pytest.raises(DataError, match=r'holes\.csv:2: column "b": missing value'):
        evaluate(model, holes(workshop))


@pytest.mark.parametrize("policy", ["error", "drop", "median"])
def test_rows_without_a_target_are_left_out_and_counted(workshop: Workshop, policy: str) -> None:
    model = workshop.train(f"data.missing={policy}").model
    path, whole = workshop.path / "partly.csv", workshop.path / "whole.csv"
    path.write_text("a,b,y\n1,2,0\n2,1,\n0.5,1,1\n1,1,NA\n")
    whole.write_text("a,b,y\n1,2,0\n0.5,1,1\n")
    found = evaluate(model, path)
    assert found.notes == ("2 rows without a target are left out",)
    assert found.metrics == evaluate(model, whole).metrics
    path.write_text("a,b,y\n1,2,\n2,1,\n")
    with pytest.raises(DataError, match="no row is left to evaluate on: each has no target"):
        evaluate(model, path)


def test_no_row_left(workshop: Workshop) -> None:
    model = workshop.train("data.missing=drop").model
    path = workshop.path / "empty.csv"
    path.write_text("a,b,y\n,1,0\n1,,1\n")
    with pytest.raises(DataError, match="no row is left to evaluate on: each misses a value"):
        evaluate(model, path)


def test_unseen_texts_are_noted(workshop: Workshop) -> None:
    workshop.table(extra={"colour": ["red", "blue"] * 20})
    model = workshop.train().model
    path = workshop.path / "new.csv"
    path.write_text("a,b,colour,y\n1,1,green,0\n1,0,red,1\n")
    assert evaluate(model, path).notes == (
        'column "colour": 1 of 2 rows hold a text not seen in training',
    )


def test_output_that_is_not_finite_is_null_with_a_reason(workshop: Workshop) -> None:
    model = workshop.train("network.hidden=[]", "data.standardize=false").model
    path = workshop.path / "huge.csv"
    path.write_text("a,b,y\n1e300,1e300,0\n1,0,1\n")
    metrics = evaluate(model, path).metrics
    assert metrics.loss is None
    assert metrics.reason == "the network's output is not finite for 1 of 2 rows"


def test_each_target_has_its_own_threshold(workshop: Workshop) -> None:
    model = workshop.train(*soft_and_weighted(workshop)).model
    rows = Rows(np.zeros((3, 2)), np.zeros((3, 2)))
    parts = {"train": rows, "test": None}
    by_part = part_metrics(replace(model, thresholds=(0.0, 1.0)), parts)
    assert by_part["test"] is None
    metrics = of_two(by_part["train"])
    assert metrics.per_target is not None
    assert metrics.per_target["chance"].confusion.fp == 3
    assert metrics.per_target["flag"].confusion.fp == 0


def test_values_far_from_those_of_training_are_noted(workshop: Workshop) -> None:
    workshop.table()
    model = workshop.train("data.missing=mean").model
    path = workshop.path / "far.csv"
    path.write_text("a,b,y\n1500,1,0\n1400,0,1\n,,1\n")
    far, *others = reversed(evaluate(model, path).notes)
    assert far.startswith('column "a": 2 of 2 values, such as 1500, lie far outside training')
    assert others == ["1 row has no value at all, but has a prediction"]
