"""Ranks train to the bytes of as many threads, whatever is trained, and say what they are."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from mlpcli import names, train
from mlpcli.config import load_config, to_yaml
from mpi.launch import mpi_run, training_jobs

if TYPE_CHECKING:
    from pathlib import Path

_BATCH = "training.batch_size=256"
CASES = {
    "plain": (),
    "double": ("training.dtype=float64",),
    "uneven": ("training.batch_size=391", "loss.l2=0.01"),
    "crumbs": ("training.batch_size=32",),
    "weighed": ("data.weight=weight", "loss.class_weight=balanced"),
    "deep": ("network.hidden=[40, 30, 20]", "training.batch_size=250"),
    "wide": ("network.hidden=[600, 600]", "training.epochs=1", "loss.l2=0.001"),
    "early": ("training.epochs=40", "training.patience=2", "training.optimizer.learning_rate=0.1"),
    "labels": ("data.target=kind", "data.drop=[y]"),
    "by-lbfgs": ("training.optimizer=lbfgs", "network.hidden=[4]", "training.epochs=9"),
    "diverged": ("training.optimizer={name: sgd, learning_rate: 1e30}",),
    "filed": (),
    "threshold": ("training.threshold={maximize: f1}",),
    **{f"by-{name}": (f"training.optimizer={{name: {name}, learning_rate: 0.01}}",)
       for name in ("sgd", "momentum", "nesterov", "adam")},
    **{f"with-{name}": (f"network.activation={name}", "training.dtype=float64")
       for name in names.ACTIVATIONS},
}  # fmt: skip
FEW = ["plain", "uneven", "crumbs", "weighed", "wide", "early", "filed", "by-lbfgs", "by-adam"]
MEANWHILE = ["uneven", "crumbs", "weighed", "deep", "by-adam"]


def write_table(folder: Path, rows: int = 1000) -> None:
    """Write rows whose labels follow from their inputs, though not without exception."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, 5))
    y = X @ rng.standard_normal(5) + rng.standard_normal(rows) / 2 > 0
    kind = np.array(["low", "mid", "high"])[np.digitize(X[:, 0], (-0.4, 0.4))]
    lines = [
        ",".join([*map(str, x), str(weight), str(int(label)), of])
        for x, weight, label, of in zip(X, rng.integers(1, 4, rows), y, kind, strict=True)
    ]
    header = "a,b,c,d,e,weight,y,kind"
    (folder / "rows.csv").write_text("\n".join([header, *lines]))
    data = "train: rows.csv, target: y, features: [a, b, c, d, e], validation: 0.2, test: 0.1"
    (folder / "base.yaml").write_text(f"data: {{{data}}}\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a config for each case."""
    path = tmp_path_factory.mktemp("jobs")
    write_table(path)
    for name, overrides in CASES.items():
        batch = () if name == "by-lbfgs" else (_BATCH,)
        config = load_config(path / "base.yaml", ["training.epochs=2", *batch, *overrides])
        (path / f"{name}.yaml").write_text(to_yaml(config))
    return path


def trained(run: Path) -> tuple[dict[str, Any], list[dict[str, Any]], Any]:
    """Return tensors, history and metrics of a run, without what differs from run to run."""
    history = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    report = json.loads((run / "report.json").read_text())
    for record in history:
        del record["seconds"]
    tensors: dict[str, bytes] = {}
    for file in ("model.safetensors", "last.ckpt.safetensors"):
        tensors |= {f"{file}:{k}": v.tobytes() for k, v in load_file(run / file).items()}
    return tensors, history, [report[k] for k in ("metrics", "baseline", "best_epoch", "notes")]


@pytest.mark.parametrize(
    ("ranks", "names", "options"),
    [
        (2, FEW, ()),
        (3, list(CASES), ()),
        (4, FEW, ()),
        (2, MEANWHILE, ("--overlap",)),
        (3, list(CASES), ("--overlap",)),
        (4, MEANWHILE, ("--overlap",)),
    ],
)
def test_same_bytes_as_threads(
    folder: Path, ranks: int, names: list[str], options: tuple[str, ...]
) -> None:
    """Whether upper layers are added before the lower ones have their gradient or not."""
    began = trained_by(ranks, folder, names, *options)
    assert [count > 0 for count in began] == [bool(options)] * ranks
    assert differing(ranks, folder, names) == []


def test_same_bytes_by_numpy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLP_KERNEL", "numpy")
    names = ["uneven", "weighed", "labels", "diverged", "by-adam"]
    assert trained_by(3, folder, names, "--overlap") == [0, 0, 0]
    assert differing(3, folder, names) == []


@pytest.mark.parametrize("options", [(), ("--overlap",)])
def test_fast_comes_to_nearly_the_same(folder: Path, options: tuple[str, ...]) -> None:
    double = ("training.epochs=2", "training.dtype=float64", *CASES["deep"])
    config = load_config(folder / "base.yaml", [*double, "training.threads=3"])
    train(config, out=folder / "fast-threads", force=True)
    config = load_config(folder / "base.yaml", [*double, "training.allreduce=fast"])
    (folder / "fast.yaml").write_text(to_yaml(config))
    trained_by(3, folder, ["fast"], *options)
    found, expected = (
        load_file(folder / run / "model.safetensors") for run in ("fast-3", "fast-threads")
    )
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-9, atol=1e-12)


def trained_by(ranks: int, folder: Path, names: list[str], *options: str) -> list[int]:
    """Train by these configs; return how many additions each rank has begun early."""
    for name in names:
        shutil.rmtree(folder / f"{name}-{ranks}", ignore_errors=True)
    ran = training_jobs(ranks, folder, names, *options)
    assert (ran.status, ran.err) == (0, "")
    said = re.findall(r"rank \d+ read (\d+) pieces, began (\d+)", ran.out)
    assert len(said) == ranks
    assert all(int(read) for read, _ in said), said
    return [int(began) for _, began in said]


def differing(ranks: int, folder: Path, names: list[str]) -> list[str]:
    """Return the configs that so many ranks train to other bytes than as many threads."""
    found = []
    for name in names:
        config = load_config(folder / f"{name}.yaml", [f"training.threads={ranks}"])
        train(config, out=folder / f"{name}-threads", force=True)
        if trained(folder / f"{name}-threads") != trained(folder / f"{name}-{ranks}"):
            found.append(name)
    return found


def test_says_what_works(folder: Path) -> None:
    ran = mpi_run(2, "train", "crumbs.yaml", "--out", "said", folder=folder)
    assert ran.status == 0
    assert ran.lines[0].endswith("parameters, ranks 2; rows: train 700, validation 200, test 100")
    assert ran.lines[-1] == (
        "warning: a batch of 32 rows has work for 1 of 2 ranks, at least 64 rows each: set "
        "training.batch_size to 128"
    )
    assert ran.out.startswith("said/model.safetensors: 2 epochs in ")
