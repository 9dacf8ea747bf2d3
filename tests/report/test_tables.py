"""Tables line up, fit the window, and show what the records hold."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

import mlpcli
from mlp_runs import write_inputs
from mlpcli.report.tables import Table, evaluation_table, info_tables, training_table
from mlpcli.training.metrics import SCORES

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcli.training.run import TrainingResult

NUMBERS = Table(
    "scores",
    ("metric", "train", "a longer name"),
    (("loss", "0.1", "12.5"), ("accuracy", "1", "-")),
)


@pytest.fixture(scope="session")
def result(tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    folder = tmp_path_factory.mktemp("report")
    write_inputs(folder)
    return mlpcli.train(mlpcli.load_config(folder / "config.yaml"), out=folder / "run")


def drawn(table: Table, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    for piece in table.pieces(width):
        console.print(piece.rich())
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_plain() -> None:
    assert NUMBERS.plain().splitlines() == [
        "scores",
        "metric    train  a longer name",
        "loss        0.1           12.5",
        "accuracy      1              -",
    ]


def test_plain_text_is_aligned_left() -> None:
    table = Table(
        "inputs", ("column", "kind"), (("x\n", "number"), ("long name", "t")), numeric=False
    )
    assert table.plain().splitlines() == [
        "inputs",
        "column     kind",
        "x\\n        number",
        "long name  t",
    ]


def test_drawn() -> None:
    assert drawn(NUMBERS, 60) == [
        "scores",
        "metric    train  a longer name",
        "───────────────────────────────",
        "loss        0.1           12.5",
        "accuracy      1              -",
    ]


@pytest.mark.parametrize("width", [20, 24, 27, 30, 60, 200])
def test_no_number_is_cut_however_narrow_the_window(width: int) -> None:
    names = [f"target {i}" for i in range(7)]
    table = Table("t", ("metric", *names), (("rows", *(f"{i}.{i * 1111:04d}" for i in range(7))),))
    text = "\n".join(drawn(table, width))
    for i in range(7):
        assert f"{i}.{i * 1111:04d}" in text
    assert all(len(line) <= width for line in text.splitlines())
    assert text.count("metric") == len(table.pieces(width))
    assert (len(table.pieces(width)) == 1) is (width == 200 or len(names) < 3 or width > 70)


def test_a_table_of_text_is_folded_not_cut() -> None:
    digest = "0123456789abcdef" * 4
    table = Table("facts", ("", "value"), (("data SHA-256", digest),), numeric=False)
    assert table.pieces(40) == [table]
    assert digest in "".join(line[14:] for line in drawn(table, 40))


def test_training(result: TrainingResult) -> None:
    table = training_table(result)
    assert table.header == ("metric", "train", "validation", "test", "base rate (test)")
    names = [row[0] for row in table.rows]
    assert names == ["rows", *SCORES, "tn", "fp", "fn", "tp", "threshold"]
    values = dict(zip(names, table.rows, strict=True))
    test = result.metrics["test"]
    assert test is not None
    assert values["loss"][3] == f"{test.loss:.4f}"
    assert table.title.endswith("15 epochs in " + table.title.split(" in ")[1])


def test_a_score_that_does_not_exist_is_a_dash(tmp_path: Path, result: TrainingResult) -> None:
    (tmp_path / "one.csv").write_text("x,c,y\n1,red,no\n2,red,no\n")
    table = evaluation_table(mlpcli.evaluate(result.model, tmp_path / "one.csv"), "title")
    values = {row[0]: row[1] for row in table.rows}
    assert (values["roc_auc"], values["rows"]) == ("-", "2")


def test_intervals(tmp_path: Path, result: TrainingResult) -> None:
    write_inputs(tmp_path)
    found = mlpcli.evaluate(result.model, tmp_path / "points.csv", bootstrap=10)
    table = evaluation_table(found, "title")
    assert table.header == ("metric", "value", "95 % interval")
    values = {row[0]: row[2] for row in table.rows}
    assert values["rows"] == values["threshold"] == ""
    assert found.intervals is not None
    low, high = found.intervals["loss"]
    assert values["loss"] == f"{low:.4f} .. {high:.4f}"


@pytest.mark.parametrize(
    ("missing", "fills"), [("error", "refused"), ("drop", "row left out"), ("mean", None)]
)
def test_what_a_model_does_with_its_inputs(tmp_path: Path, missing: str, fills: str | None) -> None:
    rows = "".join(f"{i},{i - 7},0,{'ab'[i % 2]},,{i % 2}\n" for i in range(6))
    (tmp_path / "t.csv").write_text("x,low,zero,t,none,y\n" + rows)
    config = tmp_path / "c.yaml"
    dropped = "[none]" if missing != "mean" else "[]"
    config.write_text(
        f"data: {{train: t.csv, target: y, missing: {missing}, drop: {dropped}}}\n"
        "training: {epochs: 1}\n"
    )
    model = mlpcli.train(mlpcli.load_config(config), out=tmp_path / "run").model
    facts, inputs, metrics = info_tables(model, "path")
    assert ("target y", "0 or 1; threshold 0.5") in facts.rows
    table = {row[0]: row[1:] for row in inputs.rows}
    assert table["x"] == ("number", "(value - 2.5) / 1.70783", fills or "2.5")
    assert table["low"] == ("number", "(value + 4.5) / 1.70783", fills or "-4.5")
    assert table["zero"] == ("number", "as it is", fills or "0")
    assert table["t"] == ("text", "one of a, b", fills or "a")
    assert ("none" in table) is (missing == "mean")
    assert metrics.header == ("metric", "train")
