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
