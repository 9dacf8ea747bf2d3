"""Training under each form: paired runs, honest reasons, and the t interval against scipy."""

from __future__ import annotations

import numpy as np
import pytest

from mlpcli.compare.forms import FORMS
from mlpcli.compare.training_runs import TrainingRun, compare_training, paired_differences
from mlpcli.config import Config, parse_config
from mlpcli.training.run import train

BASE = """
data: {train: table.csv, target: y, validation: 0.25}
network: {hidden: [3]}
training: {epochs: 4, batch_size: 8, threads: 1, optimizer: {name: adam, learning_rate: 0.05}}
"""


@pytest.fixture
def config(tmp_path: object) -> Config:
    from pathlib import Path

    folder = Path(str(tmp_path))
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    y = (X[:, 0] - X[:, 1] + rng.normal(0, 0.5, 60) > 0).astype(int)
    lines = ["a,b,y", *(f"{a},{b},{label}" for (a, b), label in zip(X, y, strict=True))]
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    return parse_config(BASE, "c.yaml", folder, ())


def changed(config: Config, **training: object) -> Config:
    return config.model_copy(update={"training": config.training.model_copy(update=training)})


def test_stable_is_the_training_run_itself(config: Config, tmp_path: object) -> None:
    (run, mse) = compare_training(config, ["stable"], 1e-7, 1)
    result = train(config, out=f"{tmp_path}/run")
    metrics = result.metrics["validation"]
    assert metrics is not None
    assert run.loss == pytest.approx(metrics.loss, rel=1e-6)
    assert run.curve == tuple(record.validation_loss for record in result.history)
    assert (run.form, run.seed, run.stopped, run.epochs_run) == ("stable", 0, "epochs", 4)
    assert run.reason is None
    assert mse.form == "mse"
    assert mse.curve != run.curve


def test_every_form_has_the_same_seeds_and_starts_alike(config: Config) -> None:
    runs = compare_training(changed(config, seed=5), tuple(FORMS), 1e-7, 2)
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
        next(r for r in compare_training(config, ["epsilon"], e, 1) if r.form == "epsilon")
        for e in (1e-9, 0.3)
    )
    assert small.curve != large.curve


def test_saturated_weights_stop_naive_and_say_why(config: Config) -> None:
    told: list[tuple[str, int]] = []
    runs = compare_training(
        config, ["naive", "stable"], 1e-7, 2, weight_scale=200.0,
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
    patient = changed(config, patience=2, epochs=200)
    run = compare_training(patient, ["stable"], 1e-7, 1)[0]
    assert run.stopped == "early-stopping"
    assert run.reason == "no better validation loss in 2 epochs"


def made_up(form: str, losses: list[float | None], stopped: str = "epochs") -> list[TrainingRun]:
    return [TrainingRun(form, seed, stopped, 1, loss, None, ()) for seed, loss in enumerate(losses)]


@pytest.mark.parametrize("seeds", [2, 3, 10, 31, 40])
def test_the_interval_is_students(seeds: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(seeds)
    a, b = rng.normal(size=(2, seeds))
    (pair,) = paired_differences([*made_up("stable", b.tolist()), *made_up("fused", a.tolist())])
    d = a - b
    low, high = stats.t.interval(0.95, seeds - 1, d.mean(), stats.sem(d))
    assert pair.mean == pytest.approx(d.mean())
    tolerance = 1e-3 if seeds <= 31 else 0.05 * (high - low)
    assert (pair.low, pair.high) == pytest.approx((low, high), abs=tolerance)


def test_pairs_need_two_runs_that_ended_well() -> None:
    stable = made_up("stable", [1.0, None, 3.0])
    (one,) = paired_differences([*stable, *made_up("fused", [1.5, 2.0, None])])
    assert (one.seeds, one.mean, one.low, one.high) == (1, 0.5, None, None)
    (none,) = paired_differences([*stable, *made_up("naive", [1.0, 1.0, 1.0], "diverged")])
    assert (none.seeds, none.mean) == (0, None)
    assert paired_differences(made_up("fused", [1.0]))[0].seeds == 0
