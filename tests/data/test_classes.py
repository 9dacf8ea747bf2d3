"""Targets of three and more labels, and of one label against the rest."""
# ruff: noqa: E501 - a message is compared with the whole line that the user sees

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli.data.material import load_dataset
from mlpcli.data.notes import column_notes, label_notes
from mlpcli.data.table import Categorical
from mlpcli.data.target import Classes, OneAgainstRest, Target, fit_target, one_hot, target_from
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.config import Config
    from mlpcli.data.table import Column


def text(*values: str | None) -> Categorical:
    levels = tuple(sorted({value for value in values if value is not None}))
    codes = [-1 if value is None else levels.index(value) for value in values]
    return Categorical(np.array(codes, np.int32), levels)


def numbers(*values: float) -> Column:
    return np.array(values, np.float64)


def test_labels_are_ascending_or_in_the_order_given() -> None:
    column = text("b", "a", None, "c")
    target = fit_target("y", column, None, None, alone=True)
    assert target == Classes("y", "text", ("a", "b", "c"))
    assert (target.outputs, target.labels) == (3, ("a", "b", "c"))
    np.testing.assert_array_equal(target.encode(column), [1, 0, math.nan, 2])
    np.testing.assert_array_equal(target.encode(text("d")), [-1])
    ordered = fit_target("y", column, None, ["c", "a", "b"], alone=True)
    assert ordered == Classes("y", "text", ("c", "a", "b"))
    assert target_from(json.loads(json.dumps(ordered.to_document()))) == ordered


def test_numbers_are_labels_too() -> None:
    column = numbers(10, 2, math.nan, -1)
    target = fit_target("y", column, None, None, alone=True)
    assert target == Classes("y", "number", (-1, 2, 10))
    assert target.labels == ("-1", "2", "10")
    np.testing.assert_array_equal(target.encode(column), [2, 1, math.nan, 0])
    y = one_hot(target.encode(numbers(10, -1))[:, None], [target], "float32")
    assert y.dtype == np.float32
    assert y.tolist() == [[0, 0, 1], [1, 0, 0]]


def test_one_against_the_rest() -> None:
    target = fit_target("y", text("a", "b", "c"), "b", None, alone=True)
    assert target == OneAgainstRest("y", "text", "b")
    assert (target.outputs, target.labels, target.meaning) == (
        1, ("not b", "b"), "b = 1, all others = 0",
    )  # fmt: skip
    np.testing.assert_array_equal(target.encode(text("b", None, "new")), [1, math.nan, 0])
    assert target_from(json.loads(json.dumps(target.to_document()))) == target


def test_values_between_0_and_1_are_soft_unless_an_order_names_them() -> None:
    column = numbers(0, 0.5, 1)
    assert fit_target("y", column, None, None, alone=True) == Target("y", "number", 0, 1, soft=True)
    ordered = fit_target("y", column, None, [1, 0.5, 0], alone=True)
    assert ordered == Classes("y", "number", (1, 0.5, 0))


REFUSED: dict[str, tuple[Column, list[Any] | None, bool, str]] = {
    "measurements": (numbers(1.5, 2.5, 3), None, True, 'target "y": expected labels, got 3 numbers such as 1.5: mlp classifies, and does no regression; name another column as data.target, or every label in data.labels'),
    "45 whole numbers": (numbers(*range(7, 52)), None, True, 'target "y": expected labels, got 45 numbers such as 7: mlp classifies, and does no regression; name another column as data.target, or every label in data.labels'),
    "too many": (numbers(*[*range(101)] * 3), None, True, 'target "y": expected at most 100 labels, got 101: 0, 1, 2, 3, 4, ..; name another column as data.target, or every label in data.labels'),
    "one of several targets": (text("a", "b", "c"), None, False, 'target "y": expected two labels, got 3: "a", "b", "c"; of several targets each has two: set data.positive to the one that counts as 1, or make it the only target'),
    "order without a label": (text("a", "b", "c", "d"), ["a", "b", "c"], True, 'target "y": data.labels leaves out "d"; name every label of the column'),
    "order with one more": (text("a", "b", "c"), ["a", "b", "c", "dd"], True, 'target "y": data.labels is "dd", but the labels are "a", "b", "c"'),
}  # fmt: skip


@pytest.mark.parametrize(("column", "order", "alone", "line"), REFUSED.values(), ids=REFUSED)
def test_refused(column: Column, order: list[Any] | None, alone: bool, line: str) -> None:
    with pytest.raises(DataError) as caught:
        fit_target("y", column, None, order, alone=alone)
    assert caught.value.lines == (line,)


def test_many_whole_numbers_may_be_labels() -> None:
    again = numbers(*[*range(45)] * 3)
    assert fit_target("y", again, None, None, alone=True).outputs == 45
    once = numbers(*range(45))
    assert fit_target("y", once, None, [*range(45)], alone=True).outputs == 45
    assert fit_target("y", numbers(*range(20)), None, None, alone=True).outputs == 20


def test_notes() -> None:
    target = Classes("y", "text", ("a", "b", "c"))
    codes = np.arange(60.0)[:, None] % 3
    assert label_notes(codes, [target]) == []
    assert label_notes(codes[codes < 2][:, None], [target]) == [
        'none of 40 rows has "c" as target "y"'
    ]
    (note,) = column_notes("x", text(*"zyx" * 20), codes, [target])
    assert note.startswith('column "x" tells target "y" exactly')
    assert column_notes("x", text(*"zyyx" * 15), codes, [target]) == []


TABLE = "a,y\n" + "".join(f"{i},{'pqqrrr'[i % 6]}\n" for i in range(120))


def test_splits_share_out_every_label(config_for: Callable[..., Config]) -> None:
    dataset = load_dataset(config_for(TABLE, "validation: 0.25, test: 0.25"))
    assert dataset.classes == Classes("y", "text", ("p", "q", "r"))
    assert (dataset.outputs, dataset.config.loss.kind) == (3, "cross_entropy")
    for rows, each in zip(dataset.parts().values(), (10, 5, 5), strict=True):
        assert rows is not None
        assert rows.y.sum(axis=0).tolist() == [each, 2 * each, 3 * each]
        assert (rows.y.sum(axis=1) == 1).all()


def test_two_labels_are_bce(config_for: Callable[..., Config]) -> None:
    dataset = load_dataset(config_for("a,y\n1,0\n2,1\n"))
    assert (dataset.classes, dataset.outputs, dataset.config.loss.kind) == (None, 1, "bce")


SETTLED: dict[str, tuple[str, str, str]] = {
    "softmax of two": ("a,y\n1,0\n2,1\n", "loss.kind=cross_entropy", 'loss.kind: cross_entropy needs one target of three and more labels, got "y" of two; use bce'),
    "weights by label of two": ("a,y\n1,0\n2,1\n", "loss.class_weight={p: 1, q: 1, r: 1}", 'loss.class_weight: expected the keys 0 and 1 for "y", which has two labels'),
    "weights without a label": (TABLE, "loss.class_weight={0: 1, 1: 1}", 'target "y": a key of loss.class_weight is "0", but the labels are "p", "q", "r"'),
    "a label unweighed": (TABLE.replace("r", "1").replace("q", "0").replace("p", "2"), "loss.class_weight={0: 1, 1: 1}", 'loss.class_weight: expected a weight for each label of "y", got none for 2'),
}  # fmt: skip


@pytest.mark.parametrize(("table", "override", "line"), SETTLED.values(), ids=SETTLED)
def test_what_does_not_go_with_the_target(
    config_for: Callable[..., Config], table: str, override: str, line: str
) -> None:
    from mlpcli.config import parse_config

    config_for(table)
    config = parse_config("data: {train: t.csv, target: y}", "c.yaml", ".", [override])
    with pytest.raises(DataError) as caught:
        load_dataset(config)
    assert caught.value.lines == (line,)


def test_no_threshold_is_sought_for_many_labels(config_for: Callable[..., Config]) -> None:
    config = config_for(TABLE, "validation: 0.5", "threshold: {maximize: f1}")
    with pytest.raises(DataError, match='target "y" has 3 labels, of which the likeliest'):
        load_dataset(config)
