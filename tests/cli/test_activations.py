"""Each activation from the config to the prediction, as the plain reference has it."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import reference_mlp
from mlpcli.data.rules import NumberRule
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.training.model_file import load_model
from mlpcli.training.tensor_file import read_tensors, write_tensors

if TYPE_CHECKING:
    from mlp_runs import Mlp

ROOT = Path(__file__).parents[2]
SETTINGS = ("training.epochs=30", "training.dtype=float64", "network.hidden=[6, 5]")


@pytest.fixture
def moons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a folder with moons.csv and its config."""
    monkeypatch.chdir(tmp_path)
    for folder, file in (("data", "moons.csv"), ("configs", "moons.yaml")):
        (tmp_path / folder).mkdir()
        shutil.copy(ROOT / folder / file, tmp_path / folder)
    return tmp_path


def train(mlp: Mlp, activation: str) -> str:
    settings = [a for s in (*SETTINGS, f"network.activation={activation}") for a in ("--set", s)]
    ran = mlp("train", "configs/moons.yaml", "--out", "run", *settings)
    assert ran.status == 0, ran.err
    return "run/model.safetensors"


def probabilities(moons: Path, model: str, activation: str) -> np.ndarray:
    """Return z_L of every row of the table by the plain reference."""
    loaded = load_model(model)
    with (moons / "data" / "moons.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    columns = []
    for rule in loaded.encoder.rules:
        assert isinstance(rule, NumberRule)
        values = np.array([float(row[rule.name]) for row in rows])
        columns.append((values - rule.mean) / rule.scale)
    X = np.stack(columns, axis=1)
    W, b = loaded.network.W, loaded.network.b
    return np.asarray(reference_mlp.forward(list(W), list(b), X, activation)[-1])  # type: ignore[arg-type]


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_train_predict_evaluate_and_info_agree(moons: Path, mlp: Mlp, activation: str) -> None:
    model = train(mlp, activation)
    assert load_model(model).network.activation == ACTIVATIONS[activation]()
    expected = probabilities(moons, model, activation)[:, 0]
    predicted = list(csv.DictReader(io.StringIO(mlp("predict", model, "data/moons.csv").out)))
    got = np.array([float(row["probability"]) for row in predicted])
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)
    with (moons / "data" / "moons.csv").open(encoding="utf-8") as table:
        y = np.array([float(row["y"]) for row in csv.DictReader(table)])
    document = mlp("evaluate", model, "data/moons.csv", "--json").document
    accuracy = np.mean((expected >= 0.5) == y)
    assert document["metrics"]["accuracy"] == pytest.approx(accuracy)
    assert accuracy > 0.75
    assert mlp("gradcheck", "configs/moons.yaml", "--model", model).status == 0
    facts = mlp("info", model).out
    assert f"\nactivation       {activation}\n" in facts
    network = mlp("info", model, "--json").document["config"]["network"]
    assert network["activation"] == activation


def test_a_model_that_names_no_activation_is_one_of_sigmoid(moons: Path, mlp: Mlp) -> None:
    model = train(mlp, "sigmoid")
    before = mlp("predict", model, "data/moons.csv").out
    tensors, metadata = read_tensors(Path(model), "mlp.model/1")
    for key in ("activation", "slope"):
        del metadata["config"]["network"][key]
    write_tensors(Path("old"), "mlp.model/1", tensors, dict(metadata))
    assert load_model("old").network.activation == ACTIVATIONS["sigmoid"]()
    assert mlp("predict", "old", "data/moons.csv").out == before
    assert "\nactivation       sigmoid\n" in mlp("info", "old").out


def test_a_model_of_an_unknown_activation_is_refused(moons: Path, mlp: Mlp) -> None:
    tensors, metadata = read_tensors(Path(train(mlp, "tanh")), "mlp.model/1")
    metadata["config"]["network"]["activation"] = "gelu"
    write_tensors(Path("new"), "mlp.model/1", tensors, dict(metadata))
    ran = mlp("predict", "new", "data/moons.csv")
    assert (ran.status, ran.out, len(ran.lines)) == (2, "", 1)
    assert ran.lines[0].startswith("new: expected a model of activation sigmoid or tanh or relu")
