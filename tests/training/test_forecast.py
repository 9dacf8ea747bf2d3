from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.training import forecast
from mlpcli.training.forecast import seconds_ahead
from mlpcli.training.observer import Observer
from mlpcli.training.run import train

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcli.data.dataset import Dataset
    from mlpcli.training.loop import Loop


class Keeper(Observer):
    """Keeps the loop that is about to run, as nothing else hands it out."""

    loop: Loop

    def started(self, dataset: Dataset, loop: Loop, threads: int) -> None:
        self.ahead = seconds_ahead(loop)
        self.loop = replace(loop, position=replace(loop.position))


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every product take a nanosecond: no test measures time."""
    monkeypatch.setattr(forecast, "_seconds_per_product", lambda *_: 1e-9)
    monkeypatch.setattr(forecast, "_EPOCH_SECONDS", 0.0)


def ahead(folder: Path, rows: int = 64, epochs: int = 2, hidden: int = 8, batch: int = 16) -> float:
    X = np.arange(rows) % 7.0
    config = {
        "data": {"target": "y"},
        "network": {"hidden": [hidden]},
        "training": {"epochs": epochs, "batch_size": batch},
    }
    keeper = Keeper()
    train(config, {"x": X, "y": (X > 3) * 1}, out=folder, force=True, observer=keeper)
    return keeper.ahead


@pytest.mark.usefixtures("timed")
def test_twice_the_work_takes_twice_the_time(tmp_path: Path) -> None:
    once = ahead(tmp_path)
    assert ahead(tmp_path, epochs=4) == pytest.approx(2 * once)
    assert ahead(tmp_path, rows=128) == pytest.approx(2 * once)
    assert once < ahead(tmp_path, hidden=80) < 10 * once
    assert ahead(tmp_path, batch=4) > 2 * once


@pytest.mark.usefixtures("timed")
def test_it_counts_each_part(tmp_path: Path) -> None:
    rows, products, values, parameters = 64, 16, 9, 25
    expected = 2 * (
        rows * (3e-9 * products + values * forecast._VALUE_SECONDS)
        + 4 * (forecast._BATCH_SECONDS + parameters * forecast._PARAMETER_SECONDS)
    )
    assert ahead(tmp_path) == pytest.approx(expected)


def test_a_product_is_timed() -> None:
    seconds = forecast._seconds_per_product((3, 20, 1), 32, np.dtype(np.float32))
    assert 0 < seconds < math.inf
