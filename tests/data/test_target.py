"""Which label counts as 1, what is refused, and that labels survive both ways."""
# ruff: noqa: E501 - a message is compared with the whole line that the user sees

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mlpcli.data.labels import label_text, means
from mlpcli.data.table import Categorical
from mlpcli.data.target import Target, target_from
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.data.labels import Label
    from mlpcli.data.table import Column


def column(values: Sequence[str | float | None]) -> Column:
    if any(isinstance(value, str) for value in values):
        levels = tuple(sorted({value for value in values if isinstance(value, str)}))
        codes = [levels.index(value) if isinstance(value, str) else -1 for value in values]
        return Categorical(np.array(codes, np.int32), levels)
    return np.array([math.nan if value is None else value for value in values], np.float64)


FITS: list[tuple[list[Any], Any, Any, Any]] = [
    # values, data.positive, negative, positive
    ([0, 1, 1], None, 0, 1),
    ([0, 5], None, 0, 5),
    ([-3, 0], None, 0, -3),
    ([1, 2], None, 2, 1),
    ([-1, 1], None, -1, 1),
    ([2.5, 0], None, 0, 2.5),
    ([0, 1, None], None, 0, 1),
    (["true", "false"], None, "false", "true"),
    (["FALSE", "TRUE", None], None, "FALSE", "TRUE"),
    ([0, 1], 0, 1, 0),
    ([0, 1], 0.0, 1, 0),
    ([0, 1], True, 0, 1),
    ([0, 1], False, 1, 0),
    ([2, 3], "3", 2, 3),
    ([2, 3], 3, 2, 3),
    ([0.5, 2], 0.5, 2, 0.5),
    (["yes", "no"], "yes", "no", "yes"),
    (["True", "False"], True, "False", "True"),
    (["True", "False"], False, "True", "False"),
    (["1", "b"], 1, "b", "1"),
    ([0, 1e300], None, 0, int(1e300)),
]


@pytest.mark.parametrize(("values", "wanted", "negative", "positive"), FITS)
def test_which_label_counts_as_1(
    values: list[Any], wanted: Any, negative: Label, positive: Label
) -> None:
    target = Target.fit("y", column(values), wanted)
    assert (target.negative, target.positive) == (negative, positive)
    assert type(target.positive) is type(positive)
    assert not target.soft
    y = target.encode(column(values)).tolist()
    for value, code in zip(values, y, strict=True):
        assert math.isnan(code) if value is None else code == (value == positive)


REFUSED: list[tuple[list[Any], Any, str]] = [
    ([None, None], None, 'target "y": expected two labels, got only missing values'),
    (
        [1, 1],
        None,
        'target "y": expected two labels, got only 1; a classifier needs rows of both classes',
    ),
    (
        ["a", "a"],
        "a",
        'target "y": expected two labels, got only "a"; a classifier needs rows of both classes',
    ),
    (
        [1, 2, 3],
        None,
        'target "y": expected two labels, got 3: 1, 2, 3; of several targets each has two: set data.positive to the one that counts as 1, or make it the only target',
    ),
    (
        list("abcdefg"),
        None,
        'target "y": expected two labels, got 7: "a", "b", "c", "d", "e", ..; of several targets each has two: set data.positive to the one that counts as 1, or make it the only target',
    ),
    (
        ["a", "b"],
        None,
        'target "y" has the labels "a", "b": set data.positive to the one that counts as 1',
    ),
    (
        [2, 3.5],
        None,
        'target "y" has the labels 2, 3.5: set data.positive to the one that counts as 1',
    ),
    (
        ["male", "female"],
        "femal",
        'target "y": data.positive is "femal", but the labels are "female", "male", did you mean "female"?',
    ),
    ([0, 1], 7, 'target "y": data.positive is 7, but the labels are 0, 1'),
    (["a", "b"], True, 'target "y": data.positive is "true", but the labels are "a", "b"'),
    (
        ["line\nbreak", "x" * 50],
        None,
        f'target "y" has the labels "line\\nbreak", "{"x" * 39}…": set data.positive to the one that counts as 1',
    ),
]


@pytest.mark.parametrize(("values", "wanted", "line"), REFUSED)
def test_refused(values: list[Any], wanted: Any, line: str) -> None:
    with pytest.raises(DataError) as caught:
        Target.fit("y", column(values), wanted)
    assert caught.value.lines == (line,)


def test_soft_labels_are_taken_as_they_are() -> None:
    target = Target.fit("p", column([0.0, 0.25, 1.0, None]), None)
    assert target == Target("p", "number", 0, 1, soft=True)
    y = target.encode(column([0.5, 1.5, -0.1, None, 0.0]))
    np.testing.assert_array_equal(y, [0.5, -1, -1, math.nan, 0])
    assert target.meaning == "0 to 1"


def test_two_values_between_0_and_1_are_soft_unless_one_is_positive() -> None:
    assert Target.fit("p", column([0.2, 0.8]), None).soft
    assert Target.fit("p", column([0.2, 0.8]), 0.8).labels == (
        "0.2",
        "0.8",
    )


def test_unknown_labels_are_minus_1_and_missing_ones_nan() -> None:
    text = Target.fit("y", column(["a", "b"]), "b")
    np.testing.assert_array_equal(text.encode(column(["b", "c", None])), [1, -1, math.nan])
    number = Target.fit("y", column([-1, 1]), None)
    np.testing.assert_array_equal(number.encode(column([-1, 0, 1, None])), [0, -1, 1, math.nan])


@given(
    st.lists(
        st.text(min_size=1) | st.floats(allow_nan=False, allow_infinity=False),
        min_size=2,
        max_size=2,
    ),
)
def test_labels_survive_json_and_encoding(labels: list[Any]) -> None:
    assume(type(labels[0]) is type(labels[1]) and labels[0] != labels[1])
    target = Target.fit("y", column(labels), labels[1])
    again = target_from(json.loads(json.dumps(target.to_document())))
    assert again == target
    assert target.encode(column(labels)).tolist() == [0, 1]
    assert target.labels[1] == label_text(labels[1])


def test_meaning() -> None:
    assert Target("y", "number", 0, 1).meaning == "0 or 1"
    assert Target("y", "number", 1, 0).meaning == "0 = 1, 1 = 0"
    assert Target("y", "text", "m", "f").meaning == "f = 1, m = 0"


@pytest.mark.parametrize(
    ("label", "wanted", "same"),
    [
        (1, True, True),
        (1, 1.0, True),
        (1, "1", True),
        ("1", 1, True),
        ("TRUE", True, True),
        ("false", False, True),
        ("1", True, False),
        (0, True, False),
        ("a", "A", False),
        (0.1, "0.1", True),
    ],
)
def test_means(label: Label, wanted: Any, same: bool) -> None:
    assert means(label, wanted) is same
