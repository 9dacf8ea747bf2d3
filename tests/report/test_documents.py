"""The library gives the same documents as the command, and strict JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import mlpcli
from mlp_runs import strict_json, write_inputs
from mlpcli.report.documents import evaluation_document, info_document

if TYPE_CHECKING:
    from pathlib import Path


def test_documents(tmp_path: Path) -> None:
    write_inputs(tmp_path)
    result = mlpcli.train(mlpcli.load_config(tmp_path / "config.yaml"), out=tmp_path / "run")
    model = mlpcli.load_model(result.path)
    document = evaluation_document(mlpcli.evaluate(model, tmp_path / "points.csv"), "m", "d")
    assert "intervals" not in document
    assert strict_json(json.dumps(document)) == document
    info = info_document(model, "m")
    assert strict_json(json.dumps(info))["encoder"]["columns"][1]["levels"] == ["blue", "red"]
    assert info["data_digest"] == document["data_digest"]
    assert info["tensor_digest"] == model.tensor_digest
