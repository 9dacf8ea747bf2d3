"""Runs as a table and as a document."""

from __future__ import annotations

from pathlib import Path

from mlpcli.report.runs import runs_document, runs_table
from mlpcli.training.past_runs import PastRun

SCORES = {"loss": 0.5, "accuracy": 0.75, "f1": 0.25, "roc_auc": None, "mcc": 0.125}
RUNS = [
    PastRun(Path("runs/a"), {"x": {"seed": 0, "names": ["u"]}, "y": {"seed": 1}}, {"test": SCORES}),
    PastRun(
        Path("runs/b"), {"x": {"seed": 2, "names": ["u", "v"]}, "y": {"seed": 3}}, {"train": SCORES}
    ),
]


def test_keys_that_differ_and_scores() -> None:
    table = runs_table(RUNS, None)
    assert table.title == "2 runs"
    assert table.header == (
        "run", "x.seed", "names", "y.seed", "rows", "loss", "accuracy", "f1", "roc_auc",
    )  # fmt: skip
    assert table.rows[1] == (
        "runs/b", "2", '["u", "v"]', "3", "train", "0.5000", "0.7500", "0.2500", "-",
    )  # fmt: skip


def test_the_score_of_the_order_is_shown() -> None:
    table = runs_table(RUNS, "mcc")
    assert table.title == "2 runs, best mcc first"
    assert table.header[-1] == "mcc"
    assert table.rows[0][-1] == "0.1250"
    assert runs_table(RUNS, "f1").header[-1] == "roc_auc"


def test_the_document() -> None:
    document = runs_document(RUNS)
    assert document["differing"] == ["x.seed", "x.names", "y.seed"]
    assert document["runs"][0] == {
        "run": "runs/a", "config": RUNS[0].config, "metrics": {"test": SCORES},
    }  # fmt: skip
