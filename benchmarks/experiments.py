"""What is measured, beside whom, and how far ahead we mean to be."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.gradcheck_speed import SIZES
from benchmarks.measure import Experiment, Sample, Subject, command, module

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["every_experiment"]

ROOT = Path(__file__).parents[1]
MLP = str(Path(sys.executable).with_name("mlp"))
PEERS = ("sklearn", "torch", "jax")
TRAINING = """\
data: {{train: {data}, target: {target}, validation: null, test: null}}
network: {{hidden: {hidden}}}
training:
  optimizer: {{name: adam, learning_rate: 0.001}}
  epochs: {epochs}
  batch_size: {batch}
  patience: null
  threshold: 0.5
"""


def every_experiment(folder: Path, *, quick: bool) -> Iterator[Experiment]:
    """Yield the experiments; files that they need are made in the folder."""
    yield whole_process(folder)
    yield from steps(quick=quick)
    yield from optimizers(quick=quick)
    yield from gradchecks(quick=quick)
    yield from tables(folder, 100_000 if quick else 1_000_000)
    if not quick:
        yield from larger_than_memory(folder, 1_000_000)
    yield from starts()


def whole_process(folder: Path) -> Experiment:
    data = ROOT / "data" / "breast_cancer.csv"
    config = folder / "whole.yaml"
    target = "diagnosis, positive: malignant"
    config.write_text(
        TRAINING.format(data=data, target=target, hidden="[16, 8]", epochs=100, batch=32)
    )

    def ours() -> Sample:
        words = [MLP, "train", str(config), "--out", str(folder / "whole"), "--force", "--json"]
        sample, output = command(words)
        return Sample(sample.seconds, sample.peak, json.loads(output)["metrics"]["train"]["loss"])

    def theirs(library: str) -> Sample:
        words = [sys.executable, "-W", "ignore", "-m", "benchmarks.whole", library]
        sample, output = command([*words, str(data), str(folder / library)])
        return Sample(sample.seconds, sample.peak, float(output))

    return Experiment(
        "Whole process: breast cancer, 30-16-8-1, 100 epochs in batches of 32, Adam, CSV to model",
        [
            Subject("mlp train", ours),
            Subject("scikit-learn script", partial(theirs, "sklearn"), 0.30),
            Subject("torch script", partial(theirs, "torch"), 0.12),
        ],
        tolerance=0.25,  # first weights and the order of the rows are each library's own
    )


def steps(*, quick: bool) -> Iterator[Experiment]:
    most = {"small": {"sklearn": 0.18, "torch": 0.09, "jax": 1.3}}
    sizes = {
        "small": "30-16-8-1, 32",
        "medium": "28-300-300-1, 256",
        "large": "784-1024-1024-10, 512",
    }
    epochs = {"small": 100, "medium": 10, "large": 4}
    for shape, text in sizes.items():
        for dtype in ("float32", "float64"):
            for optimizer in ("sgd", "adam"):
                count = str(epochs[shape] // (2 if quick else 1))
                words = ["benchmarks.steps", None, shape, dtype, optimizer, count]
                subjects = [Subject("ours", partial(_step, "ours", *words[2:]))]
                for peer in PEERS:
                    bound = most.get(shape, {}).get(peer, 1.0)
                    subjects.append(Subject(peer, partial(_step, peer, *words[2:]), bound))
                title = f"Step: {text} rows, {dtype}, {optimizer}"
                exact = dtype == "float64" and optimizer == "sgd"  # Adam's epsilon is not one place
                yield Experiment(title, subjects, 1e-6 if exact else 1e-3)


def _step(subject: str, *words: str | None) -> Sample:
    return module("benchmarks.steps", subject, *(word for word in words if word is not None))


def optimizers(*, quick: bool) -> Iterator[Experiment]:
    """Yield Adam over SGD once the moments of vanished gradients would be subnormal."""
    epochs = (
        {"small": "60", "medium": "52"} if quick else {"small": "60", "medium": "52", "large": "66"}
    )
    for shape, count in epochs.items():
        subjects = [
            Subject("adam", partial(_step, "ours", shape, "float32", "adam", count)),
            Subject("sgd", partial(_step, "ours", shape, "float32", "sgd", count), 1.15),
        ]
        yield Experiment(f"Adam beside SGD, 500 steps in: {shape} shape, float32", subjects)


def gradchecks(*, quick: bool) -> Iterator[Experiment]:
    for size, ((sizes, rows), most) in enumerate(zip(SIZES, (0.10, 0.10, 0.015), strict=True)):
        if quick and size == 2:
            return
        run = partial(module, "benchmarks.gradchecks")
        note = "torch's time is extrapolated from a few units of each layer." if size == 2 else ""
        subjects = [
            Subject("mlpcli central", partial(run, "ours", str(size))),
            Subject("torch slow mode", partial(run, "torch", str(size)), most),
        ]
        yield Experiment(
            f"Gradcheck: {'-'.join(map(str, sizes))}, {rows} rows", subjects, note=note
        )


def tables(folder: Path, rows: int) -> Iterator[Experiment]:
    table, config, run = folder / "rows.csv", folder / "rows.yaml", folder / "rows"
    python = [sys.executable, "-m", "benchmarks.tables"]
    command([*python, "make", str(table), str(rows)])
    read = partial(module, "benchmarks.tables")
    yield Experiment(
        f"CSV to a float32 matrix: {rows:,} x 29",
        [
            Subject("read and encoded by mlpcli", partial(read, "ours", str(table))),
            Subject("bare DuckDB to NumPy columns", partial(read, "duckdb", str(table)), 1.3),
        ],
        note=f"The matrix has {rows * 28 * 4 / 2**20:.0f} MB.",
    )
    few = folder / "few.csv"
    command([*python, "make", str(few), "5000"])
    config.write_text(
        TRAINING.format(data=few, target="y", hidden="[300, 300]", epochs=1, batch=256)
    )
    command([MLP, "train", str(config), "--out", str(run), "--force", "--quiet"])
    model, alone = str(run / "model.safetensors"), [*python, "duckdb", str(table)]
    out = ["-o", str(folder / "predictions.csv"), "--force"]
    for words in (["predict", model, str(table), *out], ["evaluate", model, str(table), "--json"]):
        subjects = [
            Subject(f"mlp {words[0]}", partial(_whole, MLP, *words)),
            Subject("the bare DuckDB read, whole process", partial(_whole, *alone), 2.5),
        ]
        yield Experiment(f"{words[0]}: {rows:,} rows, 28-300-300-1, whole process", subjects)


def larger_than_memory(folder: Path, rows: int) -> Iterator[Experiment]:
    """Yield training from a file, of rows four times as large as the memory that they may take."""
    table, config = folder / "rows.csv", folder / "large.yaml"
    settings = {"data": str(table), "target": "y", "hidden": "[16, 8]", "epochs": 3, "batch": 32}
    config.write_text(TRAINING.format(**settings))

    def train(name: str, *options: str) -> Sample:
        words = [MLP, "train", str(config), "--out", str(folder / name), "--force", "--json", "-q"]
        sample, output = command([*words, *options])
        document = json.loads(output)
        loss = document["metrics"]["train"]["loss"]
        return Sample(document["seconds"], sample.peak, loss)

    limit = f"data.memory_limit={rows * 28 * 4 // 4}B"
    yield Experiment(
        f"Larger than memory: {rows:,} rows x 28 inputs, 28-16-8-1, 3 epochs in batches of 32",
        [
            Subject("four times data.memory_limit", partial(train, "in-file", "--set", limit)),
            Subject("in memory", partial(train, "in-memory"), 1.5),
        ],
        tolerance=0.0,
        note="Seconds of training, without the reading; peak memory of the process.",
    )


def _whole(*words: str) -> Sample:
    return command(words)[0]


def starts() -> Iterator[Experiment]:
    config = str(ROOT / "configs" / "breast_cancer.yaml")
    for words, imports in (
        (["--help"], "typer"),
        (["gradcheck", config], "numpy, duckdb, typer"),
        (["compare-losses"], "numpy, typer, rich"),
    ):
        name = " ".join(["mlp", *(Path(word).name for word in words)])
        theirs = f"import {imports}"
        yield Experiment(
            f"Start: {name}",
            [
                Subject(name, partial(_whole, MLP, *words)),
                Subject(
                    f'python -c "{theirs}"', partial(_whole, sys.executable, "-c", theirs), 2.0
                ),
            ],
        )
