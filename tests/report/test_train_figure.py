"""The picture of a training run: scales that fit, many layers as a map, a run without epochs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlpcli.report.figures import to_bytes
from mlpcli.report.train_figure import training_figure
from pictures import faults, share_of_axes
from results import history

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.training.loop import EpochRecord
    from mlpcli.training.result import TrainingResult

pytest.importorskip("matplotlib")


class Ran:
    """As much of a TrainingResult as a picture needs."""

    def __init__(self, best_epoch: int = 2, stopped: str = "epochs") -> None:
        self.path, self.epochs_run = Path("runs/$x$/model.safetensors"), 3
        self.best_epoch, self.stopped = best_epoch, stopped


def drawn(records: Sequence[EpochRecord], **ran: Any) -> Any:
    result: TrainingResult = Ran(**ran)  # type: ignore[assignment]  # as much of it as is needed
    figure = training_figure(records, result)
    assert to_bytes(figure, Path("x.png")).startswith(b"\x89PNG")
    return figure


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


def test_zeros_and_as_many_layers_as_have_lines() -> None:
    records = [replace(r, train_loss=0.0) if r.epoch == 2 else r for r in history(30, layers=10)]
    figure = drawn(records)
    styles = {(line.get_color(), line.get_linestyle()) for line in figure.axes[2].lines[:10]}
    assert len({line.get_label() for line in figure.axes[2].lines[:10]}) == 10
    assert len(styles) > 6


@pytest.mark.parametrize("layers", [11, 31, 100])
def test_more_layers_are_a_map_layer_by_epoch(layers: int) -> None:
    records = history(30, layers)
    vanished = replace(records[4], gradient_norm=(0.0,) * layers)
    figure = drawn([*records[:4], vanished, *records[5:]])
    norms, scale = figure.axes[2:]
    shown = norms.images[0].get_array()
    assert shown.shape == (layers, 30)
    assert shown.mask[:, 4].all()
    assert shown.mask.sum() == layers
    assert shown[3, 6] == records[6].gradient_norm[3]
    assert norms.images[0].get_extent() == [0.5, 30.5, 0.5, layers + 0.5]
    assert (norms.get_ylabel(), scale.get_ylabel()) == ("layer", "gradient norm (crossed: 0)")


@pytest.mark.parametrize("layers", [1, 10, 11, 100])
def test_no_words_collide_and_no_legend_eats_the_panels(layers: int) -> None:
    figure = drawn(history(40, layers))
    assert faults(figure) == []
    assert share_of_axes(figure) > 0.45


def test_the_same_bytes_twice() -> None:
    for suffix in ("png", "svg", "pdf"):
        path = Path(f"x.{suffix}")
        first, second = (to_bytes(drawn(history(5)), path) for _ in range(2))
        assert first == second
