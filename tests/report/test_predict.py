"""Predictions as CSV: numbers that read back exactly, labels quoted where they must be."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli.data.target import AnyTarget, Classes, Target, classes_of
from mlpcli.report.predict import prediction_lines
from mlpcli.training.prediction_text import Prediction

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Model:
    targets: tuple[AnyTarget, ...]
    thresholds: tuple[float, ...]
    dtype: str = "float64"

    @property
    def classes(self) -> Classes | None:
        return classes_of(self.targets)

    @property
    def names(self) -> list[str]:
        return [target.name for target in self.targets]


@dataclass
class Blocks:
    model: Model
    blocks: list[Prediction]

    def __iter__(self) -> Iterator[Prediction]:
        return iter(self.blocks)


def rows(blocks: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(prediction_lines(blocks)))))


def test_blocks_of_several_targets() -> None:
    targets = (Target("a", "text", 'n,"o"', "é\n"), Target("b", "number", 2, 0.5))
    p = np.array([[0.1 + 0.2, 1e-300], [0.7, 0.25], [0.2, 0.9]])
    known = np.array([True, False, True])
    blocks = Blocks(
        Model(targets, (0.3, 0.6)), [Prediction(p, known, p), Prediction(p[:1], known[:1], p[:1])]
    )
    assert rows(blocks) == [
        ["a_probability", "a_prediction", "b_probability", "b_prediction"],
        ["0.30000000000000004", "é\n", "1e-300", "2"],
        ["", "", "", ""],
        ["0.2", 'n,"o"', "0.9", "0.5"],
        ["0.30000000000000004", "é\n", "1e-300", "2"],
    ]


@pytest.mark.parametrize(("threshold", "label"), [(None, "1"), (0.25, "1"), (0.26, "0")])
def test_the_threshold_itself_is_positive(threshold: float | None, label: str) -> None:
    p = np.array([[0.25]])
    model = Model((Target("y", "number", 0, 1),), (threshold or 0.25,))
    blocks = Blocks(model, [Prediction(p, np.array([True]), p)])
    assert rows(blocks) == [["probability", "prediction"], ["0.25", label]]


def test_as_many_digits_as_the_network_holds() -> None:
    """A float32 has 9 significant digits at most, also where it is close to 0 or 1."""
    p = np.array([[0.1 + 0.2], [1e-300], [1 - 1e-9], [1.0]])
    model = Model((Target("y", "number", 0, 1),), (0.5,), "float32")
    found = rows(Blocks(model, [Prediction(p, np.ones(4, np.bool_), p)]))
    assert [row[0] for row in found[1:]] == ["0.3", "1e-300", "0.999999999", "1"]
