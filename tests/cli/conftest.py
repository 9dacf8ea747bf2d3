"""What the tests of the command line share: a folder with inputs, a trained model, `mlp` itself."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import mlpcli
from mlp_runs import Ran, write_inputs
from mlpcli.cli.app import run

if TYPE_CHECKING:
    from mlp_runs import Mlp


@pytest.fixture
def mlp(capsys: pytest.CaptureFixture[str]) -> Mlp:
    """Return a function that runs a command line in this process."""

    def call(*args: object) -> Ran:
        capsys.readouterr()
        status = run([str(arg) for arg in args])
        return Ran(status, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with points.csv, config.yaml and the run that it describes."""
    folder = tmp_path_factory.mktemp("trained")
    write_inputs(folder)
    mlpcli.train(mlpcli.load_config(folder / "config.yaml"), out=folder / "run")
    return folder


@pytest.fixture
def here(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a folder of this test's own with points.csv, config.yaml and model.safetensors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    write_inputs(tmp_path)
    shutil.copy(trained / "run" / "model.safetensors", tmp_path)
    return Path()
