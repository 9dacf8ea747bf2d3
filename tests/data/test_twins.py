"""Rows that stand in two parts are counted, where that is no matter of course."""

from __future__ import annotations

import numpy as np
import pytest

from mlpcli.data.rows import Rows
from mlpcli.data.twins import twin_notes


def rows(count: int, seed: int, dtype: str = "float32", width: int = 3) -> Rows:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, (count, 1)).astype(dtype)
    return Rows(rng.normal(size=(count, width)).astype(dtype), y, None)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_twins_are_counted_by_part(dtype: str) -> None:
    train, validation, test = rows(50, 0, dtype), rows(10, 1, dtype), rows(8, 2, dtype)
    test.X[:3], test.y[:3] = train.X[40:43], train.y[40:43]
    notes = twin_notes({"train": train, "validation": validation, "test": test})
    assert len(notes) == 1
    assert notes[0].startswith("test: 3 of 8 rows are training rows too")


def test_another_target_makes_another_row() -> None:
    train, test = rows(50, 0), rows(8, 2)
    test.X[:3], test.y[:3] = train.X[:3], 1 - train.y[:3]
    assert twin_notes({"train": train, "test": test}) == []


def test_the_sign_of_zero_is_no_difference() -> None:
    train, test = rows(50, 0), rows(8, 2)
    train.X[0], test.X[0], test.y[0] = 0.0, -0.0, train.y[0]
    assert len(twin_notes({"train": train, "test": test})) == 1


def test_where_most_rows_come_twice_twins_are_no_surprise() -> None:
    train = rows(50, 0)
    train.X[:] = train.X[:1]
    assert twin_notes({"train": train, "test": train}) == []
    assert twin_notes({"train": rows(10, 0), "test": rows(10, 0)}) == []
    assert twin_notes({"train": rows(50, 0)}) == []


def test_one_input_may_be_alike_by_chance() -> None:
    train, test = rows(50, 0, width=1), rows(20, 1, width=1)
    train.X[1], train.y[1] = train.X[0], train.y[0]
    test.X[:1], test.y[:1] = train.X[:1], train.y[:1]
    assert twin_notes({"train": train, "test": test}) == []
    test.X[:9], test.y[:9] = train.X[9:18], train.y[9:18]
    assert twin_notes({"train": train, "test": test})[0].startswith("test: 9 of 20 rows")
