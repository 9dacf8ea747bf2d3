"""Which files a run writes, and when it may."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlpcli.config import load_config
from mlpcli.errors import ModelError, StorageError, UsageError
from mlpcli.locks import FolderLock
from mlpcli.training.loop import EpochRecord
from mlpcli.training.run_folder import RunFolder, run_folder_for
from training_workshop import Watch

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


LINES = [b'{"epoch": %d}\n' % i for i in (1, 2, 3)]


@pytest.mark.parametrize("epochs", [0, 1, 2, 3])
@pytest.mark.parametrize("beyond", [b"", b'{"epo', b"\0\xff\n", b'{"epoch": 9}\n'])
def test_resuming_keeps_the_history_of_epochs_done(
    tmp_path: Path, epochs: int, beyond: bytes
) -> None:
    folder = RunFolder(tmp_path)
    folder.history.write_bytes(b"".join(LINES) + beyond)
    folder.checkpoint.write_text("kept")
    folder.report.write_text("of fewer epochs")
    folder.start("", epochs_done=epochs)
    assert folder.history.read_bytes() == b"".join(LINES[:epochs])
    assert folder.checkpoint.read_text() == "kept"
    assert not folder.report.exists()


DAMAGED = {
    "absent": (None, 0),
    "empty": (b"", 0),
    "short": (LINES[0], 1),
    "cut": (LINES[0] + LINES[1][:-3], 1),
    "cut before the line break": (LINES[0] + LINES[1][:-1], 1),
    "binary": (b"\0\xff\x80\n" * 3, 0),
    "text": (b"one\ntwo\n", 0),
    "glued": (LINES[0] + LINES[1].strip() + LINES[2], 1),
    "a gap": (LINES[0] + LINES[2], 1),
    "no objects": (b"[1]\n[2]\n", 0),
    "nested": (b"[" * 100_000 + b"\n", 0),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_history_that_lacks_an_epoch_is_refused(tmp_path: Path, what: str) -> None:
    content, whole = DAMAGED[what]
    folder = RunFolder(tmp_path)
    folder.report.write_text("kept")
    if content is not None:
        folder.history.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        folder.start("", epochs_done=2)
    found = f"{folder.history}: expected the 2 epochs of the checkpoint, got {whole}"
    assert str(caught.value) == f"{found}; put it back as it was, or start anew with --force"
    assert folder.report.read_text() == "kept"
    assert (folder.history.read_bytes() if content is not None else None) == content


def test_what_a_killed_run_left_half_written_is_removed(workshop: Workshop) -> None:
    folder = workshop.path / "run"
    folder.mkdir()
    for name in FILES:
        (folder / f".{name}.abcdefgh").write_text("half")
    workshop.train()
    assert sorted(file.name for file in folder.iterdir()) == FILES


def test_the_history_is_on_the_disk_before_the_checkpoint(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    monkeypatch.setattr(RunFolder, "sync_history", lambda _self: order.append("h"))
    monkeypatch.setattr("mlpcli.training.run.save_checkpoint", lambda *_, **__: order.append("c"))
    monkeypatch.setattr("mlpcli.training.run._SECONDS_BETWEEN_CHECKPOINTS", 0)
    workshop.train()
    assert order == ["h", "c"] * 4


def test_one_run_at_a_time(workshop: Workshop) -> None:
    workshop.train()
    with closing(FolderLock(workshop.path / "run")) as lock:
        lock.take()
        for force, resume in ((True, False), (False, True), (False, False)):
            with pytest.raises(UsageError, match=f"process {os.getpid()}, started 2"):
                workshop.train(force=force, resume=resume)
    workshop.train(force=True)


def test_a_folder_that_another_run_made_meanwhile(workshop: Workshop) -> None:
    class Late(Watch):
        def loading(self, estimate: Any) -> None:
            workshop.train()

    with pytest.raises(UsageError, match="already holds a run"):
        workshop.train(observer=Late())


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


def test_a_line_of_history_is_there_at_once(tmp_path: Path) -> None:
    record = EpochRecord(1, 0.5, None, None, 0.1, (1.0,), 0.0)
    with closing(RunFolder(tmp_path)) as folder:
        for lines in (1, 2):
            folder.append(record)
            assert folder.history.read_bytes().count(b"\n") == lines
        folder.sync_history()
        folder.close()
        folder.append(record)
    assert [json.loads(line)["epoch"] for line in folder.history.read_text().splitlines()] == [
        1
    ] * 3
