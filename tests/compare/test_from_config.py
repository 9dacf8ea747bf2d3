"""The case of a config: its rows, its weights, and J."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.compare.from_config import MOST_ROWS, case_from_config, training_with
from mlpcli.config import Config, parse_config
from mlpcli.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def weighted(folder: Path, weights: list[int], *overrides: str) -> Config:
    """Return the config of a table whose rows have these weights, and their number as input."""
    lines = ["x,y,w", *(f"{k},{k % 2},{weight}" for k, weight in enumerate(weights))]
    (folder / "weighted.csv").write_text("\n".join(lines) + "\n")
    text = "data: {train: weighted.csv, target: y, weight: w, standardize: false}\n"
    return parse_config(text, "w.yaml", folder, overrides)


@pytest.mark.parametrize("rows", [1, 10, 59, 60])
def test_the_objective_of_a_case_is_the_weighted_mean_over_its_rows(
    tmp_path: Path, rows: int
) -> None:
    weights = [1 + k * k % 7 for k in range(60)]
    case = case_from_config(weighted(tmp_path, weights), rows=rows)
    chosen = [weights[int(x)] for x in case.X[:, 0]]
    assert len(chosen) == rows
    assert case.omega is not None
    assert case.omega[:, 0] == pytest.approx(np.array(chosen) / np.mean(chosen), rel=1e-14)
    losses = case.objective.loss.value(case.network.logits(case.X), case.y)[:, 0]
    assert case.value() == pytest.approx(np.average(losses, weights=chosen), rel=1e-13)


def test_class_weights_stay_what_they_are(tmp_path: Path) -> None:
    override = "loss.class_weight={0: 0.5, 1: 3}"
    case = case_from_config(weighted(tmp_path, [2] * 30, override), rows=7)
    assert case.omega is not None
    assert case.omega.tolist() == np.where(case.y == 1, 3, 0.5).tolist()


def test_rows_are_chosen_by_the_seed_and_the_config_names_the_most(tmp_path: Path) -> None:
    config = weighted(tmp_path, [1] * (MOST_ROWS + 5))
    case = case_from_config(config)
    assert len(case.X) == MOST_ROWS
    assert (np.diff(case.X[:, 0]) > 0).all()
    assert (case.X == case_from_config(config).X).all()
    assert (case.X != case_from_config(training_with(config, seed=1)).X).any()
    with pytest.raises(UsageError, match=r"^--rows: expected at most 1005, the training rows, got"):
        case_from_config(config, rows=1006)


def test_chosen_rows_need_a_weight(tmp_path: Path) -> None:
    config = weighted(tmp_path, [0] * 59 + [1])
    with pytest.raises(UsageError, match=r"^--rows: each of the 2 rows chosen has weight 0"):
        case_from_config(config, rows=2)
