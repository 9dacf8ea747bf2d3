"""The picture of the comparison: the same bytes twice, forms told apart, nothing in the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlpcli.compare.choices import default_dtypes
from mlpcli.compare.records import TrainingRun
from mlpcli.compare.summary import Comparison, compare_on_grid
from mlpcli.nn.losses import BCE_FORMS, LIBRARY_FORMS, LOSSES
from mlpcli.report.figures import to_bytes

pytest.importorskip("matplotlib")

from matplotlib.backends.backend_agg import FigureCanvasAgg

from mlpcli.report.compare_losses_figure import comparison_chart, comparison_figure

ALL = (*BCE_FORMS, *LIBRARY_FORMS)


def x_of(line: Any) -> list[float]:
    return [float(x) for x in line.get_xdata()]


def comparison(
    forms: tuple[str, ...], dtypes: tuple[str, ...], grid: Any = None, **runs: Any
) -> Comparison:
    return replace(compare_on_grid(forms, 1e-7, dtypes, grid), **runs)


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_same_bytes_twice(suffix: str) -> None:
    result = comparison(("naive", "stable"), ("float32",))
    path = Path(f"x.{suffix}")
    first, second = (to_bytes(comparison_figure(result), path) for _ in range(2))
    assert first == second
    assert len(first) > 5000


@pytest.mark.parametrize("dtypes", [("float64",), default_dtypes()])
def test_panels_by_dtype_without_overlap(dtypes: tuple[str, ...]) -> None:
    figure = comparison_figure(comparison(ALL, dtypes))
    FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]  # matplotlib's
    assert len(figure.axes) == 3 * len(dtypes)
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            assert a is not None
            assert b is not None
            assert not a.overlaps(b)
    legend = figure.legends[0].get_window_extent()
    assert not any(legend.overlaps(box) for box in boxes if box is not None)
    assert figure.get_facecolor() == (1, 1, 1, 1)  # legible on a dark page


def test_every_form_has_its_own_colour_and_dashes() -> None:
    figure = comparison_figure(comparison(ALL, ("float64",)))
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert set(texts) == {*ALL, "mse (another loss)", "nan from here on"}
    lines = figure.legends[0].get_lines()[:-1]
    assert len({line.get_color() for line in lines}) == len(ALL) + 1
    styles = {
        (line.get_linestyle(), str(line._unscaled_dash_pattern), line.get_linewidth())  # type: ignore[attr-defined]  # no other way to ask
        for line in lines
    }
    assert len(styles) == len(ALL) + 1


def test_a_softmax_says_what_its_logits_are() -> None:
    result = compare_on_grid(("stable",), 1e-7, ("float64",), loss=LOSSES["cross_entropy"])
    figure = comparison_figure(result)
    assert figure.legends[0].get_title().get_text().startswith("logits (h, 0, 0) of a softmax")
    plain = comparison_figure(comparison(("stable",), ("float64",)))
    assert plain.legends[0].get_title().get_text() == ""


def test_crosses_where_naive_breaks() -> None:
    figure = comparison_figure(comparison(("naive", "stable"), ("float64",)))
    for axes in figure.axes:
        crosses = [line for line in axes.lines if line.get_marker() == "x" and x_of(line)]
        assert len(crosses) == 1
        assert sorted(x_of(crosses[0])) == pytest.approx([-709.78, 36.74], abs=0.01)


def test_loss_curves_of_every_run_and_a_cross_for_each_that_diverged() -> None:
    runs = (
        TrainingRun("naive", 0, "diverged", 0, 0.7, "why", ()),
        TrainingRun("stable", 0, "epochs", 3, 0.2, None, (0.5, 0.3, 0.2)),
        TrainingRun("mse", 1, "epochs", 2, 0.2, None, (0.1, 0.1)),
    )
    figure = comparison_figure(comparison(("naive", "stable"), ("float64",), training=runs))
    losses, other = figure.axes[-2:]
    curves = [line for line in losses.lines if line.get_marker() != "x"]
    assert sorted(len(x_of(line)) for line in curves) == [0, 3]
    assert [len(x_of(line)) for line in other.lines] == [2]  # not on the scale of another loss
    assert other.get_title() == "mse: another loss, another scale"
    (cross,) = (line for line in losses.lines if line.get_marker() == "x")
    assert x_of(cross) == [1]


@pytest.mark.parametrize("grid", [[5.0], [-3.0, 4.0], [100.0, 200.0], [900.0, 1e4]])
def test_odd_grids_are_drawn_too(grid: list[float]) -> None:
    result = comparison(tuple(BCE_FORMS), ("float16", "float64"), np.array(grid))
    assert to_bytes(comparison_figure(result), Path("x.png")).startswith(b"\x89PNG")


def test_the_chart() -> None:
    lines = comparison_chart(comparison(("naive", "epsilon", "stable"), ("float64",))).splitlines()
    assert max(map(len, lines)) <= 80
    marks = {tuple(line.split()[:3]): line.split()[3] for line in lines[2:]}
    assert set(marks["stable", "float64", "0"]) == {"#"}
    assert marks["naive", "float64", "0"].endswith("#xxxxxx")
    epsilon = marks["epsilon", "float64", "0"]
    assert epsilon[len(epsilon) // 2] == "#"
    assert epsilon.endswith("-000000")
    assert lines[1].index(" 0 ") + 1 == lines[2].index(marks["naive", "float64", "0"]) + 25
