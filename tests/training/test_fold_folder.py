"""The folder of a cross-validation: where it is, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlpcli.errors import UsageError
from mlpcli.training.fold_folder import FoldFolder, fold_folder_for

if TYPE_CHECKING:
    from training_workshop import Workshop


def test_where_it_is(workshop: Workshop) -> None:
    assert str(fold_folder_for(workshop.config(), None).path) == "runs/c-crossval"
    assert str(fold_folder_for(workshop.config(), "there").path) == "there"
    beside = fold_folder_for(workshop.config("training.output=out"), None).path
    assert beside.name == "out-crossval"


def test_a_file_is_no_folder(workshop: Workshop) -> None:
    with pytest.raises(UsageError, match=r"table\.csv: is a file; expected a folder to write to"):
        FoldFolder(workshop.path / "table.csv").check(resume=False, force=True)


def test_force_removes_what_an_old_one_left(workshop: Workshop) -> None:
    folder = FoldFolder(workshop.path / "cv")
    folder.start("a: 1\n", force=False)
    (folder.folds / "seed0-fold1.safetensors").write_bytes(b"")
    folder.predictions.write_text("")
    folder.write_report({"a": 1})
    folder.check(resume=True, force=False)
    folder.check(resume=False, force=True)
    with pytest.raises(UsageError, match="already holds a cross-validation"):
        folder.check(resume=False, force=False)
    folder.start("a: 2\n", force=True)
    assert [path.name for path in folder.path.iterdir() if path.is_file()] == ["config.yaml"]
    assert [*folder.folds.iterdir()] == []
    assert folder.read(0, 1, {}) is None
