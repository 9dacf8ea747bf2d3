"""A training run as a table and a chart in text: the whole history, and a run without epochs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.report.train import read_history, training_chart, training_table
from mlpcli.training.metrics import SCORES
from results import history

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcli.training.result import TrainingResult


def test_history_is_read_as_it_was_written(tmp_path: Path) -> None:
    records = history(3)
    lines = "".join(json.dumps(asdict(record)) + "\n" for record in records)
    (tmp_path / "history.jsonl").write_text(lines)
    assert read_history(tmp_path / "history.jsonl") == tuple(records)


def test_no_epoch_is_a_sentence() -> None:
    assert training_chart(()) == "no epoch was completed"


def test_the_chart_in_text() -> None:
    lines = training_chart(history(100)).splitlines()
    assert [" ".join(line.split()[:2]) for line in lines] == [
        "training loss", "validation loss", "learning rate", "gradient layer", "gradient layer",
    ]  # fmt: skip
    assert all(len(line) <= 80 for line in lines)
    assert lines[0].endswith("1 .. 0.01")
    assert np.char.count(np.array(lines), "█").min() >= 1


def test_the_table(result: TrainingResult) -> None:
    table = training_table(result)
    assert table.header == ("metric", "train", "validation", "test", "base rate (test)")
    names = [row[0] for row in table.rows]
    assert names == ["rows", *SCORES, "tn", "fp", "fn", "tp", "threshold"]
    values = dict(zip(names, table.rows, strict=True))
    test = result.metrics["test"]
    assert test is not None
    assert values["loss"][3] == f"{test.loss:.4f}"
    assert table.title.endswith("15 epochs in " + table.title.split(" in ")[1])
