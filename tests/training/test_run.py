"""`train` from config to files: what it returns, restores, chooses, and how it fails."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli.data.rows import RowFile, Rows
from mlpcli.errors import ConfigError, DataError, StorageError
from mlpcli.training.metrics import SCORES
from mlpcli.training.model_file import load_model
from mlpcli.training.run import train
from results import of_two
from training_workshop import Watch, leave_room

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.training.result import TrainingResult
    from training_workshop import Workshop


def test_a_run_from_end_to_end(workshop: Workshop) -> None:
    watch = Watch()
    result = workshop.train(
        "data.validation=0.2", "data.test=0.2", "training.epochs=30", observer=watch
    )
    assert watch.records == list(result.history)
    assert (watch.batches, watch.threads) == (30 * 3, 1)
    assert (result.epochs_run, result.stopped, result.divergence) == (30, "epochs", None)
    assert result.history[-1].train_loss < 0.7 * result.history[0].train_loss
    assert result.path == workshop.path / "run" / "model.safetensors"
    stored = load_model(result.path)
    np.testing.assert_array_equal(stored.network.theta, result.model.network.theta)
    rows = {part: m.rows if m else None for part, m in result.metrics.items()}
    assert rows == {"train": 24, "validation": 8, "test": 8}
    assert {part: m.rows if m else None for part, m in result.baseline.items()} == rows
    assert stored.versions.keys() == {"mlpcli", "numpy", "python", "threads", "kernel"}
    assert stored.config["training"]["epochs"] == 30
    assert stored.metrics == result.to_document()["metrics"]


def test_the_document(workshop: Workshop) -> None:
    document = workshop.train("data.validation=0.25").to_document()
    assert list(document) == ["schema", "epochs_run", "best_epoch", "stopped", "reason", "seed",
                              "seconds", "model", "metrics", "baseline", "notes"]  # fmt: skip
    assert document["schema"] == "mlp.train/1"
    assert document["reason"] is None
    assert document["metrics"]["test"] is None
    assert set(SCORES) < set(document["metrics"]["validation"])
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_the_best_weights_are_the_ones_kept(workshop: Workshop) -> None:
    workshop.table(rows=60, extra={"noise": np.random.default_rng(1).normal(size=60).tolist()})
    overrides = ("data.validation=0.3", "network.hidden=[12]", "training.dtype=float64",
                 "training.optimizer={name: adam, learning_rate: 0.3}")  # fmt: skip
    result = workshop.train(*overrides, "training.epochs=60", "training.patience=5")
    losses: list[Any] = [record.validation_loss for record in result.history]
    assert result.stopped == "early-stopping"
    assert result.best_epoch == 1 + int(np.argmin(losses)) == result.epochs_run - 5
    validation = result.metrics["validation"]
    assert validation is not None
    assert validation.loss == pytest.approx(min(losses), rel=1e-12)
    again = workshop.train(*overrides, f"training.epochs={result.best_epoch}", out="short")
    np.testing.assert_array_equal(again.model.network.theta, result.model.network.theta)


def test_same_seed_same_bytes_other_seed_other_bytes(workshop: Workshop) -> None:
    first = workshop.train("data.validation=0.25").path.read_bytes()
    assert workshop.train("data.validation=0.25", out="b").path.read_bytes() == first
    other = workshop.train("data.validation=0.25", "training.seed=1", out="c")
    assert other.model.tensor_digest == ""
    assert not np.array_equal(
        other.model.network.theta, load_model(workshop.path / "b/model.safetensors").network.theta
    )


def test_python_and_config_output_agree_on_the_folder(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workshop.path)
    assert train(workshop.config()).path == Path("runs/c/model.safetensors")


@pytest.mark.parametrize("score", ["f1", "balanced_accuracy", "mcc"])
def test_threshold_that_maximises(workshop: Workshop, score: str) -> None:
    workshop.table(rows=120)
    overrides = ("data.validation=0.5", "training.epochs=2", "network.init_scale=0.1")
    chosen = workshop.train(*overrides, f"training.threshold={{maximize: {score}}}")
    plain = workshop.train(*overrides, out="plain")
    (threshold,) = load_model(chosen.path).thresholds
    assert 0 < threshold < 1
    assert threshold != 0.5
    ours, theirs = of_two(chosen.metrics["validation"]), of_two(plain.metrics["validation"])
    assert ours.threshold == threshold
    assert getattr(ours, score) >= getattr(theirs, score)
    assert ours.roc_auc == theirs.roc_auc


def test_a_given_threshold_is_stored(workshop: Workshop) -> None:
    assert load_model(workshop.train("training.threshold=0.3").path).thresholds == (0.3,)


def test_batches_larger_than_the_table(workshop: Workshop) -> None:
    watch = Watch()
    result = workshop.train("training.batch_size=1000", observer=watch)
    assert watch.batches == 3
    assert watch.loop is not None
    assert watch.loop.batch_size == 40
    assert result.stopped == "epochs"


@pytest.mark.parametrize(
    ("overrides", "cause"),
    [
        (["loss.derivative=naive", "network.init_scale=300"], "set loss.derivative to stable"),
        (["training.optimizer={name: sgd, learning_rate: 1e200}", "network.hidden=[]",
          "training.dtype=float64", "loss.l2=1"], "the learning rate is too high"),
    ],
)  # fmt: skip
def test_a_run_that_diverges_is_a_result(
    workshop: Workshop, overrides: list[str], cause: str
) -> None:
    result = workshop.train(*overrides, "data.validation=0.25")
    assert result.stopped == "diverged"
    assert result.divergence is not None
    assert cause in result.divergence.message()
    document = json.loads((workshop.path / "run" / "report.json").read_text())
    assert document["stopped"] == "diverged"
    assert document["reason"] == result.divergence.message()
    assert np.isfinite(load_model(result.path).network.theta).all()
    assert not (workshop.path / "run" / "last.ckpt.safetensors").exists()


@pytest.mark.parametrize("maximize", [False, True])
def test_numbers_beyond_float32_end_in_a_report_without_nan(
    workshop: Workshop, maximize: bool
) -> None:
    workshop.table(scale=1e300)
    overrides = ["data.standardize=false", "data.validation=0.25", "network.hidden=[]"]
    if maximize:
        overrides.append("training.threshold={maximize: f1}")
    result = workshop.train(*overrides)
    assert result.stopped == "diverged"
    document = json.loads((workshop.path / "run" / "report.json").read_text())
    assert 'input "a" is as large as inf; set data.standardize to true' in document["reason"]
    assert document["metrics"]["train"]["loss"] is None
    assert "output is not finite for" in document["metrics"]["train"]["reason"]
    assert load_model(result.path).thresholds == (0.5,)


def test_standardised_numbers_of_any_size_are_no_problem(workshop: Workshop) -> None:
    workshop.table(scale=1e300)
    big = workshop.train()
    assert big.stopped == "epochs"
    workshop.table()
    ordinary = workshop.train(out="ordinary")
    np.testing.assert_allclose(big.model.network.theta, ordinary.model.network.theta, rtol=1e-3)


def test_weights_that_overflow_in_the_last_step(workshop: Workshop) -> None:
    result = workshop.train(
        "training.optimizer={name: sgd, learning_rate: 1e300}", "training.epochs=1",
        "training.batch_size=40",
    )  # fmt: skip
    assert result.stopped == "diverged"
    assert result.best_epoch == 0
    assert np.isfinite(load_model(result.path).network.theta).all()


@pytest.mark.parametrize("part", ["train", "validation"])
def test_a_part_without_weight(workshop: Workshop, part: str) -> None:
    marks = ["in" if i % 4 else "out" for i in range(40)]
    light = {"train": "in", "validation": "out"}[part]
    weights = [0 if mark == light else 1 for mark in marks]
    workshop.table(extra={"mark": marks, "w": weights})
    with pytest.raises(DataError, match="weight"):
        workshop.train("data.weight=w", "data.validation={column: mark, value: out}")
    assert not (workshop.path / "run").exists()


def test_errors_leave_no_folder(workshop: Workshop) -> None:
    (workshop.path / "table.csv").unlink()
    with pytest.raises(DataError):
        workshop.train()
    assert not (workshop.path / "run").exists()
    with pytest.raises(ConfigError):
        workshop.train("training.patience=3")


def full(*_: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_ends_the_run_in_one_line(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = workshop.train()
    before = first.path.read_bytes()
    monkeypatch.setattr("mlpcli.files.os.fsync", full)
    with pytest.raises(StorageError, match="cannot be written: no space left on device"):
        workshop.train("training.epochs=5", force=True)
    assert first.path.read_bytes() == before
    assert not list((workshop.path / "run").glob(".*"))


def test_checkpoints_every_so_many_epochs(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlpcli.training.run._SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    written: list[Any] = []
    checkpoint = workshop.path / "run" / "last.ckpt.safetensors"

    class Onlooker(Watch):
        def epoch_done(self, record: Any) -> None:
            written.append(checkpoint.stat().st_mtime_ns if checkpoint.exists() else None)

    workshop.train("training.epochs=5", "training.checkpoint_every=2", observer=Onlooker())
    assert written[0] is None
    assert written[1] == written[2]
    assert written[2] != written[3] == written[4]


def test_logistic_regression_and_several_targets(workshop: Workshop) -> None:
    y2 = (np.arange(40) % 3 == 0).astype(int).tolist()
    workshop.table(extra={"y2": y2})
    result = workshop.train("network.hidden=[]", "data.target=[y, y2]", "network.bias=false")
    model = load_model(result.path)
    assert [(name, tensor.shape) for name, tensor in model.network.tensors()] == [("W1", (2, 2))]
    assert model.names == ("y", "y2")
    assert list(of_two(result.metrics["train"]).per_target or ()) == ["y", "y2"]


# ── rows in a file ──────────────────────────────────────────────────────────────────────────


def with_gaps_and_weights(workshop: Workshop) -> tuple[str, ...]:
    """Write a table with weights, texts and rows to be dropped; return overrides."""
    workshop.table(
        rows=90,
        extra={
            "w": [1 + i % 4 for i in range(90)],
            "gap": ["" if i % 9 == 0 else i % 5 for i in range(90)],
            "t": ["uvw"[i % 3] for i in range(90)],
        },
    )
    return ("data.weight=w", "data.missing=drop", "data.validation=0.25", "data.test=0.2",
            "training.batch_size=7", "training.threshold={maximize: f1}")  # fmt: skip


def document(result: TrainingResult) -> dict[str, Any]:
    """Return the report without what differs from run to run."""
    found = result.to_document()
    del found["seconds"], found["model"]
    return found


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("room", [1, 1000, 3000])
def test_rows_in_a_file_give_the_same_bytes(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, room: int, dtype: str, threads: int
) -> None:
    overrides = (*with_gaps_and_weights(workshop), f"training.dtype={dtype}",
                 f"training.threads={threads}")  # fmt: skip
    in_memory, in_file = Watch(), Watch()
    expected = workshop.train(*overrides, out="memory", observer=in_memory)
    leave_room(monkeypatch, room if dtype == "float32" else 2 * room)
    result = workshop.train(*overrides, out="file", observer=in_file)
    assert in_memory.loop is not None
    assert in_file.loop is not None
    assert isinstance(in_memory.loop.train, Rows)
    # 90 rows of 6 inputs are 2160 bytes in float32, of which each ninth is dropped
    kind = RowFile if room < 1920 else Rows
    assert isinstance(in_file.loop.train, kind)
    assert isinstance(in_file.loop.validation, kind)
    assert [e.in_file for e in in_memory.estimates + in_file.estimates] == [False, room < 2160]
    assert result.path.read_bytes() == expected.path.read_bytes()
    assert document(result) == document(expected)
    files = {path.name for path in expected.path.parent.iterdir()}
    assert {path.name for path in result.path.parent.iterdir()} == files
    assert {path.name for path in workshop.path.iterdir()} == {"table.csv", "memory", "file"}


@pytest.mark.parametrize(
    ("writes", "files"),
    [(0, set()), (5, set()), (8, set()), (30, {"run", "config.yaml", "history.jsonl"})],
    ids=["as the table is read", "as its last column is", "as rows are encoded", "in an epoch"],
)
def test_a_disk_that_fills_up_with_rows(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, writes: int, files: set[str]
) -> None:
    left = writes
    write: Callable[..., int] = tempfile.SpooledTemporaryFile.write

    def fill(file: Any, content: Any) -> int:
        nonlocal left
        if not left:
            full()
        left -= 1
        return write(file, content)

    overrides = with_gaps_and_weights(workshop)
    leave_room(monkeypatch, 300)
    monkeypatch.setattr("tempfile.SpooledTemporaryFile.write", fill)
    with pytest.raises(StorageError) as caught:
        workshop.train(*overrides, "training.epochs=50")
    assert caught.value.lines == (
        f"{workshop.path}: a temporary file for the rows: no space left on device",
    )
    assert {path.name for path in workshop.path.rglob("*")} == {"table.csv", *files}


def test_a_disk_too_small_for_the_rows(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    workshop.table(extra={"t": [f"v{i % 40}" for i in range(40)]})
    leave_room(monkeypatch, 300)
    monkeypatch.setattr("mlpcli.data.encoder._MANY_INPUTS", 30)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 9000}))
    with pytest.raises(StorageError) as caught:
        workshop.train(out="deep/er/run")
    assert str(caught.value) == (
        f"{workshop.path}: no room for 0.0 GB, 40 rows of 42 inputs twice; "
        'column "t" alone makes 40, leave it out with data.drop'
    )
    assert [path.name for path in workshop.path.iterdir()] == ["table.csv"]


@pytest.mark.parametrize(
    ("every", "epoch", "seconds", "due"),
    [
        (1, 1, 0.1, False),
        (1, 1, 0.6, True),
        (5, 4, 99, False),
        (5, 5, 99, True),
        ("10min", 3, 599, False),
        ("10min", 3, 601, True),
        ("0.5 min", 3, 31, True),
    ],
)
def test_checkpoints_by_epochs_or_minutes(
    every: int | str, epoch: int, seconds: float, due: bool
) -> None:
    from mlpcli.training.run import _due

    assert _due(every, epoch, seconds) is due
