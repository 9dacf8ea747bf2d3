"""Which files a run writes, and when it may."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlpcli.config import load_config
from mlpcli.errors import StorageError, UsageError
from mlpcli.training.loop import EpochRecord
from mlpcli.training.run_folder import RunFolder, run_folder_for

if TYPE_CHECKING:
    from training_workshop import Workshop

FILES = [
    "config.yaml",
    "history.jsonl",
    "last.ckpt.safetensors",
    "model.safetensors",
    "report.json",
]


def test_files_of_a_run(workshop: Workshop) -> None:
    result = workshop.train("loss.l2=1e-3", "data.validation=0.25")
    folder = workshop.path / "run"
    assert sorted(file.name for file in folder.iterdir()) == FILES
    again = load_config(folder / "config.yaml")
    assert again.loss.l2 == 1e-3
    assert Path(again.data.train[0]).exists()
    records = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in records] == [1, 2, 3]
    assert list(records[0]) == ["epoch", "train_loss", "validation_loss", "metrics",
                                "learning_rate", "gradient_norm", "seconds"]  # fmt: skip
    assert len(records[0]["gradient_norm"]) == 2
    assert json.loads((folder / "report.json").read_text()) == result.to_document()


def test_the_folder_is_out_or_output_or_named_like_the_config(workshop: Workshop) -> None:
    config = workshop.config()
    assert run_folder_for(config, None).path == Path("runs/c")
    with_output = workshop.config("training.output=there")
    assert run_folder_for(with_output, None).path.name == "there"
    assert run_folder_for(with_output, "here").path == Path("here")


@pytest.mark.parametrize("name", FILES)
def test_a_run_is_not_overwritten(workshop: Workshop, name: str) -> None:
    folder = workshop.path / "run"
    folder.mkdir()
    (folder / name).write_text("precious")
    with pytest.raises(UsageError) as caught:
        workshop.train()
    assert str(caught.value) == (
        f"{folder}: already holds a run; give --force to replace it, --resume to go on with it, "
        "or --out to write elsewhere"
    )
    assert [file.read_text() for file in folder.iterdir()] == ["precious"]


def test_other_files_are_in_nobodys_way(workshop: Workshop) -> None:
    folder = workshop.path / "run"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    workshop.train()
    assert (folder / "notes.txt").read_text() == "mine"


def test_force_replaces_a_run(workshop: Workshop) -> None:
    first = workshop.train("training.epochs=9")
    before = first.path.read_bytes()
    second = workshop.train(force=True)
    assert second.path.read_bytes() != before
    assert len((workshop.path / "run" / "history.jsonl").read_text().splitlines()) == 3
    straight = workshop.train(out="straight")
    assert second.path.read_bytes() == straight.path.read_bytes()


def test_force_leaves_nothing_stale_but_the_model(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for name in FILES:
        (tmp_path / name).write_text("old")
    folder.start("new: 1\n", epochs_done=None)
    contents = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert contents == {
        "config.yaml": "new: 1\n",
        "history.jsonl": "",
        "model.safetensors": "old",
    }


@pytest.mark.parametrize("epochs", [0, 1, 2, 9])
def test_resuming_keeps_the_history_of_epochs_done(tmp_path: Path, epochs: int) -> None:
    folder = RunFolder(tmp_path)
    folder.history.write_text("one\ntwo\nthree\n")
    folder.checkpoint.write_text("kept")
    folder.start("", epochs_done=epochs)
    assert folder.history.read_text().split() == ["one", "two", "three"][:epochs]
    assert folder.checkpoint.read_text() == "kept"


def test_a_file_in_place_of_the_folder(workshop: Workshop) -> None:
    (workshop.path / "run").write_text("x")
    for force, resume in ((False, False), (True, False), (False, True)):
        with pytest.raises(UsageError, match="is a file; expected a folder to write to"):
            workshop.train(force=force, resume=resume)


def test_a_file_above_the_folder(workshop: Workshop) -> None:
    (workshop.path / "f").write_text("x")
    with pytest.raises(StorageError, match="cannot be written: "):
        workshop.train(out="f/run")


def test_history_that_cannot_be_written(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.history.mkdir()
    record = EpochRecord(1, 0.5, None, None, 0.1, (1.0,), 0.0)
    with pytest.raises(StorageError, match=r"history\.jsonl: cannot be written: is a directory"):
        folder.append(record)
