"""What is shown of three and more labels stays readable, and loses nothing that it promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from mlpcli.nn.losses import LOSSES
from mlpcli.report.evaluate import evaluation_chart, evaluation_document, evaluation_tables
from mlpcli.report.evaluate_figure import evaluation_figure
from mlpcli.report.figures import to_bytes
from mlpcli.report.label_panels import draw_calibration
from mlpcli.training.evaluate import Evaluation
from mlpcli.training.score_rows import ScoredLabels

SOFTMAX = LOSSES["cross_entropy"]


def evaluation(K: int, rows: int = 400, broken: bool = False) -> Evaluation:
    rng = np.random.default_rng(K)
    labels = np.r_[np.arange(K - 1), rng.integers(0, K - 1, rows)]  # the last never occurs
    h = rng.normal(size=(len(labels), K)) + 2 * np.eye(K)[labels]
    if broken:
        h[0, 0] = np.inf
    names = tuple(f"a label with the number ${c}$" for c in range(K))
    scored = ScoredLabels(h, np.eye(K)[labels], names, (), loss=SOFTMAX)
    return Evaluation(scored.metrics(SOFTMAX), "", (), None, scored)


def test_few_labels_have_their_scores_and_the_whole_confusion() -> None:
    found = evaluation(3)
    scores, labels, matrix = evaluation_tables(found, "t")
    assert [row[0] for row in scores.rows][:3] == ["rows", "loss", "accuracy"]
    assert "threshold" not in {row[0] for row in scores.rows}
    assert len(labels.rows) == len(matrix.rows) == 3
    assert labels.rows[2][6:8] == ("-", "-")
    counts: Any = found.metrics
    assert [[int(cell) for cell in row[1:]] for row in matrix.rows] == [
        list(row) for row in counts.confusion
    ]
    assert matrix.header == ("label", *["a label with th…"] * 3)


@pytest.mark.parametrize("K", [13, 100])
def test_many_labels_have_the_weakest_and_the_commonest_mistakes(K: int) -> None:
    found = evaluation(K)
    _, labels, mistakes = evaluation_tables(found, "t")
    counts: Any = np.array(found.metrics.confusion)  # type: ignore[attr-defined]
    if K == 100:
        assert len(labels.rows) == 20
        assert labels.title.endswith("the 20 of 100 with the lowest f1, all are in --json")
        shown = {row[0] for row in labels.rows}
        each: Any = found.metrics.per_label  # type: ignore[attr-defined]
        worst = max(each[name].f1 for name in shown)
        others = (s for name, s in each.items() if name not in shown and s.rows + s.predicted)
        assert worst <= min(s.f1 for s in others)
    numbers = [int(row[2]) for row in mistakes.rows]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[0] == (counts - np.diag(counts.diagonal())).max()
    assert len(numbers) <= 20
    assert max(map(len, mistakes.plain().splitlines()[1:])) < 100


@pytest.mark.parametrize("K", [3, 10, 100])
def test_the_figure_and_the_chart(K: int, tmp_path: Any) -> None:
    found = evaluation(K)
    figure = evaluation_figure(found, "t")
    matrix, roc, ranked, calibration, _ = figure.axes
    assert min(len(roc.lines), len(ranked.lines)) >= min(K - 1, 4)
    assert len(matrix.get_yticklabels()) == K
    assert len(matrix.texts) == (K * K if K <= 15 else 0)
    assert len(calibration.get_yticklabels()) == K
    shown = sum(int(text.get_text().replace(",", "")) for text in calibration.texts)
    assert shown == (K * (400 + K - 1) if K <= 15 else 0)  # each label has each row in one bin
    assert to_bytes(figure, tmp_path / "x.png")
    assert len(evaluation_chart(found).splitlines()) >= min(K - 1, 7)


def test_calibration_shows_the_gap_of_each_label_and_bin_and_pales_what_may_be_chance() -> None:
    p = np.array([[0.95, 0.05]] * 40 + [[0.45, 0.55]] * 3)
    labels = np.r_[np.zeros(20, int), np.ones(20, int), 0, 1, 1]
    rows = ScoredLabels(np.log(p), np.eye(2)[labels], ("a", "b"), (), loss=SOFTMAX)
    axes = Figure().subplots()
    draw_calibration(axes, rows)
    image: Any = axes.images[0]
    gaps, alpha = image.get_array(), image.get_alpha()
    assert gaps[0, 9] == pytest.approx(0.5 - 0.95)
    assert gaps[1, 0] == pytest.approx(0.5 - 0.05)
    assert gaps[0, 4] == pytest.approx(1 / 3 - 0.45)
    assert (alpha[0, 9], alpha[0, 4]) == (1, 0.25)
    assert np.ma.getmaskarray(np.ma.masked_invalid(gaps)).sum() == 2 * 10 - 4


def test_an_output_that_is_not_finite_is_told_everywhere() -> None:
    found = evaluation(3, broken=True)
    (table,) = evaluation_tables(found, "t")
    assert table.rows[1] == ("loss", "-")
    assert evaluation_chart(found) == found.metrics.reason
    assert not evaluation_figure(found, "t").axes
    document = evaluation_document(found, "m", "d")["metrics"]
    assert (document["confusion"], document["per_label"]) == ([], {})
