"""A fold is `mlp train` on its training rows, and is kept to the last byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.data.material import load_dataset
from mlpcli.errors import ModelError
from mlpcli.training.folds import FoldTask, read_fold, save_fold, train_fold

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcli.training.folds import Fold
    from training_workshop import Workshop


def fold_of(workshop: Workshop, *overrides: str) -> Fold:
    config = workshop.config("data.test=0.3", "data.validation=0.2", *overrides)
    fold = train_fold(FoldTask(load_dataset(config), 1, np.arange(12)))
    assert fold is not None
    return fold


def test_it_is_a_training_run(workshop: Workshop) -> None:
    fold = fold_of(workshop)
    run = workshop.train("data.test=0.3", "data.validation=0.2")
    test = run.metrics["test"]
    assert test is not None
    assert fold.metrics == test.to_document()
    assert (fold.seed, fold.number, fold.epochs_run, fold.stopped) == (0, 1, 3, "epochs")
    assert fold.thresholds == run.model.thresholds
    assert fold.to_document()["rows"] == test.rows == 12


def test_a_fold_that_is_stopped_is_none(workshop: Workshop) -> None:
    task = FoldTask(load_dataset(workshop.config("data.test=0.3")), 1, np.arange(12))
    assert train_fold(task, lambda _: 2) is None


def test_a_fold_that_diverges_says_why(workshop: Workshop) -> None:
    fold = fold_of(workshop, "training.optimizer={name: sgd, learning_rate: 1e38}", "loss.kind=mse",
                   "network.activation=identity")  # fmt: skip
    assert fold.stopped == "diverged"
    assert "the learning rate is too high" in str(fold.to_document()["reason"])


def test_it_comes_back_as_it_was(workshop: Workshop) -> None:
    path, fold = workshop.path / "f.safetensors", fold_of(workshop)
    save_fold(path, fold, {"folds": 5})
    again, settings = read_fold(path)
    assert settings == {"folds": 5}
    assert again.logits.tobytes() == fold.logits.tobytes()
    assert again.rows.tolist() == fold.rows.tolist()
    assert again.to_document() == fold.to_document()
    assert (again.thresholds, again.notes) == (fold.thresholds, fold.notes)


@pytest.mark.parametrize("damage", ["missing", "cut", "flipped", "a model"])
def test_what_is_no_fold(workshop: Workshop, damage: str) -> None:
    path: Path = workshop.path / "f.safetensors"
    save_fold(path, fold_of(workshop), {})
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "a model":
        path = workshop.model_file()
    else:
        broken = content[:-9] if damage == "cut" else content[:-1] + bytes([content[-1] ^ 1])
        path.write_bytes(broken)
    with pytest.raises(ModelError):
        read_fold(path)
