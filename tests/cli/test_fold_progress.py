"""What stderr shows of a cross-validation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.cli import fold_progress, progress
from mlpcli.cli.fold_progress import LiveFolds, PlainFolds, brief, describe, suitable_fold_progress
from mlpcli.training.fold_work import Plan
from mlpcli.training.folds import Fold

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from mlp_runs import Mlp


def fold(**metrics: Any) -> Fold:
    scores = {"roc_auc": None, "accuracy": None} | metrics
    return Fold(0, 1, np.arange(3), np.zeros((3, 1)), (0.5,), scores, "diverged", 9)


def test_words() -> None:
    assert describe(Plan(80, 5, (0,), 0, None)) == ["80 rows in 5 folds, seed 0: 5 models"]
    assert describe(Plan(80, 5, (3, 4, 5), 2, "a note")) == [
        "80 rows in 5 folds, seeds 3 to 5: 15 models",
        "2 of 15 folds are done already",
        "a note",
    ]
    assert brief(fold(roc_auc=0.5, accuracy=0.25)) == "roc_auc 0.5000"
    assert brief(fold(accuracy=0.25)) == "accuracy 0.2500"
    assert brief(fold()) == "diverged"


def test_a_plain_line_now_and_then(here: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0.0)
    ran = mlp("crossval", "config.yaml", "--folds", 2)
    assert [line[:18] for line in ran.lines[2:]] == ["fold 1/2: roc_auc ", "fold 2/2: roc_auc "]
    assert type(suitable_fold_progress()) is PlainFolds


def test_a_bar_at_a_terminal(here: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Watched(LiveFolds):
        def fold_done(self, fold: Fold) -> None:
            super().fold_done(fold)
            seen.append(self.progress.tasks[0].completed)

    monkeypatch.setattr(fold_progress, "suitable_fold_progress", Watched)
    assert mlp("crossval", "config.yaml", "--folds", 3).status == 0
    assert seen == [1, 2, 3]
