"""Predictions as text: the names of their columns, as many digits as tell, and empty fields."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.data.target import Classes, OneAgainstRest, Target
from mlpcli.training.prediction_text import (
    Prediction,
    csv_lines,
    label_columns,
    output_names,
    prediction_columns,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.data.target import AnyTarget

ONE = Target("y", "text", "no", "yes")
REST = OneAgainstRest("z", "text", "b")
MANY = Classes("k", "text", ("u", "v", "w"))


@pytest.mark.parametrize(
    ("targets", "names"),
    [
        ([ONE], ["probability", "prediction"]),
        ([ONE, REST], ["y_probability", "y_prediction", "z_probability", "z_prediction"]),
        ([MANY], ["k=u", "k=v", "k=w", "prediction"]),
    ],
)
def test_names_are_those_of_the_columns(targets: Sequence[AnyTarget], names: list[str]) -> None:
    width = sum(target.outputs for target in targets)
    found = Prediction(np.full((2, width), 0.5), np.array([True, False]), np.zeros((2, width)))
    columns = prediction_columns(found, (0.5,) * len(targets), targets, "float64")
    assert output_names(targets) == [*columns] == names
    assert all(column[1] == "" for column in columns.values())
    assert "" not in [column[0] for column in columns.values()]


@given(st.floats(0, 1))
def test_digits_read_back(p: float) -> None:
    """A float64 exactly; of a float32 network to half of the ninth digit."""
    found = Prediction(np.array([[p]]), np.array([True]), np.zeros((1, 1)))
    exact, short = (
        float(prediction_columns(found, (0.5,), [ONE], dtype)["probability"][0])
        for dtype in ("float64", "float32")
    )
    assert exact == p
    assert abs(short - p) <= 5.01e-9 * p + 1e-320


def test_true_labels() -> None:
    codes = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert label_columns(codes, [ONE, REST]) == {
        "y_label": ["no", "yes"], "z_label": ["b", "not b"],
    }  # fmt: skip
    assert label_columns(np.array([[2.0]]), [MANY]) == {"label": ["w"]}
    soft = Target("y", "number", 0, 1, soft=True)
    assert label_columns(np.array([[0.1]]), [soft]) == {"label": ["0.1"]}


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0")), min_size=2)
    )
)
def test_lines_read_back(rows: list[list[str]]) -> None:
    assert [*csv.reader(io.StringIO(csv_lines(rows), newline=""))] == rows or not rows
