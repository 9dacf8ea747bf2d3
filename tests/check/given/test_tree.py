"""Whatever holds numbers becomes plain arrays of the same precision; nothing else passes."""

from __future__ import annotations

import array
import ctypes
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mlpcli.check.given.tree import (
    Refused,
    copied,
    in_new_lists,
    refilled,
    same,
    tree_of,
    tree_or_name,
)

ROWS = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
MATRIX = np.array(ROWS)


class Tensor:
    """What torch has: an array of a graph must be detached first."""

    def __init__(self, numbers: Any, *, attached: bool = True) -> None:
        self.numbers = numbers
        self.attached = attached

    def detach(self) -> Tensor:
        return Tensor(self.numbers, attached=False)

    def cpu(self) -> Tensor:
        return self

    def float(self) -> np.ndarray[Any, Any]:
        return np.asarray(self.numbers, np.float32)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
        if self.attached:
            raise RuntimeError("can't call numpy() on a tensor that requires grad")
        if self.numbers is ROWS:
            raise TypeError("got unsupported ScalarType BFloat16")
        return np.asarray(self.numbers)


class Shared:
    """What knows DLPack alone."""

    def __dlpack__(self, **options: Any) -> Any:
        return MATRIX.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return MATRIX.__dlpack_device__()


@dataclass
class Gradients:
    dW: Any
    db: Any


class Slots:
    __slots__ = ("_mask", "dW", "unset")

    def __init__(self, dW: Any) -> None:
        self.dW = dW


def floats(*numbers: float) -> Any:
    return (ctypes.c_double * len(numbers))(*numbers)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (MATRIX, MATRIX),
        (MATRIX.astype("f4"), MATRIX.astype("f4")),
        (MATRIX.astype("f2"), MATRIX.astype("f2")),
        (MATRIX.astype(">f8"), MATRIX.astype(">f8")),
        (MATRIX.astype(np.longdouble), MATRIX),
        (MATRIX.view(np.matrix), MATRIX),
        (np.ma.array(MATRIX), MATRIX),
        (MATRIX > 2, MATRIX > 2),
        (Tensor(MATRIX), MATRIX),
        (Tensor(ROWS), MATRIX.astype("f4")),
        (Shared(), MATRIX),
        (array.array("d", [1.0, 2.0]), np.array([1.0, 2.0])),
        (MATRIX.data, MATRIX),
        (floats(1.0, 2.0), np.array([1.0, 2.0])),
        (np.zeros((0, 2), "f4"), np.zeros((0, 2), "f4")),
        (0.5, np.array(0.5)),
        (np.float32(0.5), np.array(0.5, "f4")),
        (2**70, np.array(2.0**70)),
        ([1.0, 2], np.array([1.0, 2.0])),
    ],
)
def test_numbers_become_an_array_of_their_precision(value: Any, expected: Any) -> None:
    found = tree_of(value)
    assert type(found) is np.ndarray
    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ROWS, [MATRIX[0], MATRIX[1]]),
        (((MATRIX,), []), ((MATRIX,), [])),
        ({"dW1": MATRIX, 2: [0.5]}, {"dW1": MATRIX, 2: np.array([0.5])}),
        (zip([MATRIX], [MATRIX[0]], strict=True), [(MATRIX, MATRIX[0])]),
        ((0.3, None, "sigmoid"), (np.array(0.3), None, "str")),
        (SimpleNamespace(W=MATRIX, _cache=MATRIX), {"W": MATRIX}),
        (Gradients(MATRIX, [MATRIX[0]]), {"dW": MATRIX, "db": [MATRIX[0]]}),
        ([Slots(MATRIX), Slots(None)], [{"dW": MATRIX, "unset": None}, "Slots"]),
        (SimpleNamespace(name="sigmoid"), "SimpleNamespace"),
        (SimpleNamespace, "type"),
    ],
)
def test_what_holds_arrays_keeps_its_form(value: Any, expected: Any) -> None:
    found = tree_of(value)
    assert type(found) is type(expected)
    assert same(found, expected)


def test_an_array_of_arrays_is_a_list() -> None:
    held = np.empty(2, object)
    held[:] = [MATRIX, MATRIX[0]]
    assert same(tree_of(held), [MATRIX, MATRIX[0]])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (MATRIX + 0j, "expected real numbers, got complex128"),
        (np.zeros(2, [("re", "f4")]), "expected real numbers, got"),
        (np.array(["a"]), "expected real numbers, got <U1"),
        ([None] * 100_001, "a list has more than 100,000 items"),
    ],
)
def test_what_is_refused(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tree_of([value])


def test_a_list_in_itself_is_too_deep() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="more than 16 deep"):
        tree_of(endless)


def test_objects_that_know_each_other_end() -> None:
    below, above = SimpleNamespace(dW=MATRIX), SimpleNamespace(dW=MATRIX[0])
    below.next, above.previous = above, below
    linked = {"dW": MATRIX, "next": {"dW": MATRIX[0], "previous": "SimpleNamespace"}}
    assert same(tree_of(below), linked)


def test_nan_is_the_same_as_nan_and_nothing_else() -> None:
    hole = np.array([1.0, np.nan])
    assert same(hole, hole.copy())
    assert not same(hole, np.array([1.0, 2.0]))
    assert not same(hole, [1.0, np.nan])


def test_copies_share_nothing() -> None:
    tree = ([MATRIX.copy()], {"b": MATRIX[0].copy()}, None)
    other = copied(tree)
    assert same(tree, other)
    other[0][0][0, 0] = 7
    assert not same(tree, other)
    assert tree[0][0][0, 0] == 1


def test_new_numbers_go_into_the_arrays_that_are_there_where_they_fit() -> None:
    kept = ([np.zeros((2, 3)), np.zeros(2)], np.zeros(4))
    tree = ([MATRIX, np.ones(3)], np.arange(4.0))
    filled = refilled(kept, tree)
    assert same(filled, tree)
    assert filled[0][0] is kept[0][0]
    assert filled[1] is kept[1]
    assert filled[0][1] is not tree[0][1]
    kept[1].flags.writeable = False
    assert refilled(kept, tree)[1] is not kept[1]


def test_lists_may_be_changed_without_losing_what_they_held() -> None:
    kept = [np.ones(2), np.ones(3)]
    lent = in_new_lists(kept)
    lent.pop()
    assert len(kept) == 2
    assert lent[0] is kept[0]


def test_text_is_no_array() -> None:
    assert not same("W1", MATRIX)
    assert not same(MATRIX, "W1")
    assert not same([None, "W1"], [None, MATRIX])
    assert same("W1", "W1")


def test_what_is_no_tree_has_the_name_of_its_type() -> None:
    assert tree_or_name(MATRIX + 0j) == "complex128"
    assert tree_or_name(([MATRIX + 0j], None)) == (["complex128"], None)
    assert tree_or_name([[[MATRIX + 0j]]]) == [["list"]]
    assert tree_or_name(MATRIX) is not None
    np.testing.assert_array_equal(tree_or_name(MATRIX), MATRIX)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (MATRIX + 0j, ""),
        ([MATRIX, [MATRIX, MATRIX + 0j]], "[1][1]"),
        ({"dW1": MATRIX, 3: (MATRIX + 0j,)}, "[3][0]"),
        (SimpleNamespace(dW=[MATRIX + 0j]), "['dW'][0]"),
    ],
)
def test_what_is_refused_has_a_place(value: Any, place: str) -> None:
    with pytest.raises(Refused, match="expected real numbers, got complex128") as caught:
        tree_of(value)
    assert caught.value.place == place
