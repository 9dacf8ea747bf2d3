"""A bench for runs on tiny tables, and an observer that watches and stops them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config import Config, parse_config
from mlpcli.data.material import load_dataset
from mlpcli.training.model_file import Model, save_model
from mlpcli.training.observer import Observer
from mlpcli.training.run import train

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

    from mlpcli.data.dataset import Dataset
    from mlpcli.data.material import Estimate
    from mlpcli.training.loop import EpochRecord, Loop
    from mlpcli.training.result import TrainingResult

BASE = """
data: {train: table.csv, target: y}
network: {hidden: [3]}
training: {epochs: 3, batch_size: 8, threads: 1, optimizer: {name: adam, learning_rate: 0.05}}
"""


def leave_room(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Let so many bytes of encoded rows be in memory, as a small data.memory_limit would."""
    monkeypatch.setattr("mlpcli.data.table.store.Store.memory_limit", lambda _store: 2 * size)


@dataclass
class Watch(Observer):
    """An observer that asks to stop after so many batches, and keeps what it saw."""

    stop_after: int | None = None
    signum: int = 2
    batches: int = 0
    records: list[EpochRecord] = field(default_factory=list)
    loop: Loop | None = None
    threads: int = 0
    estimates: list[Estimate] = field(default_factory=list)

    def loading(self, estimate: Estimate) -> None:
        assert self.loop is None
        self.estimates.append(estimate)

    def started(self, dataset: Dataset, loop: Loop, threads: int) -> None:
        assert dataset.train is loop.train
        self.loop, self.threads = loop, threads

    def batch_done(self, index: int) -> int | None:
        self.batches += 1
        return self.signum if self.batches == self.stop_after else None

    def epoch_done(self, record: EpochRecord) -> None:
        self.records.append(record)


@dataclass
class Workshop:
    """A folder with table.csv (columns a, b, y) in which runs take place."""

    path: Path

    def table(
        self,
        name: str = "table.csv",
        rows: int = 40,
        scale: float = 1.0,
        seed: int = 0,
        extra: dict[str, Sequence[Any]] | None = None,
    ) -> Path:
        """Write a table on which a small network learns something."""
        rng = np.random.default_rng(seed)
        a, b = rng.normal(size=(2, rows))
        y = (a - b + rng.normal(0, 0.5, rows) > 0).astype(int)
        y[:2] = 0, 1
        columns: dict[str, Sequence[Any]] = {
            "a": (a * scale).tolist(),
            "b": b.tolist(),
            "y": y.tolist(),
            **(extra or {}),
        }
        cells = zip(*columns.values(), strict=True)
        lines = [",".join(columns), *(",".join(map(str, row)) for row in cells)]
        file = self.path / name
        file.write_text("\n".join(lines) + "\n")
        return file

    def config(self, *overrides: str) -> Config:
        return parse_config(BASE, "c.yaml", self.path, overrides)

    def train(self, *overrides: str, out: str = "run", **options: Any) -> TrainingResult:
        return train(self.config(*overrides), out=self.path / out, **options)

    def model(self, *overrides: str) -> Model:
        """Return a model as it is before the first epoch, without training."""
        config = self.config(*overrides)
        dataset = load_dataset(config)
        from mlpcli.config import to_document
        from mlpcli.training.build import network_from

        sizes = (dataset.train.X.shape[1], *config.network.hidden, dataset.outputs)
        rng = np.random.default_rng(3)
        return Model(
            network=network_from(config.network, sizes, config.training.dtype, rng),
            encoder=dataset.encoder,
            targets=dataset.targets,
            thresholds=() if dataset.classes else (0.5,) * len(dataset.targets),
            config=to_document(dataset.config),
            metrics={},
            seed=0,
            data_digest=dataset.digest,
            versions={"mlpcli": "0"},
        )

    def model_file(self, *overrides: str) -> Path:
        path = self.path / "m.safetensors"
        save_model(self.model(*overrides), path)
        return path


def soft_and_weighted(workshop: Workshop, rows: int = 40) -> list[str]:
    """Write a table with a soft and a boolean target and row weights; return what says so."""
    rng = np.random.default_rng(8)
    workshop.table(
        rows=rows,
        extra={
            "chance": np.round(rng.random(rows), 2).tolist(),
            "w": rng.integers(0, 4, rows).tolist(),
            "flag": ["yes" if x else "no" for x in rng.random(rows) < 0.4],
        },
    )
    return [
        "data.target=[chance, flag]",
        "data.drop=[y]",
        "data.positive={flag: yes}",
        "data.weight=w",
    ]
