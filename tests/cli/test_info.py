"""`mlp info`: what a model file holds, as tables and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp


def test_tables(here: Path, mlp: Mlp) -> None:
    ran = mlp("info", "model.safetensors")
    assert (ran.status, ran.err) == (0, "")
    facts, inputs, metrics = ran.out.split("\n\n")
    assert facts.startswith("model.safetensors\n")
    assert "\nnetwork          3-3-1\n" in facts
    assert "\ntarget y         yes = 1, no = 0; threshold 0.5" in facts
    assert [line.split() for line in inputs.splitlines()[1:]] == [
        ["column", "kind", "encoding", "if", "missing"],
        ["x", "number", "(value", "-", *inputs.splitlines()[2].split()[4:7], "refused"],
        ["c", "text", "one", "of", "blue,", "red", "refused"],
    ]
    assert metrics.splitlines()[1].split() == ["metric", "train", "validation", "test"]


def test_json(here: Path, mlp: Mlp) -> None:
    document = mlp("info", "model.safetensors", "--json").document
    assert document["schema"] == "mlp.info/1"
    assert document["model"] == "model.safetensors"
    assert document["sizes"] == [3, 3, 1]
    assert document["parameters"] == 16
    assert document["targets"][0]["positive"] == "yes"
    assert [column["name"] for column in document["encoder"]["columns"]] == ["x", "c"]
    assert document["config"]["training"]["epochs"] == 15
    assert document["metrics"]["test"]["rows"] == 20
    assert {"mlpcli", "numpy", "python", "threads"} <= set(document["versions"])


def test_not_a_model(here: Path, mlp: Mlp) -> None:
    ran = mlp("info", "nothing", "--json")
    assert (ran.status, ran.out, ran.lines) == (2, "", ["nothing: no such file"])
