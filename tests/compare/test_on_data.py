"""The case of a config, and on it each form: gradients against autograd's meaning, paired runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.check.case import Case, case_from
from mlpcli.compare.choices import LOSS, OTHER_LOSS, known_forms
from mlpcli.compare.on_data import (
    MOST_ROWS,
    case_from_config,
    compare_layers,
    compare_training,
    objective_by,
    scale_weights,
)
from mlpcli.compare.summary import paired_differences
from mlpcli.config import Config, parse_config
from mlpcli.errors import UsageError
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import Network, Parameters
from mlpcli.training.run import train

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcli.compare.records import LayerComparison

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


def changed(config: Config, **training: object) -> Config:
    return config.model_copy(update={"training": config.training.model_copy(update=training)})


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
    assert (case.X != case_from_config(changed(config, seed=1)).X).any()
    with pytest.raises(UsageError, match=r"^--rows: expected at most 1005, the training rows, got"):
        case_from_config(config, rows=1006)


def test_chosen_rows_need_a_weight(tmp_path: Path) -> None:
    config = weighted(tmp_path, [0] * 59 + [1])
    with pytest.raises(UsageError, match=r"^--rows: each of the 2 rows chosen has weight 0"):
        case_from_config(config, rows=2)


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
    runs = compare_training(changed(config, seed=5), tuple(FORMS), 1e-7, seeds=2)
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
    patient = changed(config, patience=2, epochs=200)
    run = compare_training(patient, ["stable"], 1e-7, seeds=1)[0]
    assert run.stopped == "early-stopping"
    assert run.reason == "no better validation loss in 2 epochs"


def case(scale: float = 1.0, seed: int = 0, **options: object) -> Case:
    rng = np.random.default_rng(seed)
    sizes = (3, 4, 2)
    network = Network(sizes, True, rng.normal(size=Parameters.count(sizes, True)) * scale)
    X = rng.normal(size=(30, 3))
    return case_from(network, X, rng.integers(0, 2, (30, 2)).astype(float), **options)  # type: ignore[arg-type]  # whatever a test wants


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_five_forms_agree_with_the_gradient_of_a_case(dtype: str, weighted: bool) -> None:
    omega = np.linspace(0.1, 2, 60).reshape(30, 2) if weighted else None
    found = case(2.0, omega=omega, l2=0.01)
    forms = ("naive", "epsilon", "clamped", "fused", "stable")
    rows = compare_layers(found, forms, 1e-3, dtype)
    truth = dict(found.gradient().tensors())
    for row in rows:
        if row.form == "mse":
            continue
        name = f"{row.parameter}{row.layer}"
        got = dict(found.gradient(row.form, dtype, 1e-3).tensors())[name]
        size = np.maximum(np.abs(got), np.abs(truth[name]))
        wanted = float((np.abs(got.astype(float) - truth[name]) / size).max())
        assert row.max_relative_error == pytest.approx(wanted, rel=1e-3, abs=1e-7)
        assert row.gradient_norm == pytest.approx(float(np.linalg.norm(got)), rel=1e-5)
        assert row.non_finite == 0
    tensors = [(r.parameter, r.layer) for r in rows if r.form == "mse"]
    assert tensors == [("W", 1), ("b", 1), ("W", 2), ("b", 2)]


def test_mse_has_only_a_norm_and_saturates() -> None:
    mild, hard = (compare_layers(case(s), ("stable",), 1e-7, "float64") for s in (1.0, 30.0))
    for rows in (mild, hard):
        assert all(r.max_relative_error is None for r in rows if r.form == "mse")

    def share(rows: tuple[LayerComparison, ...]) -> float:
        norms = {r.form: r.gradient_norm for r in rows if (r.layer, r.parameter) == (2, "W")}
        return (norms["mse"] or 0) / (norms["stable"] or 1)

    assert share(hard) < 0.1 * share(mild)


def test_saturation_breaks_naive_and_bends_epsilon() -> None:
    hard = scale_weights(case(), 60.0, "float32")
    rows = compare_layers(hard, tuple(FORMS), 1e-7, "float32")
    by_form = {r.form: r for r in rows if (r.layer, r.parameter) == (2, "b")}
    assert by_form["naive"].non_finite > 0
    assert by_form["naive"].gradient_norm is None
    assert by_form["epsilon"].max_relative_error == pytest.approx(1, abs=0.9)
    assert by_form["keras"].max_relative_error == pytest.approx(1, abs=0.9)
    assert (by_form["stable"].max_relative_error or 0) < 1e-5
    assert list(dict.fromkeys(r.form for r in rows)) == [*FORMS, "mse"]


def test_what_cannot_be_compared() -> None:
    soft = case()
    with pytest.raises(UsageError, match=r"data.target: expected labels 0 and 1"):
        compare_layers(replace(soft, y=soft.y * 0.5), ("stable",), 1e-7, "float64")
    with pytest.raises(UsageError, match=r"--weight-scale 1e\+40: makes weights of .*float32"):
        scale_weights(case(), 1e40, "float32")


@pytest.mark.parametrize("form", [*FORMS, OTHER_LOSS])
def test_the_loss_of_a_form_is_measured_by_the_truth(form: str) -> None:
    objective = objective_by(LOSSES["bce"], form, 1e-3, l2=0.5)
    assert objective.form.name == form
    assert objective.loss is LOSSES[form if form == OTHER_LOSS else "bce"]
    assert objective.l2 == 0.5
    assert form == OTHER_LOSS or objective.epsilon == 1e-3


def test_the_forms_on_data_are_those_of_its_loss() -> None:
    loss = LOSSES["cross_entropy"]
    assert objective_by(loss, "naive", 1e-3).form is loss.forms["naive"]
    with pytest.raises(UsageError, match='cross_entropy has no form "torch"'):
        objective_by(loss, "torch", 1e-3)
    rng = np.random.default_rng(0)
    network = Network((3, 4, 3), True, rng.normal(size=Network.count((3, 4, 3), True)))
    X, y = rng.normal(size=(9, 3)), np.eye(3)[rng.integers(0, 3, 9)]
    softmax = case_from(network, X, y, loss="cross_entropy")
    rows = {(r.form, r.name): r for r in compare_layers(softmax, list(loss.forms), 1e-3, "float64")}
    assert (rows["fused", "W1"].max_relative_error or 0) < 1e-12
    assert (rows["epsilon", "W2"].max_relative_error or 0) > 1e-4
    norm = np.linalg.norm(softmax.gradient().W[0])
    assert rows["stable", "W1"].gradient_norm == pytest.approx(norm, rel=1e-12)
