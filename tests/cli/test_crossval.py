"""`mlp crossval`: what it prints and writes, how it stops and goes on."""

from __future__ import annotations

import csv
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from mlp_runs import COMMAND, CONFIG, strict_json

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp

SCORES = {
    "loss", "accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc",
    "brier", "ece", "mcc",
}  # fmt: skip


def test_json_is_one_strict_document_with_the_promised_keys(here: Path, mlp: Mlp) -> None:
    ran = mlp("crossval", "config.yaml", "--json", "--folds", 4, "--out", "cv")
    assert ran.status == 0
    document = ran.document
    assert set(document) == {"schema", "folds", "metrics", "predictions", "notes"}
    assert document["schema"] == "mlp.crossval/1"
    assert [(fold["fold"], fold["seed"], fold["rows"]) for fold in document["folds"]] == [
        (k, 0, 20) for k in (1, 2, 3, 4)
    ]
    assert set(document["folds"][0]["metrics"]) >= SCORES | {"rows", "confusion", "threshold"}
    assert set(document["metrics"]) == SCORES
    for found in document["metrics"].values():
        assert found["low"] <= found["mean"] <= found["high"]
    with (here / document["predictions"]).open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [row["row"] for row in rows] == [str(k) for k in range(1, 81)]
    assert strict_json((here / "cv/report.json").read_text("utf-8")) == document
    assert mlp("config", "check", "cv/config.yaml").status == 0


def test_tables(here: Path, mlp: Mlp) -> None:
    ran = mlp("crossval", "config.yaml", "--folds", 4)
    title, header, *rest = ran.out.splitlines()
    assert title.startswith("4 folds in ")
    assert header.split() == ["metric", "mean", "95", "%", "low", "high"]
    assert rest[12] == "each fold"
    assert [line.split()[:2] for line in rest[14:18]] == [[str(k), "20"] for k in (1, 2, 3, 4)]
    assert rest[-1].endswith("runs/config-crossval/predictions.csv")
    assert ran.lines == [
        "80 rows in 4 folds, seed 0: 4 models",
        "data.test is not used: each fold is the test of its model",
    ]


def test_quiet_prints_nothing(here: Path, mlp: Mlp) -> None:
    ran = mlp("crossval", "config.yaml", "--folds", 2, "-q")
    assert (ran.status, ran.out, ran.err) == (0, "", "")


def test_nothing_is_overwritten_without_force(here: Path, mlp: Mlp) -> None:
    assert mlp("crossval", "config.yaml", "--folds", 2, "-q").status == 0
    ran = mlp("crossval", "config.yaml", "--folds", 2)
    assert (ran.status, ran.out) == (2, "")
    assert ran.lines == [
        (
            "runs/config-crossval: already holds a cross-validation; give --force to replace it, "
            "--resume to go on with it, or --out to write elsewhere"
        )
    ]
    assert mlp("crossval", "config.yaml", "--folds", 3, "-q", "--force").status == 0
    more = mlp("crossval", "config.yaml", "--folds", 3, "--seeds", 2, "--resume")
    assert more.status == 0
    assert more.lines[:2] == [
        "80 rows in 3 folds, seeds 0 to 1: 6 models",
        "3 of 6 folds are done already",
    ]


def test_a_fold_that_diverges_is_status_3(here: Path, mlp: Mlp) -> None:
    (here / "config.yaml").write_text(
        CONFIG.replace("hidden: [3]", "hidden: [3], activation: identity").replace(
            "{name: adam, learning_rate: 0.1}", "{name: sgd, learning_rate: 1e38}"
        ) + "loss: {kind: mse}\n"
    )  # fmt: skip
    ran = mlp("crossval", "config.yaml", "--folds", 2, "--json")
    assert ran.status == 3
    assert [fold["stopped"] for fold in ran.document["folds"]] == ["diverged"] * 2
    assert ran.lines[-2].startswith("fold 1, seed 0: training diverged: ")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            ["--folds", "1"],
            "mlp crossval: Invalid value for '--folds': Input should be greater than or equal to 2",
        ),
        (["--folds", "81"], "--folds 81: expected at least 81 rows, got 80"),
        (["--set", "data.group=z"], 'data.group: no column "z" in the data; it has "x", "c", "y"'),
    ],
)
def test_what_cannot_be(here: Path, mlp: Mlp, options: list[str], line: str) -> None:
    ran = mlp("crossval", "config.yaml", *options)
    assert (ran.status, ran.out) == (2, "")
    assert ran.lines[0].startswith(line)
    assert not (here / "runs").exists()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_the_folds_that_are_done(here: Path, signum: signal.Signals) -> None:
    """A run of far more epochs than there is time for, after a first seed that is quick."""
    args = ["crossval", "config.yaml", "--folds", "2", "--out", "cv"]
    assert subprocess.run([*COMMAND, *args, "-q"], check=False).returncode == 0
    (here / "cv/report.json").unlink()
    for path in (here / "cv/folds").glob("*fold2*"):
        path.unlink()
    text = (here / "config.yaml").read_text("utf-8")
    slow = [*args[:1], "slow.yaml", *args[2:], "--set", "training.epochs=15"]
    (here / "slow.yaml").write_text(text.replace("epochs: 15", "epochs: 1000000000"))
    running = subprocess.Popen([*COMMAND, *slow[:-2], "--out", "other"], stderr=subprocess.PIPE)
    assert running.stderr is not None
    assert b"80 rows in 2 folds" in running.stderr.readline()
    time.sleep(1.5)  # long enough that processes have begun
    running.send_signal(signum)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 128 + signum
    assert err.decode().splitlines()[-1] == (
        "interrupted after 0 of 2 folds; go on with --resume (other)"
    )
    again = subprocess.run([*COMMAND, *args], capture_output=True, text=True, check=False)
    assert again.returncode == 0
    assert "1 of 2 folds are done already" in again.stderr


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_neither_config_nor_data_is_overwritten(here: Path, mlp: Mlp, force: list[str]) -> None:
    before = (here / "config.yaml").read_bytes()
    ran = mlp("crossval", "config.yaml", "--out", ".", *force)
    assert (ran.status, ran.lines) == (
        2, ["config.yaml: is read here; write elsewhere"],
    )  # fmt: skip
    assert (here / "config.yaml").read_bytes() == before
    (here / "cv").mkdir()
    table = (here / "points.csv").read_bytes()
    (here / "cv/predictions.csv").write_bytes(table)
    ran = mlp(
        "crossval", "config.yaml", "--out", "cv", "--set", "data.train=cv/predictions.csv", *force
    )
    what = "is read here; write elsewhere"
    if not force:
        what = "exists already; write elsewhere with --out"
    assert (ran.status, ran.lines[-1]) == (2, f"cv/predictions.csv: {what}")
    assert (here / "cv/predictions.csv").read_bytes() == table
    assert not (here / "cv/config.yaml").exists()


def test_validation_rows_of_another_file(here: Path, mlp: Mlp) -> None:
    (here / "v.csv").write_bytes((here / "points.csv").read_bytes())
    ran = mlp("crossval", "config.yaml", "--folds", 2, "--set", "data.validation=v.csv", "--json")
    assert [fold["rows"] for fold in ran.document["folds"]] == [40, 40]
