"""Models of older versions give the probabilities that they gave, table for table."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from mlpcli.data.table import Missing
from mlpcli.training.evaluate import evaluate
from mlpcli.training.model_file import load_model
from mlpcli.training.predict import predict

STORED = Path(__file__).parent / "stored"
"""Made by that version: `1_0` is a number there, `02139` one and True a text."""


def probabilities(model: Path, table: Path) -> list[float]:
    predictions = predict(load_model(model), [table])
    with predictions.scan:
        return [p for block in predictions for p in block.p[:, 0].tolist()]


@pytest.mark.parametrize("model", sorted(STORED.glob("*.safetensors")), ids=lambda path: path.stem)
def test_probabilities(model: Path) -> None:
    with (STORED / "predictions.csv").open(encoding="utf-8") as file:
        expected = [float(row["probability"]) for row in csv.DictReader(file)]
    assert probabilities(model, STORED / "table.csv") == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("folder", ["trees", "passengers"])
def test_answers_of_later_kinds(folder: str) -> None:
    """A tanh network of three labels from before `reading`, and one that uses all of that."""
    with (STORED / folder / "predictions.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    model = load_model(STORED / folder / "model.safetensors")
    assert (model.reading is None) == (folder == "trees")
    p = model.predict_proba(STORED / folder / "table.csv").reshape(len(rows), -1)
    assert p == pytest.approx(np.array([row[:-1] for row in rows], np.float64), rel=1e-6)
    found = model.predict(STORED / folder / "table.csv")
    assert [str(label) for label in found] == [row[-1] for row in rows]


@pytest.mark.parametrize("model", sorted(STORED.glob("*.safetensors")), ids=lambda path: path.stem)
def test_what_they_do_not_say_is_what_was_usual_then(model: Path) -> None:
    loaded = load_model(model)
    reading = loaded.reading_of(loaded.encoder.kinds)
    assert (loaded.reading, loaded.notes, reading.missing) == (None, (), Missing())
    assert reading.underscores
    assert evaluate(loaded, STORED / "table.csv").metrics.rows == 60
