"""What changes nothing: how a table is laid out and read; what changes an answer in a known way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli.data.material import load_dataset
from mlpcli.training.build import new_loop
from mlpcli.training.predict import predict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlpcli.config import Config
    from mlpcli.nn.sigmoid import FloatArray
    from mlpcli.training.loop import Loop
    from mlpcli.training.model_file import Model
    from training_workshop import Workshop

TESTS = Path(__file__).parents[1]
FLOAT32 = 2e-6  # relative: some ulps, as sums over other pieces round otherwise


def probabilities(model: Model, *files: Path) -> FloatArray:
    predictions = predict(model, files)
    with predictions.scan:
        return np.concatenate([block.p for block in predictions])


def rewritten(path: Path, name: str, change: Callable[[list[list[str]]], str]) -> Path:
    cells = [line.split(",") for line in path.read_text().splitlines()]
    file = path.with_name(name)
    file.write_text(change(cells))
    return file


def joined(rows: list[list[str]], delimiter: str = ",", end: str = "\n") -> str:
    return "".join(delimiter.join(row) + end for row in rows)


LAYOUTS: dict[str, Callable[[list[list[str]]], str]] = {
    "semicolons": lambda rows: joined(rows, ";"),
    "tabs": lambda rows: joined(rows, "\t"),
    "line ends": lambda rows: joined(rows, end="\r\n"),
    "quotes": lambda rows: joined([[f'"{cell}"' for cell in row] for row in rows]),
    "columns": lambda rows: joined([row[::-1] for row in rows]),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_how_a_table_is_written_changes_no_prediction(workshop: Workshop, layout: str) -> None:
    model = workshop.train().model
    table = workshop.path / "table.csv"
    other = rewritten(table, "other.csv", LAYOUTS[layout])
    np.testing.assert_array_equal(probabilities(model, other), probabilities(model, table))


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "columns"])
def test_how_a_table_is_written_changes_no_weight(workshop: Workshop, layout: str) -> None:
    workshop.table("plain.csv")
    rewritten(workshop.path / "plain.csv", "table.csv", LAYOUTS[layout])
    found = workshop.train(out="found").model.network.theta
    expected = workshop.train("data.train=plain.csv").model.network.theta
    np.testing.assert_array_equal(found, expected)


def test_rows_in_another_order(workshop: Workshop) -> None:
    model, table = workshop.train().model, workshop.path / "table.csv"
    turned = rewritten(table, "t.csv", lambda rows: joined([rows[0], *rows[:0:-1]]))
    found = probabilities(model, turned)[::-1]
    np.testing.assert_allclose(found, probabilities(model, table), rtol=FLOAT32)


def test_one_file_or_several(workshop: Workshop) -> None:
    model, table = workshop.train().model, workshop.path / "table.csv"
    parts = [
        rewritten(table, "upper.csv", lambda rows: joined(rows[:21])),
        rewritten(table, "lower.csv", lambda rows: joined([rows[0], *rows[21:]])),
    ]
    np.testing.assert_array_equal(probabilities(model, *parts), probabilities(model, table))


@pytest.mark.parametrize("rows", [1, 7, 39])
def test_pieces_of_any_size(workshop: Workshop, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    model, table = workshop.train().model, workshop.path / "table.csv"
    expected = probabilities(model, table)
    monkeypatch.setattr("mlpcli.data.table.scan._BLOCK_ROWS", rows)
    np.testing.assert_allclose(probabilities(model, table), expected, rtol=FLOAT32)


def test_threads_of_duckdb(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    workshop.table(rows=120_000)  # of which it gives each thread a part
    settings = ("training.epochs=1", "training.batch_size=4096")
    many = workshop.train(*settings)
    expected = probabilities(many.model, workshop.path / "table.csv")
    monkeypatch.setattr("mlpcli.data.table.store.address_space", lambda: 1 << 60)
    one = workshop.train(*settings, out="one")
    assert one.path.read_bytes() == many.path.read_bytes()
    found = probabilities(one.model, workshop.path / "table.csv")
    np.testing.assert_array_equal(found, expected)


def loop_of(config: Config, change: Callable[[Loop], object] = lambda _loop: None) -> Loop:
    """Return a loop that has run, all rows a batch, from weights that `change` may touch."""
    loop = new_loop(config, load_dataset(config))
    change(loop)
    assert len([*loop.records()]) == loop.epochs
    return loop


WHOLE = ("training.batch_size=1000", "training.dtype=float64", "data.standardize=false")


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_weight_of_two_is_a_row_twice(workshop: Workshop, optimizer: str) -> None:
    extra: dict[str, Sequence[Any]] = {"w": [1, 2] * 20}
    table = workshop.table(extra=extra)
    settings = [*WHOLE, f"training.optimizer.name={optimizer}", "training.epochs=5"]
    weighted = loop_of(workshop.config(*settings, "data.weight=w"))
    twice = rewritten(table, "twice.csv", lambda rows: joined([rows[0], *_repeated(rows[1:])]))
    settings += [f"data.train={twice.name}", "data.drop=[w]"]
    repeated = loop_of(workshop.config(*settings))
    np.testing.assert_allclose(repeated.network.theta, weighted.network.theta, rtol=1e-11)


def _repeated(rows: list[list[str]]) -> list[list[str]]:
    return [row for row in rows for _ in range(int(row[-1]))]


def test_the_other_label_has_the_rest_of_the_probability(workshop: Workshop) -> None:
    settings = (*WHOLE, "training.epochs=5")
    loop = loop_of(workshop.config(*settings))

    def mirror(loop: Loop) -> None:
        loop.network.W[-1][...] *= -1
        loop.network.b[-1][...] *= -1

    other = loop_of(workshop.config(*settings, "data.positive=0"), mirror)
    X = loop_rows(loop)
    np.testing.assert_allclose(other.network.logits(X), -loop.network.logits(X), rtol=1e-12)


def loop_rows(loop: Loop) -> FloatArray:
    X: FloatArray = loop.train.take(slice(0, len(loop.train))).X
    return X


@pytest.mark.parametrize("threads", [1, 2])
def test_another_process_writes_the_same_bytes(workshop: Workshop, threads: int) -> None:
    here = workshop.train(f"training.threads={threads}")
    code = (
        "import sys; from pathlib import Path; from training_workshop import Workshop; "
        "Workshop(Path(sys.argv[1])).train('training.threads=' + sys.argv[2], out='there')"
    )
    for seed in ("1", "2"):  # of the hashes of texts
        subprocess.run(
            [sys.executable, "-c", code, str(workshop.path), str(threads)], check=True, timeout=60,
            env={**os.environ, "PYTHONPATH": str(TESTS), "PYTHONHASHSEED": seed},
        )  # fmt: skip
        there = workshop.path / "there/model.safetensors"
        assert there.read_bytes() == here.path.read_bytes()
        for file in there.parent.iterdir():
            file.unlink()
