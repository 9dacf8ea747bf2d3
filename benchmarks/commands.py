"""What is measured from outside: whole commands, and what is left of them without their start."""

from __future__ import annotations

import json
import sys
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.gradcheck_speed import SIZES, example
from benchmarks.measure import Experiment, Sample, Subject, command, module
from benchmarks.steps import RATE, SHAPES, Task, title

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["gradchecks", "larger_than_memory", "starts", "steps", "tables", "whole_processes"]

ROOT = Path(__file__).parents[1]
MLP = str(Path(sys.executable).with_name("mlp"))
TRAINING = """\
data: {{train: {data}, target: {target}, validation: null, test: null}}
network: {{hidden: {hidden}}}
training:
  optimizer: {{name: {optimizer}, learning_rate: {rate}}}
  epochs: {epochs}
  batch_size: {batch}
  dtype: {dtype}
  patience: null
  threshold: 0.5
"""


def whole_processes(folder: Path, rows: int) -> Iterator[Experiment]:
    """Yield training from CSV to model, beside the scripts of users of other libraries."""
    small = ROOT / "data" / "breast_cancer.csv"
    yield _whole_process(
        "breast cancer, 30-16-8-1, 100 epochs in batches of 32, Adam, CSV to model",
        (folder, "whole", small, "diagnosis, positive: malignant"),
        ((16, 8), 100, 32),
        {"sklearn": 0.25, "torch": 0.10},
    )
    yield _whole_process(
        f"{rows:,} rows, 28-64-32-1, 10 epochs in batches of 256, Adam, CSV to model",
        (folder, "large", made_table(folder, rows), "y"),
        ((64, 32), 10, 256),
        {"sklearn": 0.25, "torch": 0.25},
    )


def _whole_process(
    title: str,
    files: tuple[Path, str, Path, str],
    work: tuple[tuple[int, ...], int, int],
    most: dict[str, float],
) -> Experiment:
    folder, name, data, target = files
    hidden, epochs, batch = work
    config = training(folder / f"{name}.yaml", data, target, hidden, epochs=epochs, batch=batch)
    script = [sys.executable, "-W", "ignore", "-m", "benchmarks.whole"]
    shape = [json.dumps(hidden), str(epochs), str(batch)]

    def theirs(library: str) -> Sample:
        sample, output = command([*script, library, str(data), str(folder / library), *shape])
        return Sample(sample.seconds, sample.peak, float(output))

    return Experiment(
        f"Whole process: {title}",
        [
            Subject("mlp train", partial(train, config, folder / name)),
            *(Subject(f"{peer} script", partial(theirs, peer), most[peer]) for peer in most),
        ],
        tolerance=0.25,  # first weights and the order of the rows are each library's own
    )


def steps(folder: Path, *, quick: bool) -> Iterator[Experiment]:
    """Yield steps through `mlp train`: two runs of unequal length, subtracted, over the steps."""
    lengths = {"small": (100, 8000), "medium": (5, 105), "large": (2, 22)}
    at_most = {"small": {"float32": 0.45, "float64": 0.6}}
    shapes = ("small", "medium") if quick else tuple(SHAPES)
    for shape, dtype, optimizer in product(shapes, ("float32", "float64"), ("sgd", "adam")):
        sizes, batch, count = SHAPES[shape]
        task = Task(sizes, batch, count, "float32", optimizer, 1)
        table, name = folder / f"{shape}.parquet", f"{shape}-{dtype}-{optimizer}"
        targets = write_table(table, task.X, task.y)
        runs = [
            training(
                folder / f"{name}-{epochs}.yaml", table, targets, sizes[1:-1],
                epochs=epochs, batch=batch, dtype=dtype, optimizer=optimizer,
            )
            for epochs in lengths[shape]
        ]  # fmt: skip
        extra = (lengths[shape][1] - lengths[shape][0]) * count
        peer = ["benchmarks.steps", "jax", shape, dtype, optimizer, "50"]
        most = at_most.get(shape, {}).get(dtype, 1.0)
        yield Experiment(
            f"Step through mlp train: {title(shape, dtype, optimizer)}",
            [
                Subject("mlp train", partial(_difference, runs, folder / name, extra)),
                Subject("jax, inside", partial(module, *peer), most),
            ],
        )


def _difference(configs: Sequence[Path], out: Path, steps: int) -> Sample:
    short, long = (train(config, out) for config in configs)
    return Sample((long.seconds - short.seconds) / steps, long.peak)


def gradchecks(folder: Path, *, quick: bool) -> Iterator[Experiment]:
    """Yield `mlp gradcheck` less its start, which is the same command for one weight and 2 rows."""
    for size, ((sizes, rows), most) in enumerate(zip(SIZES, (0.03, 0.01, 0.005), strict=True)):
        if quick and size == 2:
            return
        case = example(sizes, rows)
        table, config = folder / f"check{size}.parquet", folder / f"check{size}.yaml"
        target = write_table(table, case.X, case.y)
        training(config, table, target, sizes[1:-1], epochs=1, batch=32, dtype="float64")
        least = ["--set", "network.hidden=[]", "--set", "gradcheck.rows=2"]
        inside = partial(module, "benchmarks.gradchecks")
        yield Experiment(
            f"mlp gradcheck without its start: {'-'.join(map(str, sizes))}, {rows} rows",
            [
                Subject("mlp gradcheck", partial(_without_start, [str(config)], least)),
                Subject("torch slow mode", partial(inside, "torch", str(size)), most),
                Subject("mlpcli central, inside", partial(inside, "ours", str(size))),
            ],
            note="torch's time is extrapolated from a few units of each layer." * (size == 2),
        )


def _without_start(words: Sequence[str], least: Sequence[str]) -> Sample:
    start = min(whole(MLP, "gradcheck", *words, *least).seconds for _ in range(3))
    samples = [whole(MLP, "gradcheck", *words) for _ in range(3)]
    best = min(samples, key=lambda sample: sample.seconds)
    return Sample(best.seconds - start, best.peak)


def tables(folder: Path, rows: int) -> Iterator[Experiment]:
    """Yield reading a large CSV file, and going through it with a model."""
    table, run = made_table(folder, rows), folder / "rows"
    python = [sys.executable, "-m", "benchmarks.tables"]
    read = partial(module, "benchmarks.tables")
    yield Experiment(
        f"CSV to a float32 matrix: {rows:,} x 29",
        [
            Subject("read and encoded by mlpcli", partial(read, "ours", str(table))),
            Subject("bare DuckDB to NumPy columns", partial(read, "duckdb", str(table)), 1.3),
        ],
        note=f"The matrix has {rows * 28 * 4 / 2**20:.0f} MB.",
    )
    few = made_table(folder, 5000)
    train(training(folder / "few.yaml", few, "y", (64, 32), epochs=1, batch=256), run)
    model, alone = str(run / "model.safetensors"), [*python, "duckdb", str(table)]
    out = ["-o", str(folder / "predictions.csv"), "--force"]
    for words in (["predict", model, str(table), *out], ["evaluate", model, str(table), "--json"]):
        subjects = [
            Subject(f"mlp {words[0]}", partial(whole, MLP, *words)),
            Subject("the bare DuckDB read, whole process", partial(whole, *alone), 1.3),
        ]
        yield Experiment(f"{words[0]}: {rows:,} rows, 28-64-32-1, whole process", subjects)


def larger_than_memory(folder: Path, rows: int) -> Experiment:
    """Return training from a file, of rows four times as large as the memory that they may take."""
    config = training(
        folder / "file.yaml", made_table(folder, rows), "y", (16, 8), epochs=3, batch=32
    )
    limit = f"data.memory_limit={rows * 28 * 4 // 4}B"
    run = partial(train, config, inside=True)
    return Experiment(
        f"Larger than memory: {rows:,} rows x 28 inputs, 28-16-8-1, 3 epochs in batches of 32",
        [
            Subject("four times data.memory_limit", partial(run, folder / "file", limit)),
            Subject("in memory", partial(run, folder / "memory"), 1.5),
        ],
        tolerance=0.0,
        note="Seconds of training, without the reading; peak memory of the process.",
    )


def starts() -> Iterator[Experiment]:
    """Yield commands whose work is nothing, beside the imports that they cannot do without."""
    config = str(ROOT / "configs" / "breast_cancer.yaml")
    for words, imports, most in (
        (["--help"], "typer", 2.0),
        (["gradcheck", config], "numpy, duckdb, typer", 2.0),
        (["compare-losses"], "numpy, typer, rich", 2.0),
    ):
        name = " ".join(["mlp", *(Path(word).name for word in words)])
        theirs = f"import {imports}"
        peer = partial(whole, sys.executable, "-c", theirs)
        yield Experiment(
            f"Start: {name}",
            [
                Subject(name, partial(whole, MLP, *words)),
                Subject(f'python -c "{theirs}"', peer, most),
            ],
        )


def training(
    path: Path,
    data: Path,
    target: str,
    hidden: Sequence[int],
    *,
    epochs: int,
    batch: int,
    dtype: str = "float32",
    optimizer: str = "adam",
) -> Path:
    """Write a config that trains on all rows; return its path."""
    values = {"data": data, "target": target, "hidden": list(hidden), "epochs": epochs}
    values |= {"batch": batch, "dtype": dtype, "optimizer": optimizer, "rate": RATE}
    path.write_text(TRAINING.format(**values))
    return path


def train(config: Path, out: Path, *settings: str, inside: bool = False) -> Sample:
    """Run `mlp train`; return its loss, and the time of the process or of the training in it."""
    sets = [word for setting in settings for word in ("--set", setting)]
    words = [MLP, "train", str(config), "--out", str(out), "--force", "--json", "--quiet", *sets]
    sample, output = command(words)
    document = json.loads(output)
    seconds = document["seconds"] if inside else sample.seconds
    return Sample(seconds, sample.peak, document["metrics"]["train"]["loss"])


def write_table(path: Path, X: NDArray[np.floating], y: NDArray[np.floating]) -> str:
    """Write X and y as a Parquet table; return the targets, as a config names them."""
    import duckdb

    names = [f"y{j}" for j in range(y.shape[1])]
    columns = {f"x{j}": column for j, column in enumerate(X.T)}  # which the query sees
    columns |= dict(zip(names, y.T.astype(int), strict=True))
    duckdb.execute(f"COPY (FROM columns) TO '{path}' (FORMAT parquet)")
    return f"[{', '.join(names)}]"


def made_table(folder: Path, rows: int) -> Path:
    """Return a CSV file of 28 numbers and a target y, made when it is asked for first."""
    table = folder / f"rows{rows}.csv"
    if not table.exists():
        command([sys.executable, "-m", "benchmarks.tables", "make", str(table), str(rows)])
    return table


def whole(*words: str) -> Sample:
    """Run a command; return the time and memory of its process."""
    return command(words)[0]
