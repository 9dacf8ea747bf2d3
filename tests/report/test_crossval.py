"""The tables of a cross-validation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlpcli.report.crossval import crossval_tables, crossval_words
from mlpcli.training.crossval import CrossvalResult
from mlpcli.training.folds import Fold
from mlpcli.training.interval import Interval
from mlpcli.training.metrics import SCORES


def result(seeds: int = 1) -> CrossvalResult:
    scores: dict[str, Any] = dict.fromkeys(SCORES, 0.5) | {"roc_auc": None}
    folds = [
        Fold(seed, k, np.arange(7), np.zeros((7, 1)), (0.5,), scores, "epochs", 9)
        for seed in range(seeds) for k in (1, 2)
    ]  # fmt: skip
    metrics: dict[str, Interval | None] = dict.fromkeys(SCORES, Interval(0.5, 0.25, 0.75))
    metrics |= {"roc_auc": None, "f1": Interval(0.5, None, None)}
    return CrossvalResult(tuple(folds), metrics, Path("runs/cv/predictions.csv"), 1.234)


def test_means() -> None:
    means, _ = crossval_tables(result())
    assert means.title == "2 folds in 1.23 s: the mean of each score"
    rows = {row[0]: row[1:] for row in means.rows}
    assert [*rows] == [*SCORES]
    assert rows["loss"] == ("0.5000", "0.2500", "0.7500")
    assert rows["f1"] == ("0.5000", "-", "-")
    assert rows["roc_auc"] == ("-", "-", "-")


@pytest.mark.parametrize(("seeds", "names"), [(1, ["1", "2"]), (2, ["0/1", "0/2", "1/1", "1/2"])])
def test_folds(seeds: int, names: list[str]) -> None:
    _, folds = crossval_tables(result(seeds))
    assert [row[0] for row in folds.rows] == names
    assert folds.header[:2] == ("fold" if seeds == 1 else "seed/fold", "rows")
    assert {row[1] for row in folds.rows} == {"7"}


def test_words_name_the_method_and_the_file() -> None:
    meaning, where = crossval_words(result())
    assert "Nadeau and Bengio" in meaning
    assert where.endswith("runs/cv/predictions.csv")
