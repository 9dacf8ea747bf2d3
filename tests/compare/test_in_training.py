"""Each form in training: paired runs that differ in nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.compare.choices import LOSS, known_forms
from mlpcli.compare.from_config import training_with
from mlpcli.compare.in_training import compare_training
from mlpcli.compare.summary import paired_differences
from mlpcli.config import Config, parse_config
from mlpcli.training.run import train

if TYPE_CHECKING:
    from pathlib import Path


FORMS = known_forms(LOSS)
BASE = """
data: {train: table.csv, target: y, validation: 0.25}
network: {hidden: [3]}
training: {epochs: 4, batch_size: 8, threads: 1, optimizer: {name: adam, learning_rate: 0.05}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    y = (X[:, 0] - X[:, 1] + rng.normal(0, 0.5, 60) > 0).astype(int)
    lines = ["a,b,y", *(f"{a},{b},{label}" for (a, b), label in zip(X, y, strict=True))]
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n")
    return parse_config(BASE, "c.yaml", tmp_path, ())


def test_stable_is_the_training_run_itself(config: Config, tmp_path: Path) -> None:
    (run, mse) = compare_training(config, ["stable"], 1e-7, seeds=1)
    result = train(config, out=tmp_path / "run")
    metrics = result.metrics["validation"]
    assert metrics is not None
    assert run.loss == pytest.approx(metrics.loss, rel=1e-6)
    assert run.curve == tuple(record.validation_loss for record in result.history)
    assert (run.form, run.seed, run.stopped, run.epochs_run) == ("stable", 0, "epochs", 4)
    assert run.reason is None
    assert mse.form == "mse"
    assert mse.curve != run.curve


def test_every_form_has_the_same_seeds_and_starts_alike(config: Config) -> None:
    runs = compare_training(training_with(config, seed=5), tuple(FORMS), 1e-7, seeds=2)
    assert [run.seed for run in runs] == [5] * 9 + [6] * 9
    assert [run.form for run in runs[:9]] == [*FORMS, "mse"]
    for seed in (5, 6):
        first = [
            run.curve for run in runs if run.seed == seed and run.form not in ("mse", "epsilon")
        ]
        for curve in first:  # nothing is saturated here, so all are equal to rounding
            assert curve == pytest.approx(first[0], rel=1e-4)


def test_epsilon_is_that_of_the_comparison(config: Config) -> None:
    small, large = (
        next(r for r in compare_training(config, ["epsilon"], e, seeds=1) if r.form == "epsilon")
        for e in (1e-9, 0.3)
    )
    assert small.curve != large.curve


def test_saturated_weights_stop_naive_and_say_why(config: Config) -> None:
    told: list[tuple[str, int]] = []
    runs = compare_training(
        config, ["naive", "stable"], 1e-7, seeds=2, weight_scale=200.0,
        progress=lambda form, seed: told.append((form, seed)),
    )  # fmt: skip
    assert told == [(r.form, r.seed) for r in runs]
    for run in runs:
        if run.form == "naive":
            assert run.stopped == "diverged"
            assert run.reason is not None
            assert "0/0 at the saturated logit" in run.reason
        else:
            assert run.stopped == "epochs"
    (naive, mse) = paired_differences(runs)
    assert (naive.form, naive.seeds, naive.mean) == ("naive", 0, None)
    assert (mse.form, mse.seeds) == ("mse", 2)


def test_early_stopping_has_a_reason(config: Config) -> None:
    patient = training_with(config, patience=2, epochs=200)
    run = compare_training(patient, ["stable"], 1e-7, seeds=1)[0]
    assert run.stopped == "early-stopping"
    assert run.reason == "no better validation loss in 2 epochs"
