"""`mlp train`: what it prints, what it writes, what it refuses, and how it stops."""
# ruff: noqa: E501 - a message is compared with the whole line that the user sees

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlp_runs import COMMAND, CONFIG, POINTS, process, strict_json
from mlpcli.cli import progress
from mlpcli.cli.progress import PlainProgress
from training_workshop import leave_room

if TYPE_CHECKING:
    from mlp_runs import Mlp

METRICS = {
    "rows", "loss", "accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc",
    "pr_auc", "brier", "ece", "mcc", "confusion", "threshold",
}  # fmt: skip
RUN = {
    "model.safetensors", "last.ckpt.safetensors", "history.jsonl", "config.yaml", "report.json",
}  # fmt: skip


def sha(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def tree(folder: Path) -> dict[str, str]:
    return {str(path): sha(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def test_json_is_one_strict_document_with_the_promised_keys(here: Path, mlp: Mlp) -> None:
    ran = mlp("train", "config.yaml", "--json")
    assert ran.status == 0
    document = ran.document
    assert set(document) == {
        "schema", "epochs_run", "best_epoch", "stopped", "seed", "seconds", "model", "metrics",
        "baseline", "reason", "notes",
    }  # fmt: skip
    assert document["schema"] == "mlp.train/1"
    assert document["model"] == "runs/config/model.safetensors"
    assert (document["epochs_run"], document["stopped"], document["seed"]) == (15, "epochs", 0)
    assert document["reason"] is None
    for key in ("metrics", "baseline"):
        assert list(document[key]) == ["train", "validation", "test"]
        for metrics in document[key].values():
            assert set(metrics) == METRICS
            assert set(metrics["confusion"]) == {"tn", "fp", "fn", "tp"}
    assert [m["rows"] for m in document["metrics"].values()] == [40, 20, 20]
    assert document["metrics"]["test"]["roc_auc"] > document["baseline"]["test"]["roc_auc"] == 0.5
    folder = here / "runs/config"
    assert {path.name for path in folder.iterdir()} == RUN
    assert strict_json((folder / "report.json").read_text("utf-8")) == document


def test_history_has_a_line_per_epoch(here: Path, mlp: Mlp) -> None:
    assert mlp("train", "config.yaml", "-q", "--out", "r").status == 0
    lines = [
        strict_json(line) for line in (here / "r/history.jsonl").read_text("utf-8").splitlines()
    ]
    assert [line["epoch"] for line in lines] == list(range(1, 16))
    for line in lines:
        assert set(line) == {
            "epoch", "train_loss", "validation_loss", "metrics", "learning_rate", "gradient_norm",
            "seconds",
        }  # fmt: skip
        assert len(line["gradient_norm"]) == 2


def test_a_split_that_does_not_exist_is_null(here: Path, mlp: Mlp) -> None:
    ran = mlp(
        "train", "config.yaml", "--set", "data.validation=null", "--set", "data.test=null", "--json"
    )
    for key in ("metrics", "baseline"):
        assert ran.document[key]["validation"] is None
        assert ran.document[key]["test"] is None


def test_several_targets_have_their_own_metrics(here: Path, mlp: Mlp) -> None:
    table = "x,a,b\n" + "".join(f"{i},{i % 2},{int(i > 20)}\n" for i in range(40))
    (here / "two.csv").write_text(table, encoding="utf-8")
    (here / "two.yaml").write_text(
        "data: {train: two.csv, target: [a, b]}\ntraining: {epochs: 2}\n"
    )
    metrics = mlp("train", "two.yaml", "--json").document["metrics"]["train"]
    assert set(metrics) == METRICS | {"per_target"}
    assert set(metrics["per_target"]) == {"a", "b"}
    assert set(metrics["per_target"]["a"]) == METRICS


def test_a_table_of_metrics_beside_the_base_rate(here: Path, mlp: Mlp) -> None:
    ran = mlp("train", "config.yaml")
    title, header, rows, *rest = ran.out.splitlines()
    assert title.startswith("runs/config/model.safetensors: 15 epochs in ")
    assert header.split() == ["metric", "train", "validation", "test", "base", "rate", "(test)"]
    assert rows.split() == ["rows", "40", "20", "20", "20"]
    assert len(rest) == 16
    assert len({len(line) for line in (header, rows, *rest)}) == 1
    assert ran.lines == [
        "network 3-3-1, 16 float32 parameters, threads 1; rows: train 40, validation 20, test 20",
        'target "y": yes = 1, no = 0 (50.0% positive in training)',
    ]


def test_quiet_prints_nothing(here: Path, mlp: Mlp) -> None:
    ran = mlp("train", "config.yaml", "--quiet")
    assert (ran.status, ran.out, ran.err) == (0, "", "")


def test_a_plain_line_now_and_then(here: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0.0)
    lines = mlp("train", "config.yaml", "--set", "training.epochs=3").lines
    assert [line[:26] for line in lines[2:]] == [
        f"epoch {i}/3: loss 0." + lines[1 + i][18:26] for i in (1, 2, 3)
    ]
    assert lines[2].count("validation 0.") == 1
    assert lines[2].endswith("rate 0.1")
    assert isinstance(progress.suitable_progress(), PlainProgress)


def test_notes_are_warnings(here: Path, mlp: Mlp) -> None:
    table = POINTS.replace("\n", ",7\n").replace("y,7", "y,same", 1)
    (here / "points.csv").write_text(table, encoding="utf-8")
    assert mlp("train", "config.yaml").lines[-1] == (
        'warning: column "same" is constant in the training rows: it teaches nothing'
    )


def test_rows_that_do_not_fit_into_memory(
    here: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = mlp("train", "config.yaml", "--out", "memory")
    leave_room(monkeypatch, 900)
    ran = mlp("train", "config.yaml", "--out", "file")
    assert ran.status == 0
    assert ran.lines == [
        "points.csv: about 80 rows of 3 inputs, 960 bytes in a temporary file: data.memory_limit leaves 900 bytes for them",
        *expected.lines,
    ]
    assert sha("file/model.safetensors") == sha("memory/model.safetensors")
    assert {path.name for path in (here / "file").iterdir()} == RUN
    assert mlp("train", "config.yaml", "--out", "quiet", "-q").err == ""


def test_a_disk_that_is_full_of_rows(here: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = tree(here)
    monkeypatch.setattr("tempfile.SpooledTemporaryFile.write", full)
    ran = mlp("train", "config.yaml", "-q", "--out", "new/run")
    assert (ran.status, ran.out) == (74, "")
    assert ran.lines == [
        f"{here.absolute()}: a temporary file for the rows: no space left on device"
    ]
    assert tree(here) == before
    assert not (here / "new").exists()


def test_set_beats_the_file(here: Path, mlp: Mlp) -> None:
    ran = mlp(
        "train", "config.yaml", "--json", "--set", "training.epochs=2", "--set", "training.seed=3"
    )
    assert (ran.document["epochs_run"], ran.document["seed"]) == (2, 3)


@pytest.mark.parametrize(
    ("override", "line"),
    [
        (
            "training.epochs=x",
            '--set training.epochs=x: training.epochs: expected an integer >= 1, got "x"',
        ),
        (
            "training.epoch=5",
            '--set training.epoch=5: training.epoch: unknown key, did you mean "epochs"?',
        ),
        (
            "training.epochs",
            "--set training.epochs: expected KEY=VALUE, such as training.epochs=5 or network.hidden[0]=8",
        ),
    ],
)
def test_a_bad_override(here: Path, mlp: Mlp, override: str, line: str) -> None:
    ran = mlp("train", "config.yaml", "--json", "--set", override)
    assert (ran.status, ran.out, ran.lines) == (2, "", [line])


def test_the_same_seed_gives_the_same_bytes(here: Path, mlp: Mlp) -> None:
    for out, seed in (("a", 1), ("b", 1), ("c", 2)):
        mlp("train", "config.yaml", "-q", "--out", out, "--set", f"training.seed={seed}")
    assert sha("a/model.safetensors") == sha("b/model.safetensors") != sha("c/model.safetensors")


def test_the_hash_seed_of_python_changes_nothing(here: Path) -> None:
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        assert process("train", "config.yaml", "-q", "--out", seed, env=environment).returncode == 0
    assert sha("1/model.safetensors") == sha("2/model.safetensors")


def test_nothing_is_overwritten_without_force(here: Path, mlp: Mlp) -> None:
    assert mlp("train", "config.yaml", "-q", "--out", "r").status == 0
    before = tree(here)
    ran = mlp("train", "config.yaml", "--json", "--out", "r", "--set", "training.seed=9")
    assert (ran.status, ran.out) == (2, "")
    assert ran.lines == [
        "r: already holds a run; give --force to replace it, --resume to go on with it, or --out to write elsewhere"
    ]
    assert tree(here) == before
    assert (
        mlp(
            "train", "config.yaml", "-q", "--out", "r", "--force", "--set", "training.seed=9"
        ).status
        == 0
    )
    assert tree(here)["r/model.safetensors"] != before["r/model.safetensors"]


@pytest.mark.parametrize(
    ("out", "status", "line"),
    [
        ("points.csv", 2, "points.csv: is a file; expected a folder to write to"),
        ("points.csv/run", 74, "points.csv/run: cannot be written: not a directory"),
    ],
)
def test_an_output_folder_that_cannot_be(
    here: Path, mlp: Mlp, out: str, status: int, line: str
) -> None:
    before = tree(here)
    ran = mlp("train", "config.yaml", "--json", "--out", out)
    assert (ran.status, ran.out, ran.lines) == (status, "", [line])
    assert tree(here) == before


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_the_config_itself_is_never_replaced(here: Path, mlp: Mlp, force: list[str]) -> None:
    before = tree(here)
    ran = mlp("train", "config.yaml", "--out", ".", "--json", *force)
    assert (ran.status, ran.out) == (2, "")
    assert ran.lines == ["config.yaml: is read here; write elsewhere"]
    assert tree(here) == before


def test_a_folder_that_holds_other_things_is_fine(here: Path, mlp: Mlp) -> None:
    (here / "r").mkdir()
    (here / "r/notes.txt").write_text("mine")
    assert mlp("train", "config.yaml", "-q", "--out", "r").status == 0
    assert (here / "r/notes.txt").read_text() == "mine"


def test_divergence_is_exit_3_with_the_reason(here: Path, mlp: Mlp) -> None:
    table = "x,y\n" + "".join(f"{i}e300,{i % 2}\n" for i in range(20))
    (here / "huge.csv").write_text(table, encoding="utf-8")
    (here / "huge.yaml").write_text("data: {train: huge.csv, target: y, standardize: false}\n")
    ran = mlp("train", "huge.yaml", "--json")
    assert ran.status == 3
    assert ran.document["stopped"] == "diverged"
    assert ran.document["reason"] == ran.lines[-1]
    assert ran.lines[-1].startswith(
        "training diverged: the gradient is not finite at epoch 1, batch 1, layer 1"
    )
    assert ran.lines[-1].endswith('input "x" is as large as inf; set data.standardize to true')
    assert mlp("train", "huge.yaml", "-q", "--force").out == ""


def test_resume_without_a_run(here: Path, mlp: Mlp) -> None:
    ran = mlp("train", "config.yaml", "--resume", "--out", "r")
    assert ran.status == 2
    assert ran.lines == [
        "r/last.ckpt.safetensors: no checkpoint to resume from; train without --resume first"
    ]
    assert not (here / "r").exists()


@pytest.mark.parametrize(
    ("signum", "status", "labels"),
    [(signal.SIGINT, 130, 2), (signal.SIGTERM, 143, 2), (signal.SIGINT, 130, 3)],
)
def test_interrupted_and_resumed_gives_the_same_bytes(
    here: Path, mlp: Mlp, signum: int, status: int, labels: int
) -> None:
    config = CONFIG.replace("epochs: 15", "epochs: 3000")
    if labels == 3:
        points = (here / "points.csv").read_text().replace("red,yes", "red,often")
        (here / "points.csv").write_text(points)
        config = config.replace("positive: yes, ", "")
    (here / "config.yaml").write_text(config)
    command = [*COMMAND, "train", "config.yaml", "--json", "--out", "stopped"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        history = here / "stopped/history.jsonl"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (
            history.exists() and history.stat().st_size > 2000
        ):
            time.sleep(0.005)
        run.send_signal(signum)
        out, err = run.communicate(timeout=60)
    assert (run.returncode, out) == (status, "")
    last = err.splitlines()[-1]
    assert last.startswith("interrupted after ")
    assert last.endswith("go on with --resume (stopped/last.ckpt.safetensors)")
    assert "Traceback" not in err
    assert not (here / "stopped/model.safetensors").exists()
    assert mlp("train", "config.yaml", "-q", "--out", "stopped", "--resume").status == 0
    assert mlp("train", "config.yaml", "-q", "--out", "whole").status == 0
    assert sha("stopped/model.safetensors") == sha("whole/model.safetensors")
    epochs = [strict_json(line)["epoch"] for line in history.read_text("utf-8").splitlines()]
    assert epochs == list(range(1, 3001))


def test_a_batch_larger_than_the_data_is_clipped_with_a_warning(here: Path, mlp: Mlp) -> None:
    ran = mlp("train", "config.yaml", "--set", "training.batch_size=5000", "--out", "run")
    assert ran.status == 0
    (warning,) = [line for line in ran.lines if line.startswith("warning: training.batch_size")]
    assert "5000 is more than the" in warning
    ran = mlp("train", "config.yaml", "--set", "training.batch_size=2", "--out", "other")
    assert not [line for line in ran.lines if "batch_size" in line]


def test_what_does_not_fit_into_memory_is_no_bug_of_ours(here: Path, mlp: Mlp) -> None:
    ran = mlp("train", "config.yaml", "--set", "network.hidden=[3000000, 3000000]", "--out", "run")
    assert (ran.status, ran.out) == (2, "")
    assert ran.lines == ["mlp: out of memory; make the network, the batch or the table smaller"]
    ran = mlp("train", "config.yaml", "--set", "training.threads=100000", "--out", "run")
    assert ran.status == 2
    assert "expected an integer <= 256" in ran.err
