"""Rows that are taken from scored rows keep what belongs to them."""

from __future__ import annotations

import numpy as np

from mlpcli.nn.losses import LOSSES
from mlpcli.training.score_rows import ScoredLabels, ScoredRows


def test_taken_rows() -> None:
    h, y, weight = np.arange(6.0).reshape(3, 2), np.eye(3)[:, :2], np.array([1.0, 2.0, 3.0])
    some = ScoredRows(h, y, ("a", "b"), (0.5, 0.5), weight).take(np.array([2, 0, 2]))
    assert some.logits.tolist() == [[4, 5], [0, 1], [4, 5]]
    assert some.labels.tolist() == [[0, 0], [1, 0], [0, 0]]
    assert some.weight is not None
    assert some.weight.tolist() == [3, 1, 3]
    assert ScoredRows(h, y, ("a", "b"), (0.5, 0.5)).take(np.array([1])).weight is None


def test_probabilities_of_labels_are_those_of_the_loss() -> None:
    loss = LOSSES["cross_entropy"]
    rows = ScoredLabels(np.zeros((2, 4)), np.eye(4)[:2], tuple("abcd"), (), loss=loss)
    assert rows.p.tolist() == [[0.25] * 4] * 2
    assert rows.metrics(loss).accuracy == 0.5
