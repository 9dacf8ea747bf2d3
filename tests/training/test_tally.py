"""What is told of rows that are predicted, block by block as of all at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.data.encoder import Encoder
from mlpcli.data.rules import NumberRule, Policies, TextRule
from mlpcli.data.table import Categorical
from mlpcli.training.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.data.rules import MissingPolicy
    from mlpcli.data.table import Column

GAP = math.nan


def encoder(policy: MissingPolicy = "mean", mean: float = 0.5, scale: float = 0.25) -> Encoder:
    rules = (NumberRule("p", mean, scale, mean), TextRule("c", ("a", "b"), "a"))
    return Encoder(rules, Policies(policy))


def columns(p: Sequence[float], c: Sequence[int] | None = None) -> dict[str, Column]:
    codes = [0] * len(p) if c is None else c
    return {"p": np.array(p), "c": Categorical(np.array(codes, np.int32), ("a", "b"))}


def notes(
    p: Sequence[float], c: Sequence[int] | None = None, rules: Encoder | None = None
) -> list[str]:
    """Return the notes, which are the same if each row is a block of its own."""
    rules = rules or encoder()
    whole, told = Tally(), Tally()
    whole.add(Tally.of(rules, columns(p, c)))
    for i in range(len(p)):
        told.add(Tally.of(rules, columns(p[i : i + 1], c and c[i : i + 1])))
    assert [*whole.notes(rules)] == [*told.notes(rules)]
    return [*whole.notes(rules)]


FAR = (
    'column "p": {} of {} values, such as {}, lie far outside training (mean 0.5, standard '
    "deviation 0.25): another unit, or other decimal marks?"
)


@pytest.mark.parametrize(
    ("p", "note"),
    [
        ([90, 75], FAR.format(2, 2, 90)),
        ([-75, 0.5, 90], FAR.format(2, 3, -75)),
        ([1e300, 0.5, -1e300], FAR.format(2, 3, "1e+300")),
        ([90, 0.5, 0.2, 75], None),
        ([90], None),
        ([2.9, -1.9, 0.0], None),
    ],
)
def test_values_far_outside_training(p: Sequence[float], note: str | None) -> None:
    assert notes(p) == ([] if note is None else [note])


def test_what_is_missing_is_not_far_and_not_near() -> None:
    assert FAR.format(2, 2, 90) in notes([90, GAP, GAP, GAP, 75])


def test_numbers_that_are_not_standardized_have_no_range() -> None:
    assert notes([9000, 7500], rules=encoder(mean=0.0, scale=1.0)) == []


@pytest.mark.parametrize("policy", ["mean", "median", "level"])
def test_gaps_that_are_filled(policy: MissingPolicy) -> None:
    assert notes([0.1, GAP, GAP, 0.2], [0, 1, -1, 1], encoder(policy)) == [
        "1 row has no value at all, but has a prediction",
    ]
    assert notes([0.1, GAP], rules=encoder(policy)) == []


def test_empty_rows() -> None:
    assert notes([0.1, GAP, GAP], [0, -1, -1]) == [
        "2 rows have no value at all, but have a prediction"
    ]


def test_rows_that_get_no_prediction_are_none_of_them() -> None:
    assert notes([0.1, GAP], [0, -1], encoder("drop")) == []
