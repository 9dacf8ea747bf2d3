"""What a model file holds, as tables and as a document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import mlpcli
from mlp_runs import strict_json
from mlpcli.report.info import info_document, info_tables

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcli.training.result import TrainingResult


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


def test_the_document(result: TrainingResult) -> None:
    model = mlpcli.load_model(result.path)
    info = info_document(model, "m")
    assert strict_json(json.dumps(info))["encoder"]["columns"][1]["levels"] == ["blue", "red"]
    assert info["tensor_digest"] == model.tensor_digest
