"""What the tests of reports share: a training run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import mlpcli
from mlp_runs import write_inputs

if TYPE_CHECKING:
    from mlpcli.training.result import TrainingResult


@pytest.fixture(scope="session")
def result(tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    folder = tmp_path_factory.mktemp("report")
    write_inputs(folder)
    return mlpcli.train(mlpcli.load_config(folder / "config.yaml"), out=folder / "run")
