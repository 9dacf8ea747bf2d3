"""A case in every layout comes back; a misfit is blamed on what is wrong, or on the layout."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mlpcli.check.built_in import built_in_cases
from mlpcli.check.case_arrays import arrays_of, read_case_arrays, read_network, read_rows
from mlpcli.check.convention import Convention
from mlpcli.check.given.layout import OURS, Layout
from mlpcli.errors import CaseError
from planted import network_case

CASE = network_case((3, 4, 5, 2), 7, weighted=True)
EVERY = [OURS, *OURS.others()]


@pytest.mark.parametrize("layout", EVERY)
def test_there_and_back(layout: Layout) -> None:
    arrays = arrays_of(CASE, layout)
    network = read_network(arrays, layout)
    expected = layout.of(CASE).network
    assert (network.sizes, network.bias) == (expected.sizes, expected.bias)
    np.testing.assert_array_equal(network.theta, expected.theta)
    for name, array in (("X", CASE.X), ("y", CASE.y), ("omega", CASE.omega)):
        np.testing.assert_array_equal(read_rows(arrays, name, layout, 2), array)


@pytest.mark.parametrize("layout", EVERY)
def test_another_layout_is_named_by_its_options(layout: Layout) -> None:
    arrays = arrays_of(CASE, layout)
    if layout.bias in ("row", "column", "none"):  # read in any case
        layout = Layout(layout.samples, layout.weights)
    if layout == OURS:
        return
    with pytest.raises(CaseError) as caught:
        read_network(arrays, OURS)
    named = str(caught.value).partition("the arrays fit ")[2].removesuffix(": add that")
    assert set(named.split()) <= set(OURS.options(layout).replace("last", "first").split())


def changed(**arrays: Any) -> dict[str, Any]:
    return arrays_of(network_case((3, 4, 5, 2), 7), OURS) | arrays


A = changed()


@pytest.mark.parametrize(
    ("arrays", "line"),
    [
        (changed(W1=A["W1"].T), "W1: expected shape (4, 3), got (3, 4)"),
        (changed(W2=A["W2"].T), "W2: expected shape (5, 4), got (4, 5)"),
        (changed(X=A["X"].T), "X: expected shape (7, 3), got (3, 7): it is transposed"),
        (changed(y=A["y"].T), "y: expected shape (7, 2), got (2, 7): it is transposed"),
        (changed(b2=A["b1"]), "W2: expected shape (4, 4), got (5, 4)"),
        (changed(b2=np.ones((5, 5))), "b2: expected shape (5,), got (5, 5)"),
        (changed(W4=np.ones((2, 2))), 'no array "b4"; it has X, y, W1, b1, W2, b2, W3, b3'),
    ],
)
def test_the_array_that_is_wrong_is_blamed(arrays: dict[str, Any], line: str) -> None:
    with pytest.raises(CaseError) as caught:
        read_network(arrays, OURS)
    assert str(caught.value) == line


def test_classes_by_number_are_told_how_to_become_columns() -> None:
    with pytest.raises(
        CaseError,
        match=r"got classes by number, shape \(7,\); say --labels numbers, or write np.eye",
    ):
        read_rows({"y": np.array([0, 1, 2, 0, 1, 2, 0])}, "y", OURS, 3)
    for one in (np.ones(7), np.zeros(7)):
        np.testing.assert_array_equal(read_rows({"y": one}, "y", OURS, 1), one)


@pytest.mark.parametrize("layout", EVERY)
def test_labels_by_number_there_and_back(layout: Layout) -> None:
    case = next(iter(built_in_cases(Convention(loss="cross_entropy").settled()).values()))
    layout = replace(layout, labels="numbers")
    arrays = arrays_of(case, layout)
    assert arrays["y"].shape == (7,)
    read = read_case_arrays(arrays, layout)
    np.testing.assert_array_equal(read.rows["y"], case.y)
    np.testing.assert_array_equal(read.network.theta, layout.of(case).network.theta)
