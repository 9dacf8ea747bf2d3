"""A training run as a table and a picture: whole history, scales that fit, a run without epochs."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli.report.figures import to_bytes
from mlpcli.report.train import read_history, training_chart, training_figure, training_table
from mlpcli.training.loop import EpochRecord
from mlpcli.training.metrics import SCORES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.training.run import TrainingResult

pytest.importorskip("matplotlib")


class Ran:
    """As much of a TrainingResult as a picture needs."""

    def __init__(self, best_epoch: int = 2, stopped: str = "epochs") -> None:
        self.path, self.epochs_run = Path("runs/$x$/model.safetensors"), 3
        self.best_epoch, self.stopped = best_epoch, stopped


def history(epochs: int, layers: int = 2, *, validated: bool = True) -> list[EpochRecord]:
    return [
        EpochRecord(
            e, 1 / e, 1.5 / e if validated else None, None, 0.1 / e,
            tuple(10.0**-k / e for k in range(layers)), 0.1,
        )
        for e in range(1, epochs + 1)
    ]  # fmt: skip


def drawn(records: Sequence[EpochRecord], **ran: Any) -> Any:
    result: TrainingResult = Ran(**ran)  # type: ignore[assignment]  # as much of it as is needed
    figure = training_figure(records, result)
    assert to_bytes(figure, Path("x.png")).startswith(b"\x89PNG")
    return figure


def test_history_is_read_as_it_was_written(tmp_path: Path) -> None:
    records = history(3)
    lines = "".join(json.dumps(asdict(record)) + "\n" for record in records)
    (tmp_path / "history.jsonl").write_text(lines)
    assert read_history(tmp_path / "history.jsonl") == tuple(records)


def test_three_panels() -> None:
    figure = drawn(history(30, layers=3))
    loss, rate, norm = figure.axes
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "learning rate", "gradient norm"]
    assert [line.get_label() for line in loss.lines] == [
        "training", "validation", "best epoch, 2",
    ]  # fmt: skip
    assert loss.lines[1].get_ydata().tolist() == [1.5 / e for e in range(1, 31)]
    assert rate.lines[0].get_ydata().tolist() == [0.1 / e for e in range(1, 31)]
    assert [line.get_label() for line in norm.lines[:3]] == ["layer 1", "layer 2", "layer 3"]
    assert {axes.get_yscale() for axes in figure.axes} == {"log"}
    assert figure.get_suptitle() == r"runs/\$x\$/model.safetensors: 3 epochs, stopped: epochs"


def test_a_narrow_range_starts_at_zero() -> None:
    figure = drawn(history(3, layers=1, validated=False), best_epoch=0)
    for axes in figure.axes:
        assert axes.get_yscale() == "linear"
        assert axes.get_ylim()[0] == 0
    assert [line.get_label() for line in figure.axes[0].lines] == ["training"]


def test_one_epoch_is_a_dot_and_none_is_a_sentence() -> None:
    figure = drawn(history(1))
    assert figure.axes[0].lines[0].get_marker() == "o"
    empty = drawn((), best_epoch=0, stopped="diverged")
    assert [text.get_text() for text in empty.texts][-1] == "no epoch was completed"
    assert training_chart(()) == "no epoch was completed"


def test_zeros_and_many_layers() -> None:
    records = [replace(r, train_loss=0.0) if r.epoch == 2 else r for r in history(30, layers=12)]
    figure = drawn(records)
    styles = {(line.get_color(), line.get_linestyle()) for line in figure.axes[2].lines[:12]}
    assert len({line.get_label() for line in figure.axes[2].lines[:12]}) == 12
    assert len(styles) > 6


def test_the_same_bytes_twice() -> None:
    for suffix in ("png", "svg", "pdf"):
        path = Path(f"x.{suffix}")
        first, second = (to_bytes(drawn(history(5)), path) for _ in range(2))
        assert first == second


def test_the_chart_in_text() -> None:
    lines = training_chart(history(100)).splitlines()
    assert [" ".join(line.split()[:2]) for line in lines] == [
        "training loss", "validation loss", "learning rate", "gradient layer", "gradient layer",
    ]  # fmt: skip
    assert all(len(line) <= 80 for line in lines)
    assert lines[0].endswith("1 .. 0.01")
    assert np.char.count(np.array(lines), "█").min() >= 1


def test_the_table(result: TrainingResult) -> None:
    table = training_table(result)
    assert table.header == ("metric", "train", "validation", "test", "base rate (test)")
    names = [row[0] for row in table.rows]
    assert names == ["rows", *SCORES, "tn", "fp", "fn", "tp", "threshold"]
    values = dict(zip(names, table.rows, strict=True))
    test = result.metrics["test"]
    assert test is not None
    assert values["loss"][3] == f"{test.loss:.4f}"
    assert table.title.endswith("15 epochs in " + table.title.split(" in ")[1])
