"""What is worth knowing of a column is said, and nothing else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.data.notes import column_notes
from mlpcli.data.table import Categorical
from mlpcli.data.target import Target

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.data.table import Column

N = 60
LABELS: NDArray[np.float64] = np.array([0.0, 1.0] * (N // 2))
TARGETS = (Target("y", "number", 0, 1),)
ANSWER = (
    'tells target "y" exactly: if it is the answer in another form, leave it out with data.drop'
)
IDENTIFIER = (
    "has 60 different texts in 60 rows: an identifier teaches nothing, leave it out with data.drop"
)
ROW_NUMBER = "looks like a row number or an id, which teaches nothing: leave it out with data.drop"
DATES = (
    "holds dates, 28 texts with an input each: give what counts as numbers, or leave it out with "
    "data.drop"
)
BY_CASE = (
    'has texts of which: "Yes", "yes" differ by case or blanks alone and count as different; '
    "write them alike if they mean the same"
)
PARTS = (
    'tells target "y" exactly by a threshold: if it is known only with the answer, leave it out '
    "with data.drop"
)
CONSTANT = "is constant in the training rows: it teaches nothing"


def text(values: list[str]) -> Categorical:
    levels = tuple(sorted(set(values)))
    return Categorical(np.array([levels.index(v) for v in values], np.int32), levels)


ORDERS = np.array([90071993732612614.0 + 2e13 * i * i for i in range(N)])

COLUMNS: dict[str, tuple[Column, list[str]]] = {
    "ordinary number": (np.sin(np.arange(N)), []),
    "row number": (np.arange(float(N)), [ROW_NUMBER]),
    "numbers of customers": (np.arange(float(N))[::-1] * 2 + 1e6, [ROW_NUMBER]),
    "long numbers of orders": (ORDERS, [ROW_NUMBER]),
    "long numbers, some of them negative": (
        np.where(np.arange(N) % 3 > 0, ORDERS, -ORDERS),
        [ROW_NUMBER],
    ),
    "carriers in a cubic centimetre": (np.array([1.37e16 * i for i in range(1, N + 1)]), []),
    "more than any id": (np.array([math.pi * 1e20 * i for i in range(1, N + 1)]), []),
    "different integers": (np.arange(float(N)) ** 2, []),
    "dates": (text([f"2024-01-{i % 28 + 1:02}" for i in range(N)]), [DATES]),
    "texts that differ by case": (text(["Yes", "yes", "no"] * (N // 3)), [BY_CASE]),
    "a measurement that parts": (np.sin(np.arange(N)) + 9 * LABELS, [PARTS]),
    "ordinary text": (text([f"{i % 7}" for i in range(N)]), []),
    "constant number": (np.full(N, 5.0), [CONSTANT]),
    "constant text": (text(["a"] * N), [CONSTANT]),
    "constant but for a gap": (np.r_[math.nan, np.full(N - 1, 5.0)], [CONSTANT]),
    "no number": (np.full(N, math.nan), ["has no value in the training rows"]),
    "no text": (Categorical(np.full(N, -1, np.int32), ()), ["has no value in the training rows"]),
    "the answer": (LABELS, [ANSWER]),
    "the answer as other numbers": (7 - 2 * LABELS, [ANSWER]),
    "the answer as text": (text(["no", "yes"] * (N // 2)), [ANSWER]),
    "the answer with a gap": (np.r_[math.nan, LABELS[1:]], []),
    "almost the answer": (np.r_[1.0, LABELS[1:]], []),
    "three values": (np.r_[2.0, LABELS[1:]], []),
    "identifier": (
        text([f"id{i}" for i in range(N)]),
        [IDENTIFIER],
    ),
    "20 texts": (text([f"{i % 20}" for i in range(N)]), []),
}


@pytest.mark.parametrize(("column", "notes"), COLUMNS.values(), ids=COLUMNS)
def test_a_column(column: Column, notes: list[str]) -> None:
    assert column_notes("c", column, LABELS[:, None], TARGETS) == [f'column "c" {n}' for n in notes]


def test_a_soft_answer() -> None:
    y = np.linspace(0, 1, N)
    target = Target("y", "number", 0, 1, soft=True)
    assert column_notes("c", y.copy(), y[:, None], [target]) == [f'column "c" {ANSWER}']


def test_few_rows_prove_no_leak() -> None:
    assert column_notes("c", LABELS[:39], LABELS[:39, None], TARGETS) == []


def test_an_answer_that_begins_with_one_class_only() -> None:
    y = np.sort(LABELS)
    assert column_notes("c", 3 - y, y[:, None], TARGETS) == [f'column "c" {ANSWER}']


def test_each_target_is_compared() -> None:
    y = np.column_stack([LABELS, np.arange(N) % 3 == 0]).astype(np.float64)
    targets = (*TARGETS, Target("z", "number", 0, 1))
    assert column_notes("c", y[:, 1], y, targets) == ['column "c" ' + ANSWER.replace('"y"', '"z"')]
