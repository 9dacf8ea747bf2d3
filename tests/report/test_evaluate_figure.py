"""The picture of an evaluation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from mlpcli.nn.sigmoid import sigmoid
from mlpcli.report.evaluate import evaluation_chart
from mlpcli.report.evaluate_figure import evaluation_figure
from mlpcli.report.figures import to_bytes
from mlpcli.training.evaluate import Evaluation
from mlpcli.training.importance import Importance
from pictures import faults, share_of_axes
from results import evaluation, rows

pytest.importorskip("matplotlib")


def drawn(found: Evaluation, title: str = "model on data") -> Any:
    figure = evaluation_figure(found, title)
    assert to_bytes(figure, Path("x.png")).startswith(b"\x89PNG")
    return figure


def test_six_panels_of_one_target() -> None:
    h, y = rows()
    figure = drawn(evaluation(h, y))
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == [
        "ROC", "precision and recall (dotted: base rate)", "calibration (bars: 95 %)",
        "scores by threshold", "confusion at threshold 0.4", "probabilities given",
    ]  # fmt: skip
    area = figure.axes[0].get_legend().get_texts()[0].get_text()
    assert area == f"y: area {metrics.roc_auc_score(y[:, 0], h[:, 0]):.4f}"
    cells = [text.get_text() for text in figure.axes[4].texts]
    counts = metrics.confusion_matrix(y[:, 0], sigmoid(h[:, 0]) >= 0.4).ravel()
    assert [cell.split("\n")[0] for cell in cells] == [str(count) for count in counts]


def test_several_targets_share_a_legend_and_many_are_cut() -> None:
    names = tuple(f"t{k} $" for k in range(10))
    figure = drawn(evaluation(*rows(10), names))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        rf"t{k} \$" for k in range(8)
    ]
    assert figure.get_suptitle() == "model on data (the first 8 of 10 targets)"
    assert len(figure.axes[0].lines) == 9


def test_the_labels_of_the_target_are_named() -> None:
    found = evaluation(*rows())
    assert found.rows is not None
    figure = drawn(replace(found, rows=replace(found.rows, answers=(("male $", "female"),))))
    square, histogram = figure.axes[4:6]
    names = [r"male \$", "female"]
    for axis in (square.xaxis, square.yaxis):
        assert [label.get_text() for label in axis.get_ticklabels()] == names
    assert (square.get_xlabel(), square.get_ylabel()) == ("predicted", "actual y")
    assert histogram.get_legend_handles_labels()[1] == [f"actual {name}" for name in names]


@pytest.mark.parametrize("targets", [1, 8, 30])
def test_words_stay_apart_however_long_the_names_are(targets: int) -> None:
    names = tuple(f"the {k}th target has a name that nobody can read" for k in range(targets))
    figure = drawn(evaluation(*rows(targets), names))
    assert faults(figure) == []
    assert share_of_axes(figure) > 0.35
    if targets > 1:
        counts = figure.axes[4]
        assert len(counts.get_yticklabels()) == targets
        assert len({label.get_text() for label in counts.get_yticklabels()}) == targets
        assert counts.images[0].get_array().shape == (targets, 4)


def test_the_counts_of_several_targets_are_shares_of_their_label() -> None:
    h, y = rows(3)
    counts = drawn(evaluation(h, y, ("a", "b", "c"))).axes[4]
    for k in range(3):
        expected = metrics.confusion_matrix(y[:, k], sigmoid(h[:, k]) >= 0.4, normalize="true")
        assert np.allclose(counts.images[0].get_array()[k], expected.ravel())


def test_one_class_and_outputs_that_are_not_finite() -> None:
    h, y = rows()
    one = drawn(evaluation(h, np.ones_like(y)))
    assert one.axes[0].texts[0].get_text() == "needs rows of both classes"
    assert one.axes[1].texts[0].get_text() == "needs rows of both classes"
    h[3] = np.nan
    none = evaluation(h, y)
    assert not drawn(none).axes
    assert "not finite" in evaluation_chart(none)
    assert evaluation_chart(Evaluation(none.metrics, "", ())) == none.metrics.reason


def test_the_same_bytes_twice() -> None:
    found = evaluation(*rows(2), ("a", "b"))
    for suffix in ("png", "svg"):
        path = Path(f"x.{suffix}")
        first, second = (to_bytes(drawn(found), path) for _ in range(2))
        assert first == second


@pytest.mark.parametrize("targets", [1, 2])
@pytest.mark.parametrize("columns", [1, 31])
def test_importance_stands_beside_the_panels(targets: int, columns: int) -> None:
    names = tuple(f"t{k}" for k in range(targets))
    found = replace(
        evaluation(*rows(targets), names),
        importance=tuple(
            Importance(f"c{k} $", 1 - k / 20, 0.5 - k / 20, 1.25, "roc_auc") for k in range(columns)
        ),
    )
    beside, *panels = drawn(found).axes
    assert len(panels) == 6
    assert len(beside.patches) == min(columns, 30)
    assert beside.patches[0].get_width() == 1
    assert beside.get_xlabel() == "roc_auc falls by"
    assert beside.get_title() == ("importance (30 of 31 columns)" if columns > 30 else "importance")
    assert beside.get_yticklabels()[0].get_text() == r"c0 \$"
